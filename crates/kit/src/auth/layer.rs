use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use cpor_proto::options::v1::ErrorReason;
use http::header::AUTHORIZATION;
use tonic::{Code, Status};

use super::{Access, Caller, Keys, Method, Refused};
use crate::status;

/// Decides who comes in.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    pub(crate) keys: Arc<Keys>,
}

/// Lets a request in whose token the method's declaration allows, with the [`Caller`] in its extensions. A method that
/// is not hosted, or says nothing of who may call it, is denied.
pub(crate) async fn authorize(State(gate): State<Arc<Gatekeeper>>, mut request: Request, next: Next) -> Response {
    let Some(method) = request.extensions().get::<Arc<Method>>().cloned() else {
        return unknown_method(request.uri().path()).into_http();
    };
    match gate.admit(&method, request.headers()) {
        Ok(None) => {}
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
        }
        Err(status) => return status.into_http(),
    }
    next.run(request).await
}

impl Gatekeeper {
    /// The caller of a method that needs one.
    pub(super) fn admit(&self, method: &Method, headers: &http::HeaderMap) -> Result<Option<Arc<Caller>>, Status> {
        match &method.access {
            Access::Open => Ok(None),
            Access::Declared { roles, services, .. } => {
                let caller = self.identify(method, headers)?;
                let allowed = match caller.service {
                    Some(service) => services.contains(&service),
                    None => caller.roles.iter().any(|role| roles.contains(role)),
                };
                if allowed { Ok(Some(caller)) } else { Err(not_allowed(method, &caller)) }
            }
        }
    }

    fn identify(&self, method: &Method, headers: &http::HeaderMap) -> Result<Arc<Caller>, Status> {
        let token = bearer(headers)?;
        self.keys.verify(token, &method.callees).map_err(|refused| match refused {
            Refused::Expired => {
                unauthenticated(ErrorReason::TokenExpired.as_str_name(), "the token has expired: get a new one")
            }
            Refused::Invalid => {
                unauthenticated(ErrorReason::Unauthenticated.as_str_name(), "the token is not valid here")
            }
        })
    }
}

/// The one token of an `authorization: Bearer …` header (RFC 6750).
fn bearer(headers: &http::HeaderMap) -> Result<&str, Status> {
    let missing = || {
        unauthenticated(
            ErrorReason::Unauthenticated.as_str_name(),
            "a bearer token is needed: authorization: Bearer <token>",
        )
    };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

fn unauthenticated(reason: &str, message: &str) -> Status {
    status::refused(Code::Unauthenticated, reason, message, &[])
}

fn not_allowed(method: &Method, caller: &Caller) -> Status {
    let called = format!("{}/{}", method.service, method.name);
    let (reason, message) = match caller.service {
        Some(service) => {
            (ErrorReason::ServiceNotAllowed.as_str_name(), format!("the service {service} may not call {called}"))
        }
        None => (ErrorReason::RoleNotAllowed.as_str_name(), format!("none of the token's roles may call {called}")),
    };
    status::refused(Code::PermissionDenied, reason, message, &[("method", &called)])
}

fn unknown_method(path: &str) -> Status {
    let path: String = path.chars().take(200).collect();
    status::refused(
        Code::Unimplemented,
        ErrorReason::UnknownMethod.as_str_name(),
        format!("{path} is not served here"),
        &[],
    )
}
