//! `WatchEarnings` (R54): streams the entries of the ledger (the amounts that partners earn) in the
//! order of commits.
//!
//! Executes up to one query to start, and one query after each commit in this process that may add
//! to the ledger, and one per second to find the commits of other replicas.
use cpor_database::Db;
use cpor_durable::{
    StoreError,
    status::store_error,
    watch::{self, LogPage, LogPosition, WatchRequest, WatchStream, WatchedLog},
};
use cpor_listing::page::PageTokens;
use cpor_proto::eligibility::v1::{WatchEarningsRequest, WatchEarningsResponse};
use cpor_rpc::request;
use cpor_types::TenantId;
use tonic::{Request, Response, Status};

use super::{Api, convert, parse, scope::scope_of_caller};
use crate::store::{assessments::Scope, earnings::Ledger};

pub(super) async fn watch_earnings(
    api: &Api,
    request: Request<WatchEarningsRequest>,
) -> Result<Response<WatchStream<WatchEarningsResponse>>, Status> {
    let time_left = watch::time_left(&request);
    let (caller, request) = request::validate(request)?;
    let (scope, tenant) = (scope_of_caller(&caller, &request.parent)?, parse::tenant_parent(&request.parent)?);
    let commits = match tenant {
        Some(tenant) => api.host.watch_commits(&tenant.to_string()),
        None => api.host.watch_all_commits(),
    };
    // A cursor is accepted only with the parent that it was issued for.
    let binding = WatchEarningsRequest { parent: request.parent, ..WatchEarningsRequest::default() };
    let open = WatchRequest {
        caller: &caller,
        time_left,
        cursor: &request.cursor,
        from_beginning: request.from_beginning,
        page_tokens: PageTokens::for_request(&binding),
        commits,
    };
    let log = WatchedEarnings { db: api.db.clone(), scope, tenant };
    Ok(Response::new(api.watches.open(open, log).await?))
}

/// The ledger as one caller may see it.
struct WatchedEarnings {
    db: Db,
    scope: Scope,
    /// The tenant whose earnings are watched; `None` for all tenants.
    tenant: Option<TenantId>,
}

impl WatchedEarnings {
    fn ledger(&self) -> Ledger<'_> {
        Ledger::in_scope(self.db.reader(), &self.scope, self.tenant)
    }
}

impl WatchedLog for WatchedEarnings {
    type Message = WatchEarningsResponse;

    fn set_cursor(message: &mut Self::Message, cursor: String) {
        message.cursor = cursor;
    }

    async fn last_position(&self) -> Result<Option<LogPosition>, StoreError> {
        self.ledger().last_position().await
    }

    async fn position_at(&self, sequence: i64) -> Result<Option<LogPosition>, StoreError> {
        self.ledger().position_at(sequence).await
    }

    async fn entries_after(&self, sequence: i64, limit: u64) -> Result<LogPage<Self::Message>, Status> {
        let entries = self.ledger().entries_after(sequence, limit).await.map_err(|error| store_error(&error))?;
        let message = |entry| WatchEarningsResponse { earning: Some(convert::to_earning(entry)), ..Default::default() };
        Ok(entries.into_iter().map(|(position, entry)| (position, Some(message(entry)))).collect())
    }
}
