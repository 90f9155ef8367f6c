//! WatchReviewCases: streams the changes of review cases (R59).
//!
//! Executes at most one query to start. After that it executes one query of the log of case changes
//! after each commit of this process that may have added to the log, and one per second to find the
//! commits of other replicas. If the log has new changes, one more query reads the changed cases.
use super::{Api, case_for_caller, from_proto};
use crate::store::{
    case_log::{CaseChange, CaseLog},
    case_query::CaseQuery,
};
use cpor_auth::Caller;
use cpor_database::Db;
use cpor_durable::{
    Etag, StoreError,
    status::store_error,
    watch::{self, LogPage, LogPosition, WatchRequest, WatchStream, WatchedLog},
};
use cpor_listing::page::PageTokens;
use cpor_proto::reviews::v1::{ReviewCase as ProtoReviewCase, WatchReviewCasesRequest, WatchReviewCasesResponse};
use cpor_rpc::request::validate;
use cpor_types::{CaseId, ReviewCaseName, TenantId};
use std::collections::HashMap;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<WatchReviewCasesRequest>,
) -> Result<Response<WatchStream<WatchReviewCasesResponse>>, Status> {
    let time_left = watch::time_left(&request);
    let (caller, request) = validate(request)?;
    let tenant = from_proto::tenant_parent(&request.parent)?;
    let commits = match tenant {
        Some(tenant) => api.host.watch_commits(&tenant.to_string()),
        None => api.host.watch_all_commits(),
    };
    // A cursor is valid for every request with the same parent.
    let cursor_scope = WatchReviewCasesRequest { parent: request.parent, ..WatchReviewCasesRequest::default() };
    let watch_request = WatchRequest {
        caller: &caller,
        time_left,
        cursor: &request.cursor,
        from_beginning: request.from_beginning,
        page_tokens: PageTokens::for_request(&cursor_scope),
        commits,
    };
    let log = WatchedCases { db: api.db.clone(), tenant, caller: caller.clone() };
    Ok(Response::new(api.watches.open(watch_request, log).await?))
}

/// The changes of the cases of one tenant, or of all tenants, as one caller may see them.
struct WatchedCases {
    db: Db,
    tenant: Option<TenantId>,
    caller: Caller,
}

impl WatchedCases {
    fn log(&self) -> CaseLog<'_> {
        CaseLog::of_tenant(self.db.reader(), self.tenant)
    }

    /// Reads the current data of the cases that changed, by resource name.
    async fn cases_of(&self, changes: &[CaseChange]) -> Result<HashMap<String, ProtoReviewCase>, StoreError> {
        let query = match self.tenant {
            Some(tenant) => CaseQuery::for_tenant(self.db.reader(), tenant),
            None => CaseQuery::for_all_tenants(self.db.reader()),
        };
        let cases = query.with_keys(changes.iter().map(|change| change.case.clone()).collect()).await?;
        let by_name = |case: &ProtoReviewCase| (case.name.clone(), case.clone());
        Ok(cases.iter().map(|case| by_name(&case_for_caller(&self.caller, case))).collect())
    }
}

/// Returns the resource name of the case that changed.
fn case_name(change: &CaseChange) -> Result<ReviewCaseName, StoreError> {
    let inconsistent = |error: cpor_types::Malformed| StoreError::inconsistent("case_log", &change.case, error);
    let tenant = change.case.owner.parse().map_err(inconsistent)?;
    Ok(ReviewCaseName { tenant, case: CaseId(change.case.id) })
}

impl WatchedLog for WatchedCases {
    type Message = WatchReviewCasesResponse;

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
        let failed = |error: StoreError| store_error(&error);
        let changes = self.log().entries_after(sequence, limit).await.map_err(failed)?;
        let cases = self.cases_of(&changes).await.map_err(failed)?;
        let message = |change: &CaseChange| {
            let name = case_name(change).map_err(failed)?.to_string();
            let (review_case, etag) = (cases.get(&name).cloned(), Etag::new(change.version).to_string());
            let message = WatchReviewCasesResponse { name, review_case, etag, ..WatchReviewCasesResponse::default() };
            Ok((change.position, Some(message)))
        };
        changes.iter().map(message).collect()
    }
}
