//! `CreatePayout` (R54a): creates the statement of a location for a period, with the unpaid
//! earnings as its lines. Executes one transaction, and one query for the response.
use cpor_durable::RequestId;
use cpor_proto::eligibility::v1::{CreatePayoutRequest, Payout as ProtoPayout};
use cpor_rpc::request;
use cpor_types::{Entropy as _, PartnerName, PayoutName};
use tonic::{Request, Response, Status};

use super::{Api, convert, error, parse, payout_writer::PayoutChange};
use crate::{
    domain::{Payee, Payout, PayoutPeriod},
    store::payouts,
};

pub(super) async fn create_payout(
    api: &Api,
    request: Request<CreatePayoutRequest>,
) -> Result<Response<ProtoPayout>, Status> {
    let (caller, request) = request::validate(request)?;
    let payout = request.payout.clone().unwrap_or_default();
    let PartnerName { partner } = parse::required("parent", &request.parent)?;
    let payee = Payee {
        partner: partner.clone(),
        mpn_id: parse::required("payout.mpn_id", &payout.mpn_id)?,
        currency: parse::required("payout.currency", &payout.currency)?,
    };
    let period: PayoutPeriod = parse::required("payout.payout_period", &payout.payout_period)?;
    let estimated_date = convert::parse_required_date("payout.estimated_date", &payout.estimated_date)?;
    let reference = parse::reference(&payout.reference);
    let id = api.entropy.uuid().into();
    let change = PayoutChange {
        command: "create_payout",
        key: payouts::payout_key(&PayoutName { partner, payout: id }),
        etag: String::new(),
        request_id: RequestId::from_request(&caller, "CreatePayout", &request)?,
        validate_only: request.validate_only,
    };

    let create = move |_: Option<&Payout>, now| {
        Payout::create(id, (payee.clone(), period), estimated_date, reference.clone(), now)
    };
    let created = api.change_payout(&caller, &change, create).await;
    let created = created.map_err(|error| error::payout_error(&change.key, "payout.", error))?;
    Ok(Response::new(convert::to_payout(&created.stored)))
}
