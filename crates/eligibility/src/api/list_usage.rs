//! `ListUsage` (R50): lists the monthly usage of a key (a workload or subscription) page by page.
//! The registry is asked first whether a partner may read the usage. Executes one query, and one
//! more for replaced figures.
use cpor_auth::Caller;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListUsageRequest, ListUsageResponse};
use cpor_rpc::request;
use cpor_types::{Month, TenantKey};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, scope::scope_of_caller};
use crate::store::{
    assessments::Scope,
    usage::{self, USAGE},
};

pub(super) async fn list_usage(
    api: &Api,
    request: Request<ListUsageRequest>,
) -> Result<Response<ListUsageResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let key: TenantKey =
        request.parent.parse().map_err(|malformed| Refusal::Malformed { field: "parent", malformed })?;
    let page_tokens = PageTokens::for_request(&request);
    let query = USAGE.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let credited_from = credited_from(api, &caller, &key).await?;
    let size = page::effective_size(request.page_size);
    let months = usage::list(api.db.reader(), &key, request.show_replaced).await.map_err(Refusal::Store)?;
    let found = query.select(months, after.as_ref());
    let items = found.iter().map(|(cursor, revision)| (cursor, convert::to_usage_month(revision, credited_from)));
    let (usage_months, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListUsageResponse { usage_months, next_page_token }))
}

/// Returns the first month whose usage is credited to the calling partner: the first full month in
/// which it is officially on record for the key. Returns `None` for the vendor's staff.
///
/// # Errors
/// Returns an error if the partner is not officially on record for the key, or if the registry
/// cannot be asked.
async fn credited_from(api: &Api, caller: &Caller, key: &TenantKey) -> Result<Option<Month>, Status> {
    match scope_of_caller(caller, &key.to_string())? {
        Scope::All => Ok(None),
        Scope::Partner(partner) => {
            let official_time = api.registry.check_usage_access(&caller.actor, &partner, key).await;
            let official_time = official_time.map_err(Refusal::Registry)?.ok_or(Refusal::UsageNotOpen)?;
            Ok(Some(Month::first_full_month_after(official_time)))
        }
    }
}
