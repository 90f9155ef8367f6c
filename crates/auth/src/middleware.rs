//! Authenticates and authorizes every request.
use std::{sync::Arc, time::Duration};

use cpor_proto::options::v1::ErrorReason;
use cpor_types::{Role, Service};
use http::{header::AUTHORIZATION, request::Parts};
use tonic::{Code, Status};

use super::{Access, Caller, ClientCertificate, Method, TokenError, VerificationKeys, on_behalf_of::may_act};
use cpor_call::status;

/// How long a client should wait if the keys of its issuer are not available.
const ISSUER_RETRY: Duration = Duration::from_secs(10);

/// Checks tokens against the access rules of methods.
#[derive(Debug)]
pub struct Authorizer {
    /// The keys with which bearer tokens are verified.
    pub keys: Arc<VerificationKeys>,
    /// Whether the connection of a calling service must have a client certificate of this service.
    pub requires_certificates: bool,
}

impl Authorizer {
    /// Returns the caller of a request whose token satisfies the access rule of the method, or
    /// `None` if the method needs no caller. The [`Method`] must be in the extensions of the
    /// request.
    ///
    /// # Errors
    /// Returns the refusal. Requests to methods that are not hosted are refused.
    pub async fn authorize_request(&self, request: &Parts) -> Result<Option<Arc<Caller>>, Status> {
        let Some(method) = request.extensions.get::<Arc<Method>>() else {
            return Err(unknown_method(request.uri.path()));
        };
        let Access::Restricted { roles, services, on_behalf_of, .. } = &method.access else { return Ok(None) };
        let caller = self.authenticate(method, &request.headers).await?;
        let is_allowed = match caller.service {
            Some(service) => services.contains(&service),
            None => caller.roles.iter().any(|role| roles.contains(role)),
        };
        if !is_allowed {
            return Err(permission_denied(method, roles, &caller));
        }
        if !may_act(on_behalf_of, &caller) {
            return Err(actor_not_allowed(method, &caller));
        }
        if !self.accepts_certificate(&caller, request.extensions.get()) {
            return Err(certificate_required());
        }
        Ok(Some(caller))
    }

    /// Returns true if the caller is a user, if certificates are not required, or if the
    /// certificate is one of the calling service.
    fn accepts_certificate(&self, caller: &Caller, certificate: Option<&ClientCertificate>) -> bool {
        let Some(service) = caller.service.filter(|_| self.requires_certificates) else { return true };
        certificate.is_some_and(|certificate| certificate.names(service))
    }

    async fn authenticate(&self, method: &Method, headers: &http::HeaderMap) -> Result<Arc<Caller>, Status> {
        let token = bearer_token(headers)?;
        self.keys.verify(token, &method.audiences).await.map_err(|error| match error {
            TokenError::Expired => unauthenticated(
                ErrorReason::TokenExpired.as_str_name(),
                "the bearer token has expired; obtain a new one",
            ),
            TokenError::IssuerUnavailable => status::unavailable(
                ErrorReason::Unavailable.as_str_name(),
                "the keys of the issuer of the bearer token are not available",
                ISSUER_RETRY,
            ),
            TokenError::UnknownKey | TokenError::Invalid => {
                unauthenticated(ErrorReason::Unauthenticated.as_str_name(), "the bearer token is invalid")
            }
        })
    }
}

/// Returns the token of the only `authorization: Bearer <token>` header (RFC 6750).
fn bearer_token(headers: &http::HeaderMap) -> Result<&str, Status> {
    let missing = || {
        unauthenticated(
            ErrorReason::Unauthenticated.as_str_name(),
            "exactly one bearer token is required: authorization: Bearer <token>; \
             for a development system, `cpor token` creates one",
        )
    };
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

fn certificate_required() -> Status {
    unauthenticated(
        ErrorReason::ClientCertificateRequired.as_str_name(),
        "the connection has no client certificate of the calling service",
    )
}

fn unauthenticated(reason: &str, message: &str) -> Status {
    status::with_reason(Code::Unauthenticated, reason, message, &[])
}

/// Returns the refusal of a caller that may not call the method. If the caller is a user, it names
/// the `roles` that may.
fn permission_denied(method: &Method, roles: &[Role], caller: &Caller) -> Status {
    let method_name = format!("{}/{}", method.service, method.name);
    let Some(service) = caller.service else {
        let roles = roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
        let allowed = if roles.is_empty() { "only services may" } else { "it needs one of the roles" };
        return status::with_reason(
            Code::PermissionDenied,
            ErrorReason::RoleNotAllowed.as_str_name(),
            format!("no role of the caller is allowed to call {method_name}: {allowed} {roles}").trim_end(),
            &[("method", &method_name), ("allowed_roles", &roles)],
        );
    };
    status::with_reason(
        Code::PermissionDenied,
        ErrorReason::ServiceNotAllowed.as_str_name(),
        format!("the service {service} is not allowed to call {method_name}"),
        &[("method", &method_name)],
    )
}

/// Returns the refusal of a service that calls on behalf of an actor for whom it may not call.
fn actor_not_allowed(method: &Method, caller: &Caller) -> Status {
    let method_name = format!("{}/{}", method.service, method.name);
    let (service, side) = (caller.service.map_or("", Service::as_str), caller.side().as_str());
    status::with_reason(
        Code::PermissionDenied,
        ErrorReason::ActorNotAllowed.as_str_name(),
        format!("the service {service} is not allowed to call {method_name} on behalf of the side {side}"),
        &[("method", &method_name), ("side", side)],
    )
}

fn unknown_method(path: &str) -> Status {
    let path: String = path.chars().take(200).collect();
    status::with_reason(
        Code::Unimplemented,
        ErrorReason::UnknownMethod.as_str_name(),
        format!("the method {path} is not served by this process"),
        &[],
    )
}
