//! The RPC `LookupAssociations`.
use cpor_proto::registry::v1::{LookupAssociationsRequest, LookupAssociationsResponse};
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request;
use cpor_types::TenantKey;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns the official associations with a key: the partners on record for a workload or
/// subscription of a tenant, now or at a time (R49). A time in the future counts as now.
///
/// Uses three queries, and a fourth for the time on PostgreSQL and with a virtual clock (moved by
/// an operator).
pub(super) async fn lookup_associations(
    api: &Api,
    request: Request<LookupAssociationsRequest>,
) -> ApiResult<LookupAssociationsResponse> {
    let (_, request) = request::validate(request)?;
    let key: TenantKey = request.key.parse().map_err(error::malformed_field("key"))?;
    let requested_time = request.as_of_time.map(|time| convert::parse_timestamp("as_of_time", time)).transpose()?;
    let now = async { api.clock.now(&api.db).await.map_err(|error| error::read_failed(error.into())) };
    let associations = async {
        query::associations_on_record(api.db.reader(), &key, requested_time).await.map_err(error::read_failed)
    };
    let (now, associations) = tokio::try_join!(now, associations)?;
    let expected_ends = query::expected_ends(api.db.reader(), associations.iter()).await.map_err(error::read_failed)?;
    let as_of = requested_time.map_or(now, |time| time.min(now));
    Ok(Response::new(LookupAssociationsResponse {
        associations: convert::with_all_activities(&associations, &expected_ends),
        as_of_time: Some(to_wire_time(as_of)),
    }))
}
