//! ListClaims: one read, newest first.
use super::{Answer, convert, paging::paged, view::View, words};
use crate::{
    intake::{Failed, Intake},
    store::{Claims, Scope},
};
use cpor_kit::{page, request::open};
use cpor_proto::claims::v1 as wire;
use cpor_types::PartnerName;
use tonic::{Request, Response};
use uuid::Uuid;

pub(super) async fn list_claims(
    intake: &Intake,
    request: Request<wire::ListClaimsRequest>,
) -> Answer<wire::ListClaimsResponse> {
    let (caller, request) = open(request)?;
    let (binding, size) = (page::Binding::of(&request), page::size(request.page_size));
    let after: Option<Uuid> = binding.decode(&request.page_token)?;
    let claims = Claims::of(intake.reader(), &scope(&request.parent)?);
    let (state, wait) = (words::state_from(request.state()), words::wait_from(request.waits_for()));
    let found = claims.list(state, wait, after, size + 1).await.map_err(Failed::from)?;
    let (shown, next_page_token) = paged(found, size, |(key, _)| binding.encode(&key.id))?;
    let view = View::of(&caller);
    let claims = shown.into_iter().map(|(_, claim)| convert::claim(claim, view, &intake.rules));
    Ok(Response::new(wire::ListClaimsResponse { claims: claims.collect::<Result<_, _>>()?, next_page_token }))
}

/// `partners/-` is everybody; that the vendor's staff alone may ask so is the auth layer's to see.
fn scope(parent: &str) -> Result<Scope, Failed> {
    if parent == "partners/-" {
        return Ok(Scope::All);
    }
    let name: PartnerName = parent.parse().map_err(|_| Failed::NotFound(parent.to_owned()))?;
    Ok(Scope::Partner(name.partner))
}
