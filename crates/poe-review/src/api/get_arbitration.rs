//! GetArbitration: returns one arbitration (R37): a review lead's decision which of several
//! competing claims gets a workload or subscription. Executes one query.
use super::{Api, from_proto, to_proto};
use crate::{domain::arbitration::ArbitrationState, store::arbitrations};
use cpor_call::status;
use cpor_proto::reviews::v1::{Arbitration, GetArbitrationRequest};
use cpor_rpc::request::validate;
use cpor_types::ArbitrationName;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<GetArbitrationRequest>,
) -> Result<Response<Arbitration>, Status> {
    let (_, request) = validate(request)?;
    let ArbitrationName { tenant, arbitration } = from_proto::resource_name(&request.name)?;
    let found = arbitrations::find(api.db.reader(), &arbitrations::key(tenant, arbitration)).await;
    let found = found.map_err(|cause| cpor_durable::status::store_error(&cause))?.map(|found| found.state);
    // A refused arbitration awarded nothing, and ArbitrateLines never returned its name.
    let recorded = found.filter(|found| !matches!(found.state, ArbitrationState::Refused { .. }));
    let recorded = recorded.ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(to_proto::arbitration(&recorded)))
}
