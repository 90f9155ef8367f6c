//! `ListPayouts` (R54a): lists the payouts (statements of payments) of a partner, or of all
//! partners, page by page, by default the latest first. Executes one query.
//!
//! Indexes serve the default order for all payouts and for those of a partner.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListPayoutsRequest, ListPayoutsResponse};
use cpor_rpc::request;
use cpor_types::PartnerName;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse};
use crate::store::{
    assessments::Scope,
    payouts::{self, PAYOUTS},
};

/// The parent that stands for all partners. The auth layer allows it for vendor users only.
const ANY_PARTNER: &str = "partners/-";

pub(super) async fn list_payouts(
    api: &Api,
    request: Request<ListPayoutsRequest>,
) -> Result<Response<ListPayoutsResponse>, Status> {
    let (_, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let query = PAYOUTS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let scope = match request.parent.as_str() {
        ANY_PARTNER => Scope::All,
        parent => Scope::Partner(parse::required::<PartnerName>("parent", parent)?.partner),
    };
    let size = page::effective_size(request.page_size);
    let found = payouts::list(api.db.reader(), &scope, &query, after.as_ref(), size + 1).await;
    let found = found.map_err(Refusal::Store)?.into_iter();
    let items = found.map(|(cursor, payout)| (cursor, convert::to_payout(&payout)));
    let (payouts, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListPayoutsResponse { payouts, next_page_token }))
}
