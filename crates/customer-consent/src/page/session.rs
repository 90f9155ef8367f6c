//! The sessions of the page. Opening the link in a mail sets a cookie and redirects to an address
//! without the link's token, so that no log, browser history or referrer keeps the token. The
//! cookie contains the hash of the token, sealed for the page of this link, and expires after
//! [`LIFETIME`]. When the link expires, the session ends too. The server stores no sessions, so
//! every replica accepts the cookie.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use cpor_types::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::view::Problem;
use super::{PageContext, RequestOptions, guard, problem_page};
use crate::links::TokenHash;
use crate::session_keys::SessionKeys;

/// The time after which a session expires. Then the reader opens the link again.
const LIFETIME: TimeDelta = TimeDelta::hours(2);

/// The session that a request belongs to.
pub(super) struct Session {
    /// The hash of the token of the link that started the session.
    pub(super) link_token: TokenHash,
    /// The secret in the forms of this session. Other sites can make a browser send the cookie, but
    /// cannot read a page and its secret.
    pub(super) form_secret: String,
}

impl Session {
    /// Returns whether a form with this secret was made by a page of this session.
    pub(super) fn owns_form(&self, form_secret: &str) -> bool {
        verify_slices_are_equal(self.form_secret.as_bytes(), form_secret.as_bytes()).is_ok()
    }
}

/// Starts and finds sessions.
pub(super) struct Sessions {
    keys: SessionKeys,
    /// Whether the page is reached by https only.
    is_secure: bool,
}

impl Sessions {
    pub(super) fn new(keys: SessionKeys, is_secure: bool) -> Self {
        Self { keys, is_secure }
    }

    /// Returns the header `Set-Cookie` that starts a session. `page` is the path of the page
    /// without the slash at the start, for example `decision/{notice id}`.
    fn cookie(&self, page: &str, link: TokenHash, now: Timestamp) -> Option<HeaderValue> {
        let expire_time = (now + LIFETIME).timestamp().to_be_bytes();
        let value = self.keys.seal(page, &[link.0.as_slice(), &expire_time].concat())?;
        let (name, lifetime) = (self.cookie_name(page), LIFETIME.num_seconds());
        let secure = if self.is_secure { "; Secure" } else { "" };
        // With `Strict`, browsers would not send the cookie after a click in a web mail program.
        // Forms of other sites are refused, because they lack the secret of the session.
        let cookie = format!("{name}={value}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).ok()
    }

    /// Returns the name of the cookie for a page. Each link has a cookie of its own, so that two
    /// links can be open in one browser. The prefix `__Host-` keeps other hosts of the domain from
    /// setting the cookie.
    fn cookie_name(&self, page: &str) -> String {
        let prefix = if self.is_secure { "__Host-" } else { "" };
        format!("{prefix}cpor-{}", page.replace('/', "-"))
    }

    /// Returns the session for a page. Returns `None` if there is none or it has expired.
    fn find(&self, page: &str, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
        let name = self.cookie_name(page);
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|header| header.to_str().ok());
        let mut pairs = cookies.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(cookie, _)| *cookie == name)?;
        let content = self.keys.open(page, value)?;
        let (link_token, expire_time) = content.split_first_chunk()?;
        let expire_time = i64::from_be_bytes(expire_time.try_into().ok()?);
        let form_secret = || URL_SAFE_NO_PAD.encode(Sha256::digest(format!("form {value}")));
        (now.timestamp() < expire_time)
            .then(|| Session { link_token: TokenHash(*link_token), form_secret: form_secret() })
    }
}

/// Starts a session for the link of a notice, and redirects to the page of the link. `page` is
/// `decision` or `answer`. The redirect keeps the query of the request.
pub(super) fn start_session(
    context: &PageContext,
    page: &str,
    notice: Uuid,
    link: TokenHash,
    query: Option<&str>,
) -> Response {
    let page = format!("{page}/{notice}");
    let Some(cookie) = context.sessions.cookie(&page, link, context.links.clock.now()) else {
        tracing::error!("a session of the consent page cannot be sealed");
        return guard::busy_page(context, None);
    };
    // The address is relative, because the page can be behind a proxy that removes a prefix.
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let location = HeaderValue::try_from(format!("../{page}{query}")).or_else(|_| format!("../{page}").try_into());
    match location {
        Ok(location) => {
            (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, location)]).into_response()
        }
        Err(_invalid) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl FromRequestParts<Arc<PageContext>> for Session {
    type Rejection = Response;

    /// Finds the session of the page that is requested. Without a session, the response is the same
    /// for every notice id, whether it exists or not.
    async fn from_request_parts(parts: &mut Parts, context: &Arc<PageContext>) -> Result<Self, Response> {
        let translation = RequestOptions::read(context, &parts.uri, &parts.headers).translation;
        let page = parts.uri.path().trim_start_matches('/');
        let session = context
            .sessions
            .find(page, &parts.headers, context.links.clock.now())
            .ok_or_else(|| problem_page(context, translation.as_deref(), StatusCode::FORBIDDEN, Problem::NoSession))?;
        let used = context.limits.links.check(session.link_token);
        used.map_err(|wait| guard::too_many_requests_page(context, translation.as_deref(), wait))?;
        Ok(session)
    }
}
