use cpor_kit::request;
use cpor_proto::registry::v1::{CheckClaimsRequest, CheckClaimsResponse};
use tonic::{Request, Response};

use super::check_claim::{Asked, Known};
use super::{Answer, Api};

/// The reads of `CheckClaim`, once for all claims.
pub(super) async fn check_claims(api: &Api, request: Request<CheckClaimsRequest>) -> Answer<CheckClaimsResponse> {
    let (_, request) = request::open(request)?;
    let asked = request.claims.into_iter().map(Asked::read).collect::<Result<Vec<_>, _>>()?;
    let known = Known::of(api, &asked).await?;
    Ok(Response::new(CheckClaimsResponse {
        claims: asked.into_iter().map(|asked| asked.answer(api, &known)).collect(),
    }))
}
