//! Implements ErasePersonalData, which erases the personal data of a claim that has ended (R56).
//! Cost: one transaction, which also reads the claim's history and comments and rewrites what
//! contains the erased data.
use super::{RpcResult, convert, view::View};
use crate::{call::Call, domain::Erase, service::ClaimIntake};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::PersonalData;
use tonic::{Request, Response};

pub(super) async fn erase_personal_data(
    intake: &ClaimIntake,
    request: Request<wire::ErasePersonalDataRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "ErasePersonalData", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let erase = Erase::from(request);

    let outcome = intake.decide(&call, move |claim, now| claim.erase(&erase, now)).await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

/// A request that names no kinds erases all kinds of personal data.
impl From<wire::ErasePersonalDataRequest> for Erase {
    fn from(request: wire::ErasePersonalDataRequest) -> Self {
        let kinds: Vec<_> = request.kinds().filter_map(|kind| kind.try_into().ok()).collect();
        let kinds = if kinds.is_empty() { PersonalData::ALL.to_vec() } else { kinds };
        Self { kinds, reason: request.reason }
    }
}
