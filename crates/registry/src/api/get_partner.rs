//! The RPC `GetPartner`.
use cpor_call::status;
use cpor_proto::registry::v1::{GetPartnerRequest, Partner};
use cpor_rpc::request;
use cpor_types::PartnerName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns the profile of a partner, with its locations and enrollments. Uses one query.
pub(super) async fn get_partner(api: &Api, request: Request<GetPartnerRequest>) -> ApiResult<Partner> {
    let (_, request) = request::validate(request)?;
    let PartnerName { partner } = request.name.parse().map_err(error::malformed_field("name"))?;
    let profile = query::partner_profile(api.db.reader(), &partner).await.map_err(error::read_failed)?;
    let profile = profile.ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(convert::partner(&partner, profile)))
}
