//! `ListUsage`: for partners one call of the registry, then one read of a page by index, or two with what was replaced.
use cpor_kit::{
    Caller,
    page::{self, Binding},
    request,
};
use cpor_proto::eligibility::v1::{ListUsageRequest, ListUsageResponse};
use cpor_types::{Month, TenantKey};
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, scope::scope};
use crate::store::{
    assessments::Scope,
    usage::{self, Cursor},
};

pub(super) async fn list_usage(
    api: &Api,
    request: Request<ListUsageRequest>,
) -> Result<Response<ListUsageResponse>, Status> {
    let (caller, request) = request::open(request)?;
    let key: TenantKey =
        request.parent.parse().map_err(|malformed| Refusal::Malformed { field: "parent", malformed })?;
    let binding = Binding::of(&request);
    let before = binding.decode::<Cursor>(&request.page_token)?;
    let credited_from = credited_from(api, &caller, &key).await?;
    let size = page::size(request.page_size);
    let found = usage::list(api.db.reader(), &key, request.show_replaced, before, size + 1).await;
    let found = found.map_err(Refusal::Store)?;
    let shown = found.iter().map(|listed| (listed.cursor(), convert::usage(listed, credited_from)));
    let (usage_months, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListUsageResponse { usage_months, next_page_token }))
}

/// The first month that is credited to the caller; none to the vendor's staff. Refused where usage is not open (R50).
async fn credited_from(api: &Api, caller: &Caller, key: &TenantKey) -> Result<Option<Month>, Status> {
    match scope(caller, &key.to_string())? {
        Scope::All => Ok(None),
        Scope::Partner(partner) => {
            let asked = api.registry.check_usage_access(&caller.actor, &partner, key).await;
            let official = asked.map_err(Refusal::Registry)?.ok_or(Refusal::UsageNotOpen)?;
            Ok(Some(Month::first_full_month_after(official)))
        }
    }
}
