//! Callers of a service: over gRPC with a token, or directly with a request as authentication
//! passes it to a handler.

use std::{sync::Arc, time::Duration};

use cpor_auth::{Caller, MethodTable, TokenSigner, UserToken};
use cpor_types::{Actor, Role, Service};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A channel that sends the caller's token with every call.
pub type AuthorizedChannel = InterceptedService<Channel, BearerToken>;

/// Adds the header `authorization: Bearer …`; adds nothing for a caller without a token.
#[derive(Clone, Debug)]
pub struct BearerToken(Option<MetadataValue<Ascii>>);

impl BearerToken {
    /// Sends this token, or none.
    ///
    /// # Panics
    /// Panics if the token has a character that a header cannot have.
    #[must_use]
    pub fn new(token: Option<&str>) -> Self {
        Self(token.map(|token| format!("Bearer {token}").parse().expect("a header value")))
    }
}

impl Interceptor for BearerToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

/// Returns the token of a user with this role. `owner` is the resource name of the user's partner
/// or tenant, for roles that need one.
///
/// # Panics
/// Panics if `owner` is neither `partners/{id}` nor `tenants/{id}`.
#[must_use]
pub fn user_token(signer: &TokenSigner, subject: &str, role: Role, owner: Option<&str>) -> String {
    let (partner, tenant) = match owner.map(|owner| owner.split_once('/').expect("a resource name")) {
        None => (None, None),
        Some(("partners", partner)) => (Some(partner.parse().expect("a partner id")), None),
        Some(("tenants", tenant)) => (None, Some(tenant.parse().expect("a tenant id"))),
        Some((collection, _)) => panic!("{collection} own nothing"),
    };
    let lifetime = Duration::from_secs(3600);
    let user = UserToken { subject: subject.to_owned(), roles: vec![role], partner, tenant, lifetime };
    signer.user_token(&user).expect("a token")
}

/// Returns an authenticated caller with this role. `owner` is as in [`user_token`].
///
/// # Panics
/// Panics if `owner` is neither `partners/{id}` nor `tenants/{id}`.
#[must_use]
pub fn caller(subject: &str, role: Role, owner: Option<&str>) -> Caller {
    let owner_in = |collection| owner.and_then(|owner| owner.strip_prefix(collection));
    Caller {
        subject: subject.into(),
        roles: vec![role],
        partner: owner_in("partners/").map(|partner| partner.parse().expect("a partner id")),
        tenant: owner_in("tenants/").map(|tenant| tenant.parse().expect("a tenant id")),
        service: None,
        actor: Actor::new(role.side(), subject),
    }
}

/// Returns a request of this caller to a method, as the authentication layer passes it to the
/// handler. `grpc_service` is the full name, for example `cpor.claims.v1.ClaimService`.
///
/// # Panics
/// Panics if there is no such method.
#[must_use]
pub fn request_by<T>(
    caller: Caller,
    (service, grpc_service): (Service, &'static str),
    method: &str,
    message: T,
) -> Request<T> {
    let table = MethodTable::build(&[(grpc_service, vec![service])]).expect("the descriptors");
    let mut request = Request::new(message);
    request.extensions_mut().insert(table.get(&format!("/{grpc_service}/{method}")).expect("a method"));
    request.extensions_mut().insert(Arc::new(caller));
    request
}
