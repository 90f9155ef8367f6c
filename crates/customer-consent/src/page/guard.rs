//! The middleware for all requests for the consent page.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cpor_process::listener::ClientAddress;
use tokio::sync::Semaphore;

use super::view::{Problem, STYLE_HASH};
use super::{PageContext, RequestOptions, problem_page};
use crate::translation::Translation;

/// The maximum size of a form in bytes. The longest comment, 2,000 characters of four bytes each,
/// takes 24,000 bytes with percent-encoding.
const MAX_BODY: usize = 32 << 10;
/// The maximum number of concurrent requests. Further requests are answered with status 503. A
/// request counts only when its form has arrived, so slow clients do not block others.
pub(super) const MAX_REQUESTS: usize = 256;
/// The time in which a form must arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum duration of one request whose form has arrived.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Limits concurrent requests, refuses forms from other sites, and adds security headers to every
/// response.
pub(super) async fn guard_requests(State(context): State<Arc<PageContext>>, request: Request, next: Next) -> Response {
    let mut response = respond(&context, request, next).await;
    let content_security_policy = format!(
        "default-src 'none'; style-src {}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        STYLE_HASH.as_str()
    );
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow, noarchive"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if context.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(value) = HeaderValue::from_str(&content_security_policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}

/// Passes the request to its handler. Answers with an error page if the request comes from another
/// site, if its form is too large or arrives too slowly, if too many requests are running, or if
/// the handler takes too long.
async fn respond(context: &PageContext, request: Request, next: Next) -> Response {
    let translation = RequestOptions::read(context, request.uri(), request.headers()).translation;
    if let Some(address) = client_address(context, &request)
        && let Err(wait) = context.limits.addresses.check(address)
    {
        return too_many_requests_page(context, translation.as_deref(), wait);
    }
    if request.method() == Method::POST && is_from_another_site(request.headers(), &context.origin) {
        return problem_page(context, translation.as_deref(), StatusCode::FORBIDDEN, Problem::FromOtherSite);
    }
    let (parts, body) = request.into_parts();
    let received = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await;
    let Ok(Ok(form)) = received else {
        return problem_page(context, translation.as_deref(), StatusCode::BAD_REQUEST, Problem::InvalidForm);
    };
    let request = Request::from_parts(parts, form.into());
    let Ok(_permit) = Semaphore::try_acquire(&context.request_permits) else {
        return busy_page(context, translation.as_deref());
    };
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => busy_page(context, translation.as_deref()),
    }
}

/// Returns a 503 page that asks the reader to try again later.
pub(super) fn busy_page(context: &PageContext, translation: Option<&Translation>) -> Response {
    let page = problem_page(context, translation, StatusCode::SERVICE_UNAVAILABLE, Problem::Busy);
    ([(header::RETRY_AFTER, "5")], page).into_response()
}

/// Returns a 429 page that asks the reader to try again after `wait`.
pub(super) fn too_many_requests_page(
    context: &PageContext,
    translation: Option<&Translation>,
    wait: Duration,
) -> Response {
    let page = problem_page(context, translation, StatusCode::TOO_MANY_REQUESTS, Problem::Busy);
    ([(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())], page).into_response()
}

/// Returns the address of the client: the last one that the proxy names in the configured header,
/// or else the address of the connection.
fn client_address(context: &PageContext, request: &Request) -> Option<ClientAddress> {
    let from_proxy = context.client_address_header.as_ref().and_then(|header| named_address(request.headers(), header));
    from_proxy.map(ClientAddress::new).or_else(|| request.extensions().get::<ClientAddress>().copied())
}

/// Returns the last address that a header contains, with or without a port.
fn named_address(headers: &HeaderMap, header: &HeaderName) -> Option<IpAddr> {
    let address = headers.get_all(header).iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
    let without_brackets = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let with_port = || address.parse::<SocketAddr>().map(|address| address.ip());
    without_brackets.parse().or_else(|_| with_port()).ok()
}

/// Returns whether the headers show that a form was sent from another site. A second check compares
/// the secret in the form with that of the [`Session`](super::session::Session). `Origin: null` is
/// accepted: browsers send it from pages with `Referrer-Policy: no-referrer`, and all pages here
/// have that policy.
fn is_from_another_site(headers: &HeaderMap, own_origin: &str) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => headers.get(header::ORIGIN).is_some_and(|origin| origin != own_origin && origin != "null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(header_pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            header_pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_from_another_site(&headers.collect(), "https://consent.example")
    }

    #[test]
    fn forms_of_own_pages_are_accepted() {
        assert!(!is_refused(&[]));
        assert!(!is_refused(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!is_refused(&[("origin", "null")]));
        assert!(!is_refused(&[("origin", "https://consent.example")]));
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        let header = HeaderName::from_static("x-forwarded-for");
        let named = |value| named_address(&HeaderMap::from_iter([(header.clone(), value)]), &header);
        let named = |value: &'static str| named(HeaderValue::from_static(value)).map(|address| address.to_string());
        for (value, address) in [
            ("203.0.113.5", "203.0.113.5"),
            ("198.51.100.1, 203.0.113.5:51324", "203.0.113.5"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(named(value).as_deref(), Some(address), "{value}");
        }
        assert_eq!(named("unknown"), None);
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        assert!(is_refused(&[("sec-fetch-site", "cross-site")]));
        assert!(is_refused(&[("sec-fetch-site", "same-site"), ("origin", "https://consent.example")]));
        assert!(is_refused(&[("origin", "https://evil.example")]));
    }
}
