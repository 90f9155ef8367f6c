//! Implements WatchClaims, which streams the changes of claims (R59): of all claims of a partner,
//! or of the submitted claims on a tenant or of everybody. A *change log* numbers the history
//! entries of these claims in the order of commits; it is a view of the table of history entries.
//!
//! Cost: up to two reads to start; one read of the change log after each commit in this process
//! that may add to it, and one per second to find the commits of other replicas; one more read for
//! the claims of the entries that were found.
use super::{RpcResult, convert, customer_view, view::View};
use crate::{
    error::CallError,
    service::ClaimIntake,
    store::{ChangeLog, ChangeLogEntry, ChangeLogScope, Claims},
};
use cpor_auth::Caller;
use cpor_durable::{
    AggregateKey, StoreError,
    watch::{self, LogPage, LogPosition, WatchRequest, WatchStream, WatchedLog},
};
use cpor_listing::page::PageTokens;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{ActorSide, ClaimName, PartnerName, TenantName};
use std::collections::{BTreeSet, HashMap};
use tonic::{Request, Response, Status};

pub(super) async fn watch_claims(
    intake: &ClaimIntake,
    request: Request<wire::WatchClaimsRequest>,
) -> RpcResult<WatchStream<wire::WatchClaimsResponse>> {
    let time_left = watch::time_left(&request);
    let (caller, request) = validate(request)?;
    let scope = parse_scope(&caller, &request.parent)?;
    let commits = match &scope {
        ChangeLogScope::Partner(partner) => intake.host.watch_commits(partner.as_str()),
        ChangeLogScope::Tenant(_) | ChangeLogScope::All => intake.host.watch_all_commits(),
    };
    // A cursor is bound to the parent, not to the other fields of the request.
    let binding = wire::WatchClaimsRequest { parent: request.parent, ..wire::WatchClaimsRequest::default() };
    let open = WatchRequest {
        caller: &caller,
        time_left,
        cursor: &request.cursor,
        from_beginning: request.from_beginning,
        page_tokens: PageTokens::for_request(&binding),
        commits,
    };
    let view = View::for_caller(&caller);
    let is_customer = caller.side() == ActorSide::Customer;
    let log = ClaimLog { intake: intake.clone(), scope, view, is_customer };
    Ok(Response::new(intake.watches.open(open, log).await?))
}

/// Parses the parent. The auth layer allows only vendor users for `partners/-`, and limits partners
/// and customers to their own name.
///
/// # Errors
/// Returns [`CallError::NotFound`] for other names, and for a partner that asks for a tenant,
/// because the tenant's log contains the claims of other partners.
fn parse_scope(caller: &Caller, parent: &str) -> Result<ChangeLogScope, CallError> {
    let not_found = || CallError::NotFound(parent.to_owned());
    if parent == "partners/-" {
        return Ok(ChangeLogScope::All);
    }
    if let Ok(PartnerName { partner }) = parent.parse() {
        return Ok(ChangeLogScope::Partner(partner));
    }
    let TenantName { tenant } = parent.parse().map_err(|_| not_found())?;
    match caller.side() {
        ActorSide::Customer | ActorSide::Reviewer | ActorSide::Vendor => Ok(ChangeLogScope::Tenant(tenant)),
        ActorSide::Partner | ActorSide::Time | ActorSide::System => Err(not_found()),
    }
}

/// The change log that one caller follows, as that caller may see it.
struct ClaimLog {
    intake: ClaimIntake,
    scope: ChangeLogScope,
    view: View,
    /// Whether the caller is a customer, who sees less than [`View::Partner`] shows (R5).
    is_customer: bool,
}

impl ClaimLog {
    fn log(&self) -> ChangeLog<'_> {
        ChangeLog::in_scope(self.intake.reader(), &self.scope)
    }

    /// Reads the current state of the claims that these entries belong to, without deleted drafts.
    async fn claims_of(&self, entries: &[ChangeLogEntry]) -> Result<HashMap<String, wire::Claim>, CallError> {
        let keys = entries.iter().map(|ChangeLogEntry { claim: ClaimName { partner, claim }, .. }| {
            AggregateKey::new(partner.as_str(), claim.uuid())
        });
        let keys: Vec<_> = keys.collect::<BTreeSet<_>>().into_iter().collect();
        let claims = Claims::get_many(self.intake.reader(), &keys).await?;
        let claims = claims.into_iter().map(|claim| {
            let claim = convert::claim_to_wire(claim, self.view, &self.intake.rules)?;
            let claim = if self.is_customer { customer_view::restrict(claim) } else { claim };
            Ok((claim.name.clone(), claim))
        });
        claims.collect()
    }

    /// Returns the message of an entry. `None` if the caller may not see the entry.
    fn message(
        &self,
        entry: ChangeLogEntry,
        claims: &HashMap<String, wire::Claim>,
    ) -> Option<wire::WatchClaimsResponse> {
        let ChangeLogEntry { claim, entry, .. } = entry;
        let name = claim.to_string();
        let message = wire::WatchClaimsResponse { claim: claims.get(&name).cloned(), name, ..Default::default() };
        if self.is_customer {
            return customer_view::shows_change(&entry).then_some(message);
        }
        let entry = convert::history_entry_to_wire(entry, self.view);
        let is_visible = !entry.withheld().any(|part| part == wire::HistoryPart::Facts);
        is_visible.then_some(wire::WatchClaimsResponse { entry: Some(entry), ..message })
    }
}

impl WatchedLog for ClaimLog {
    type Message = wire::WatchClaimsResponse;

    fn set_cursor(message: &mut Self::Message, cursor: String) {
        message.cursor = cursor;
    }

    async fn last_position(&self) -> Result<Option<LogPosition>, StoreError> {
        self.log().last_position().await
    }

    async fn position_at(&self, sequence: i64) -> Result<Option<LogPosition>, StoreError> {
        self.log().position_at(sequence).await
    }

    async fn entries_after(&self, sequence: i64, limit: u64) -> Result<LogPage<Self::Message>, Status> {
        let entries = self.log().entries_after(sequence, limit).await.map_err(CallError::from)?;
        let claims = self.claims_of(&entries).await?;
        Ok(entries.into_iter().map(|entry| (entry.position, self.message(entry, &claims))).collect())
    }
}
