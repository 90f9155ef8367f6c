//! The consent page: the public page that the links in notices (mails to the customer) lead to.
//!
//! Opening a link starts a session and redirects to an address without the token ([`session`]).
//! `GET` and `HEAD` only show the consent, so mail scanners and prefetching decide nothing. Only a
//! `POST` with a decision and its confirmation decides (R43). The page needs no scripts and no
//! external resources.

mod form;
mod guard;
mod holder;
mod limits;
mod session;
#[cfg(test)]
mod tests;
mod view;

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{FromRequestParts, Path, Query, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use cpor_durable::{Command, CommandError, Writer};
use cpor_types::{Actor, ActorSide};
use tokio::sync::Semaphore;

use crate::consents::{Consents, CustomerDecision};
use crate::domain::{self, Channel, Consent, Refusal, Terms};
use crate::languages::Languages;
use crate::links::{ConsentLinks, TokenHash};
use crate::session_keys::SessionKeys;
use crate::store::holder::HolderStore;
use crate::store::link::ConsentLink;
use crate::translation::Translation;
use form::{Decision, Form, QueryParams};
use limits::RateLimits;
use session::{Session, Sessions, start_session};
use view::{Alert, ConfirmPage, ConsentView, PageLanguage, Problem, ProblemPage, StatusPage};

/// The dependencies of the page.
pub(crate) struct PageContext {
    /// The consents that the page shows and changes.
    pub(crate) consents: Consents,
    /// Commits the statements of holders of legacy associations, which were recorded before claims
    /// existed (R58a).
    pub(crate) holders: Writer<HolderStore>,
    /// Finds the consent of a link.
    pub(crate) links: ConsentLinks,
    /// The translations of the page.
    pub(crate) languages: Arc<Languages>,
    /// Scheme and authority of the public URL.
    origin: String,
    /// Whether browsers reach the page by https.
    is_secure: bool,
    /// The header in which a proxy names the client's address.
    client_address_header: Option<HeaderName>,
    /// Starts and finds the sessions of readers.
    sessions: Sessions,
    /// The limits for requests.
    limits: RateLimits,
    /// The permits that limit the number of concurrent requests.
    request_permits: Semaphore,
}

impl PageContext {
    pub(crate) fn new(
        consents: Consents,
        holders: Writer<HolderStore>,
        links: ConsentLinks,
        languages: Arc<Languages>,
        settings: PageSettings,
    ) -> Self {
        let PageSettings { origin, session_keys, client_address_header } = settings;
        let is_secure = origin.starts_with("https:");
        Self {
            consents,
            holders,
            links,
            languages,
            origin,
            is_secure,
            client_address_header,
            sessions: Sessions::new(session_keys, is_secure),
            limits: RateLimits::default(),
            request_permits: Semaphore::new(guard::MAX_REQUESTS),
        }
    }
}

/// The settings of the consent page that differ between installations.
pub(crate) struct PageSettings {
    /// Scheme and authority of the public URL.
    pub(crate) origin: String,
    /// The keys that seal sessions.
    pub(crate) session_keys: SessionKeys,
    /// The header in which a proxy names the client's address; `None` if there is no proxy.
    pub(crate) client_address_header: Option<HeaderName>,
}

/// Returns the routes of the public listener. The server must not log paths, because they contain
/// tokens.
pub(crate) fn router(context: PageContext) -> Router {
    let context = Arc::new(context);
    Router::new()
        .route("/", get(show_start))
        .route("/consent/{token}", get(open_consent_link))
        .route("/decision/{notice}", get(show_consent).post(submit_decision))
        .route("/statement/{token}", get(holder::open_statement_link))
        .route("/answer/{notice}", get(holder::show_statement).post(holder::submit_statement))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .fallback(page_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(context.clone(), guard::guard_requests))
        .with_state(context)
}

/// Shows the start page, which explains what the site is for.
async fn show_start(State(context): State<Arc<PageContext>>, options: RequestOptions) -> Response {
    problem_page(&context, options.translation.as_deref(), StatusCode::OK, Problem::Start)
}

/// Starts a session and redirects to the address of the page without the token. The link can be
/// opened again.
async fn open_consent_link(
    State(context): State<Arc<PageContext>>,
    token: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    options: RequestOptions,
) -> Response {
    let (token, translation) = (token_hash(token), options.translation.as_deref());
    if let Err(wait) = context.limits.links.check(token) {
        return guard::too_many_requests_page(&context, translation, wait);
    }
    match context.links.find(token).await {
        Ok(Some(link)) => start_session(&context, "decision", link.notice, token, query.as_deref()),
        Ok(None) => problem_page(&context, translation, StatusCode::NOT_FOUND, Problem::UnknownLink),
        Err(error) => unavailable_page(&context, translation, &error),
    }
}

/// Returns the hash of the token in a path. A path that is not UTF-8 is treated like any token that
/// does not exist.
fn token_hash(token: Result<Path<String>, PathRejection>) -> TokenHash {
    TokenHash::of(&token.map(|Path(token)| token).unwrap_or_default())
}

/// Shows the state of the consent. If the query contains a decision that is still possible, shows
/// the page that asks for confirmation instead.
async fn show_consent(State(context): State<Arc<PageContext>>, session: Session, options: RequestOptions) -> Response {
    let linked_consent = match LinkedConsent::find(&context, session, &options).await {
        Ok(linked_consent) => linked_consent,
        Err(error_page) => return error_page,
    };
    match options.decision.filter(|decision| linked_consent.allows(*decision)) {
        Some(decision) => linked_consent.confirm_page(&context, StatusCode::OK, decision, "", None),
        None => linked_consent.status_page(&context, StatusCode::OK),
    }
}

/// Executes a decision that was confirmed in the form. Without a confirmation, shows the form
/// again.
async fn submit_decision(
    State(context): State<Arc<PageContext>>,
    session: Session,
    options: RequestOptions,
    form: Result<axum::Form<Form>, FormRejection>,
) -> Response {
    let Ok(axum::Form(form)) = form else {
        return problem_page(&context, options.translation.as_deref(), StatusCode::BAD_REQUEST, Problem::InvalidForm);
    };
    if !session.owns_form(&form.session) {
        return problem_page(&context, options.translation.as_deref(), StatusCode::FORBIDDEN, Problem::FromOtherSite);
    }
    let linked_consent = match LinkedConsent::find(&context, session, &options).await {
        Ok(linked_consent) => linked_consent,
        Err(error_page) => return error_page,
    };
    let comment = form.comment();
    let alert = if form.is_too_long() {
        Some(Alert::CommentTooLong)
    } else {
        (!form.is_confirmed()).then_some(Alert::Unconfirmed)
    };
    match alert {
        Some(_) if !linked_consent.allows(form.decision) => linked_consent.status_page(&context, StatusCode::OK),
        Some(alert) => linked_consent.confirm_page(
            &context,
            StatusCode::UNPROCESSABLE_ENTITY,
            form.decision,
            &comment,
            Some(alert),
        ),
        None => linked_consent.submit(&context, form.decision, comment).await,
    }
}

/// Answers requests for unknown paths.
async fn page_not_found(State(context): State<Arc<PageContext>>, options: RequestOptions) -> Response {
    problem_page(&context, options.translation.as_deref(), StatusCode::NOT_FOUND, Problem::UnknownLink)
}

/// Answers requests with a method that the page does not support.
async fn method_not_allowed(State(context): State<Arc<PageContext>>, options: RequestOptions) -> Response {
    problem_page(&context, options.translation.as_deref(), StatusCode::METHOD_NOT_ALLOWED, Problem::InvalidForm)
}

/// The consent that a link leads to, in the reader's language.
struct LinkedConsent {
    /// The session of the reader.
    session: Session,
    /// The link that the reader used.
    link: ConsentLink,
    /// The consent, with passed deadlines applied.
    consent: Consent,
    /// The values of the policy profile and calendar that apply to the consent.
    terms: Terms,
    /// The translation in the reader's language.
    translation: Arc<Translation>,
}

impl LinkedConsent {
    /// Loads the consent of the link. Returns an error page if there is none or it cannot be read.
    async fn find(context: &PageContext, session: Session, options: &RequestOptions) -> Result<Self, Response> {
        let translation = options.translation.as_deref();
        let link = context.links.find(session.link_token).await;
        let link = link.map_err(|error| unavailable_page(context, translation, &error))?;
        let link =
            link.ok_or_else(|| problem_page(context, translation, StatusCode::NOT_FOUND, Problem::UnknownLink))?;
        let consent = context
            .consents
            .find(&link.consent)
            .await
            .map_err(|error| unavailable_page(context, translation, &error))?;
        let consent = consent
            .ok_or_else(|| problem_page(context, translation, StatusCode::NOT_FOUND, Problem::UnknownLink))?
            .state;
        let terms = context
            .consents
            .rules
            .terms_of(&consent.claim)
            .map_err(|error| unavailable_page(context, translation, &error))?;
        let translation = options
            .translation
            .as_ref()
            .unwrap_or_else(|| context.languages.for_calendar(&consent.claim.calendar))
            .clone();
        Ok(Self { session, link, consent, terms, translation })
    }

    /// Returns the consent as the reader of this link sees it.
    fn view(&self) -> ConsentView<'_> {
        let can_approve = self.consent.can_approve_by_link_of(self.link.notice);
        ConsentView { consent: &self.consent, terms: &self.terms, can_approve }
    }

    /// Returns whether the reader can make this decision now.
    fn allows(&self, decision: Decision) -> bool {
        self.view().allows(match decision {
            Decision::Approve => domain::CustomerCommand::Approve,
            Decision::Decline => domain::CustomerCommand::Decline,
        })
    }

    /// Executes the decision and shows the resulting state.
    async fn submit(mut self, context: &PageContext, decision: Decision, comment: String) -> Response {
        let (command_name, customer_decision) = match decision {
            Decision::Approve => ("approve_by_link", CustomerDecision::ApproveByLink(self.link.notice)),
            Decision::Decline => {
                ("decline_by_link", CustomerDecision::DeclineByLink { notice: self.link.notice, comment })
            }
        };
        // The person who used the link is unknown, so the id of the notice stands for the actor.
        let actor = Actor::new(ActorSide::Customer, format!("link:{}", self.link.notice));
        let command = Command::new(command_name, self.link.consent.clone(), actor);
        match context.consents.submit_decision(command, customer_decision, Channel::Link).await {
            Ok(committed) => match committed.state {
                Some(consent) => {
                    self.consent = consent;
                    self.status_page(context, StatusCode::OK)
                }
                None => problem_page(context, Some(&self.translation), StatusCode::NOT_FOUND, Problem::UnknownLink),
            },
            Err(CommandError::Refused(Refusal::NotFound)) => {
                problem_page(context, Some(&self.translation), StatusCode::NOT_FOUND, Problem::UnknownLink)
            }
            Err(CommandError::Refused(
                Refusal::WindowPassed { .. }
                | Refusal::AlreadyDeclined
                | Refusal::ClaimClosed
                | Refusal::LinkOutdated
                | Refusal::NoNotice
                | Refusal::NoticeUnknown
                | Refusal::NoticeNotSent
                | Refusal::TooManyNotices { .. },
            )) => self.conflict_page(context).await,
            Err(CommandError::Conflict(conflict)) => match conflict {},
            Err(CommandError::Refused(refusal @ Refusal::TermsMissing)) => {
                unavailable_page(context, Some(&self.translation), &refusal)
            }
            Err(
                CommandError::VersionMismatch { .. }
                | CommandError::RequestIdReused
                | CommandError::SequenceGap { .. }
                | CommandError::Overloaded
                | CommandError::Unavailable(_),
            ) => guard::busy_page(context, Some(&self.translation)),
        }
    }

    /// Shows the current state of the consent after a decision was refused.
    async fn conflict_page(mut self, context: &PageContext) -> Response {
        match context.consents.find(&self.link.consent).await {
            Ok(Some(stored)) => {
                self.consent = stored.state;
                self.status_page(context, StatusCode::CONFLICT)
            }
            Ok(None) => problem_page(context, Some(&self.translation), StatusCode::NOT_FOUND, Problem::UnknownLink),
            Err(error) => unavailable_page(context, Some(&self.translation), &error),
        }
    }

    /// Renders the page that shows the state of the consent.
    fn status_page(&self, context: &PageContext, code: StatusCode) -> Response {
        let language = PageLanguage { languages: &context.languages, translation: &self.translation };
        render_page(language, code, &StatusPage::new(language, self.view()))
    }

    /// Renders the page that asks the reader to confirm the decision.
    fn confirm_page(
        &self,
        context: &PageContext,
        code: StatusCode,
        decision: Decision,
        comment: &str,
        alert: Option<Alert>,
    ) -> Response {
        let language = PageLanguage { languages: &context.languages, translation: &self.translation };
        let page = ConfirmPage::new(language, self.view(), decision, comment, alert, &self.session.form_secret);
        render_page(language, code, &page)
    }
}

/// The options that a request gives in its URL and its headers.
struct RequestOptions {
    /// The decision that the reader chose and has to confirm.
    decision: Option<Decision>,
    /// The language that the reader switched to, or the best one that the browser accepts.
    translation: Option<Arc<Translation>>,
}

impl FromRequestParts<Arc<PageContext>> for RequestOptions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<PageContext>) -> Result<Self, Infallible> {
        Ok(Self::read(context, &parts.uri, &parts.headers))
    }
}

impl RequestOptions {
    /// Reads the options from the URL and the headers of a request.
    fn read(context: &PageContext, uri: &Uri, headers: &HeaderMap) -> Self {
        let params = Query::<QueryParams>::try_from_uri(uri).map(|Query(params)| params).unwrap_or_default();
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let translation =
            context.languages.by_tag(&params.lang).or_else(|| context.languages.by_accept_language(header));
        Self { decision: params.decision(), translation: translation.cloned() }
    }
}

/// Returns an error page in the language of `translation`, or in English if it is `None`.
fn problem_page(
    context: &PageContext,
    translation: Option<&Translation>,
    code: StatusCode,
    problem: Problem,
) -> Response {
    let language = PageLanguage {
        languages: &context.languages,
        translation: translation.unwrap_or_else(|| context.languages.english()),
    };
    render_page(language, code, &ProblemPage::new(language, problem))
}

/// Logs the error and returns a 503 page.
fn unavailable_page(
    context: &PageContext,
    translation: Option<&Translation>,
    error: &dyn std::fmt::Display,
) -> Response {
    tracing::error!(%error, "the data of the consent page cannot be read");
    guard::busy_page(context, translation)
}

/// Renders a page with the header `Content-Language`.
fn render_page(language: PageLanguage<'_>, code: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => {
            (code, [(header::CONTENT_LANGUAGE, language.translation.language.clone())], Html(body)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the consent page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
