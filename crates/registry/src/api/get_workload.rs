//! The RPC `GetWorkload`.
use cpor_call::status;
use cpor_proto::registry::v1::{GetWorkloadRequest, Workload};
use cpor_rpc::request;
use cpor_types::WorkloadName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns a workload that a tenant uses. Uses one query.
pub(super) async fn get_workload(api: &Api, request: Request<GetWorkloadRequest>) -> ApiResult<Workload> {
    let (_, request) = request::validate(request)?;
    let name: WorkloadName = request.name.parse().map_err(error::malformed_field("name"))?;
    let workload = query::workload(api.db.reader(), &name).await.map_err(error::read_failed)?;
    let workload = workload.ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(convert::workload(name.tenant, workload)))
}
