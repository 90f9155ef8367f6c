//! ListReviewCases: the queue. One round trip along an index, no fsync.
use super::{Api, convert, error, seen_by};
use crate::store::query::{AssignedTo, Cases, Cursor, Filter};
use cpor_kit::{
    page::{self, Binding},
    request::open,
};
use cpor_proto::reviews::v1::{ListReviewCasesRequest, ListReviewCasesResponse};
use cpor_types::{ClaimName, Malformed, TenantId};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ListReviewCasesRequest>,
) -> Result<Response<ListReviewCasesResponse>, Status> {
    let (caller, request) = open(request)?;
    let (binding, filter) = (Binding::of(&request), filter(&request)?);
    let after: Option<Cursor> = binding.decode(&request.page_token)?;
    let cases = match tenant(&request.parent)? {
        Some(tenant) => Cases::of(api.db.reader(), tenant),
        None => Cases::of_all_tenants(api.db.reader()),
    };
    let size = page::size(request.page_size);
    let found = cases.list(&filter, after, size + 1).await.map_err(|error| error::unread(&error))?;
    let shown = found.iter().map(|(cursor, case)| (cursor, seen_by(&caller, case)));
    let (review_cases, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListReviewCasesResponse { review_cases, next_page_token }))
}

/// `None`: all tenants.
fn tenant(parent: &str) -> Result<Option<TenantId>, Status> {
    match parent.strip_prefix("tenants/") {
        Some("-") => Ok(None),
        tenant => tenant
            .unwrap_or(parent)
            .parse()
            .map(Some)
            .map_err(|malformed: Malformed| error::invalid("parent", &malformed.to_string())),
    }
}

fn filter(request: &ListReviewCasesRequest) -> Result<Filter, Status> {
    let assigned_to = match request.reviewer.as_str() {
        "" => AssignedTo::Anyone,
        "-" => AssignedTo::Nobody,
        subject => AssignedTo::Subject(subject.to_owned()),
    };
    let claim = (!request.claim.is_empty()).then(|| request.claim.parse::<ClaimName>()).transpose();
    let claim = claim.map_err(|malformed| error::invalid("claim", &malformed.to_string()))?;
    Ok(Filter { phase: convert::phase(request.state()), assigned_to, claim, overdue: request.overdue })
}
