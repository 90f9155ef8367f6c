use cpor_kit::page::{self, Binding};
use cpor_kit::{Caller, request};
use cpor_proto::registry::v1::{AssociationState, ListAssociationsRequest, ListAssociationsResponse};
use cpor_types::{ClaimName, TenantName};
use tonic::{Request, Response, Status};

use super::{Answer, Api, convert, error};
use crate::store::query::{self, After, Stage, Wanted};

/// One read, no transaction.
pub(super) async fn list_associations(
    api: &Api,
    request: Request<ListAssociationsRequest>,
) -> Answer<ListAssociationsResponse> {
    let (caller, request) = request::open(request)?;
    let wanted = wanted(&caller, &request)?;
    let (binding, size) = (Binding::of(&request), page::size(request.page_size));
    let after = binding.decode(&request.page_token)?;
    let rows = query::associations(api.db.reader(), &wanted, after, size + 1).await.map_err(error::unread)?;
    let shown = rows.iter().map(|row| (After::from(row), convert::association(row)));
    let (associations, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListAssociationsResponse { associations, next_page_token }))
}

/// What is asked for, narrowed to what the caller may see: partners their own, customers theirs.
fn wanted(caller: &Caller, request: &ListAssociationsRequest) -> Result<Wanted, Status> {
    let tenant = match request.parent.as_str() {
        "tenants/-" => None,
        parent => Some(parent.parse::<TenantName>().map_err(error::malformed("parent"))?.tenant),
    };
    let claim = match request.claim.as_str() {
        "" => None,
        claim => Some(claim.parse::<ClaimName>().map_err(error::malformed("claim"))?),
    };
    let stage = match request.state() {
        AssociationState::Unspecified => None,
        AssociationState::Pending => Some(Stage::Pending),
        AssociationState::Official => Some(Stage::Official),
        AssociationState::Ended => Some(Stage::Ended),
    };
    Ok(Wanted { tenant: caller.tenant.or(tenant), partner: caller.partner.clone(), claim, stage })
}
