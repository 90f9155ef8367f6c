//! The RPC `GetAssociation`.
use cpor_call::status;
use cpor_proto::registry::v1::{Association, GetAssociationRequest};
use cpor_rpc::request;
use cpor_types::AssociationName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns an association. A partner gets its own ones only; the owner check of the request limits
/// customers to their tenant. Uses three queries.
pub(super) async fn get_association(api: &Api, request: Request<GetAssociationRequest>) -> ApiResult<Association> {
    let (caller, request) = request::validate(request)?;
    let name: AssociationName = request.name.parse().map_err(error::malformed_field("name"))?;
    let found = query::association(api.db.reader(), &name, caller.partner.as_ref()).await;
    let found = found.map_err(error::read_failed)?.ok_or_else(|| status::not_found(&request.name))?;
    let expected_ends =
        query::expected_ends(api.db.reader(), [&found].into_iter()).await.map_err(error::read_failed)?;
    Ok(Response::new(convert::association(&found, &expected_ends)))
}
