//! ListClaims (R59): one read of a page; indexed for a partner's claims by age, by last change, and in a state, of a customer or
//! that wait for one thing by age, and for everybody's by age, or those that wait for one thing. Another filter reads along its order's index until the page is full, another order sorts what the filter leaves.
use super::{Answer, convert, view::View, wanted::wanted};
use crate::{
    intake::{Failed, Intake},
    store::{Claims, Cursor},
};
use cpor_kit::{page, request::open};
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn list_claims(
    intake: &Intake,
    request: Request<wire::ListClaimsRequest>,
) -> Answer<wire::ListClaimsResponse> {
    let (caller, request) = open(request)?;
    let (binding, size) = (page::Binding::of(&request), page::size(request.page_size));
    let wanted = wanted(&request.parent, &request.filter, &request.order_by)?;
    let after: Option<Cursor> = binding.decode(&request.page_token)?;
    let claims = Claims::of(intake.reader(), &wanted.scope);
    let found = claims.list(&wanted, after, size + 1).await.map_err(Failed::from)?;
    let view = View::of(&caller);
    let shown = found
        .into_iter()
        .map(|(cursor, claim)| convert::claim(claim, view, &intake.rules).map(|claim| (cursor, claim)));
    let (claims, next_page_token) = binding.page(size, shown.collect::<Result<Vec<_>, Failed>>()?)?;
    Ok(Response::new(wire::ListClaimsResponse { claims, next_page_token }))
}
