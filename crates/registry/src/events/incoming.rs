//! The events that the registry receives from claim-intake, the service that owns the claims, and
//! from poe-review. A *hold* reserves a workload or subscription of a tenant for a claim's partner.
//! It becomes *official* (the partner is on record) when the customer has consented.
use std::sync::Arc;

use cpor_database::Db;
use cpor_durable::{EventReceiver, IncomingEvent, ReceiveError, Transition};
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{AssociationGranted, AwardReleased, ClaimClosed, LegacyHolderContested};
use cpor_types::{
    AssociationKey, CaseId, ClaimName, DecisionId, LegacyHolderId, Malformed, PrimaryRejectionReason, TenantName,
};

use crate::domain::association::EndReason;
use crate::domain::catalog::Catalog;
use crate::domain::tenant::{NoticeSubject, Tenant, TenantChange};
use crate::store::{TenantStore, query, tenant};

/// Applies incoming events to tenants.
pub(crate) struct IncomingEvents {
    pub(crate) db: Db,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) tenants: cpor_durable::Writer<TenantStore>,
}

#[async_trait::async_trait]
impl EventReceiver for IncomingEvents {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        match incoming.payload.clone() {
            Payload::AssociationGranted(event) => self.grant_claim(&incoming, event).await,
            Payload::ClaimClosed(event) => self.close_claim(&incoming, event).await,
            Payload::AwardReleased(event) => self.release_award(&incoming, event).await,
            Payload::LegacyHolderContested(event) => self.notify_legacy_holder(&incoming, event).await,
            _ => Err(incoming.unexpected()),
        }
    }
}

impl IncomingEvents {
    /// Makes the holds of a claim official (R27).
    ///
    /// The partner is read just before, because the assessment of payments needs the partner's data
    /// at this time and not at the time of the hold. Later changes are reported by the event
    /// `PartnerChanged`.
    async fn grant_claim(&self, incoming: &IncomingEvent, event: AssociationGranted) -> Result<(), ReceiveError> {
        let claim: ClaimName = event.claim.parse().map_err(malformed)?;
        let partner = query::partner(self.db.reader(), &claim.partner).await;
        let partner = partner.map_err(|error| ReceiveError::Retry(error.to_string()))?;
        let (catalog, at) = (Arc::clone(&self.catalog), incoming.effective_time);
        let grant = move |tenant: &Tenant| tenant.grant_claim(&claim, partner.as_ref(), &catalog, at);
        self.change_tenant(incoming, "grant_association", &event.tenant, grant).await
    }

    /// Ends the holds of a closed claim or review case. Later holds for it are refused.
    async fn close_claim(&self, incoming: &IncomingEvent, event: ClaimClosed) -> Result<(), ReceiveError> {
        let claim: ClaimName = event.claim.parse().map_err(malformed)?;
        let case_id = Some(event.review_case_id.as_str()).filter(|case_id| !case_id.is_empty());
        let review_case: Option<CaseId> = case_id.map(str::parse).transpose().map_err(malformed)?;
        let reason = end_reason(event.primary_reason)?;
        let at = incoming.effective_time;
        let close = move |tenant: &Tenant| tenant.close_claim(&claim, review_case, reason, at);
        self.change_tenant(incoming, "close_claim", &event.tenant, close).await
    }

    /// Ends the reservation of a key (a workload or subscription), because the claim that was
    /// awarded the key no longer has a line for it (R37).
    async fn release_award(&self, incoming: &IncomingEvent, event: AwardReleased) -> Result<(), ReceiveError> {
        let key: AssociationKey = event.key.parse().map_err(malformed)?;
        let decision_id: DecisionId = event.decision_id.parse().map_err(malformed)?;
        let release = move |tenant: &Tenant| tenant.release_award(&key, decision_id);
        self.change_tenant(incoming, "release_award", &event.tenant, release).await
    }

    /// Tells the holder of a legacy association (one that was recorded before claims existed) that
    /// a claim competes with it or that a reviewer asks for its statement (R58a). Tells poe-review
    /// if there is no such holder any more.
    async fn notify_legacy_holder(
        &self,
        incoming: &IncomingEvent,
        event: LegacyHolderContested,
    ) -> Result<(), ReceiveError> {
        let key: AssociationKey = event.key.parse().map_err(malformed)?;
        let review_case: CaseId = event.review_case_id.parse().map_err(malformed)?;
        // Events that were created before this field existed do not set it.
        let holder_id = Some(event.legacy_holder_id.as_str()).filter(|holder_id| !holder_id.is_empty());
        let holder: Option<LegacyHolderId> = holder_id.map(str::parse).transpose().map_err(malformed)?;
        let subject = match event.statement_requested {
            true => NoticeSubject::StatementRequested(review_case, event.comment),
            false => NoticeSubject::Contested(review_case),
        };
        let notify = move |tenant: &Tenant| Some(tenant.notify_legacy_holder(&key, holder, subject.clone()));
        self.change_tenant(incoming, "notify_legacy_holder", &event.tenant, notify).await
    }

    /// Runs a command that applies an event to its tenant. The transaction is shared with other
    /// commands that wait at the same time. An event about an unknown tenant is parked (it waits
    /// for an operator), because such a tenant cannot have claims.
    async fn change_tenant(
        &self,
        incoming: &IncomingEvent,
        name: &'static str,
        tenant: &str,
        change: impl Fn(&Tenant) -> Option<TenantChange> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let TenantName { tenant } = tenant.parse().map_err(malformed)?;
        let command = incoming.command(name, tenant::key(tenant));
        let outcome = self.tenants.execute(command, move |current, _now| {
            let changed = change(current.ok_or(TenantUnknown)?);
            Ok::<_, TenantUnknown>(changed.map(|(next, events)| Transition::new(next, events)))
        });
        outcome.await?;
        Ok(())
    }
}

/// Returns the reason for which associations end when a claim is closed with this primary rejection
/// reason.
fn end_reason(primary_reason: i32) -> Result<EndReason, ReceiveError> {
    Ok(match PrimaryRejectionReason::from_number(primary_reason).map_err(ReceiveError::park)? {
        PrimaryRejectionReason::PartnerRequest => EndReason::Withdrawn,
        PrimaryRejectionReason::CustomerDeclined => EndReason::Declined,
        PrimaryRejectionReason::InsufficientPoe | PrimaryRejectionReason::CustomerNotReached => EndReason::Rejected,
        // The associations normally ended earlier, when the other claim was awarded the workload or
        // subscription, with the same reason.
        PrimaryRejectionReason::LostToCompetingClaim => EndReason::Superseded,
    })
}

/// The refusal of an event about a tenant that is not stored.
#[derive(Clone, Copy, Debug)]
struct TenantUnknown;

/// Parks an event that contains a malformed value: its stream waits for an operator.
fn malformed(malformed: Malformed) -> ReceiveError {
    ReceiveError::park(malformed)
}
