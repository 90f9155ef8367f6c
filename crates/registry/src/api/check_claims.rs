//! The RPC `CheckClaims`.
use cpor_proto::registry::v1::{CheckClaimsRequest, CheckClaimsResponse};
use cpor_rpc::request;
use tonic::{Request, Response};

use super::check_claim::{ClaimQuery, DirectorySnapshot};
use super::{Api, ApiResult};

/// Checks several claims against the directory, which is the registry's data about partners and
/// customers. Uses the same number of queries as `CheckClaim`.
pub(super) async fn check_claims(api: &Api, request: Request<CheckClaimsRequest>) -> ApiResult<CheckClaimsResponse> {
    let (_, request) = request::validate(request)?;
    let queries = request.claims.into_iter().map(ClaimQuery::parse).collect::<Result<Vec<_>, _>>()?;
    let snapshot = DirectorySnapshot::load(api, &queries).await?;
    Ok(Response::new(CheckClaimsResponse {
        claims: queries.into_iter().map(|query| query.respond(api, &snapshot)).collect(),
    }))
}
