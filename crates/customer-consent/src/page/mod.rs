//! The consent page: the public page behind the links in notices.
//!
//! `GET` and `HEAD` only show the consent, so that mail scanners and prefetching decide nothing.
//! Only a `POST` with a decision and its confirmation acts (R43). The page needs no scripts, no
//! cookies and no external resources.

mod form;
mod guard;
#[cfg(test)]
mod tests;
mod view;

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use cpor_durable::{Command, Failure};
use cpor_types::{Actor, ActorSide};
use tokio::sync::Semaphore;

use crate::consents::{Consents, CustomerDecision};
use crate::domain::{self, Channel, Consent, Refusal, Terms};
use crate::languages::Languages;
use crate::links::ConsentLinks;
use crate::store::link::ConsentLink;
use crate::translation::Translation;
use form::{Decision, Form, QueryParams};
use view::{Alert, ConfirmPage, ConsentView, PageLanguage, Problem, ProblemPage, StatusPage};

/// The dependencies of the page.
pub(crate) struct PageContext {
    pub(crate) consents: Consents,
    pub(crate) links: ConsentLinks,
    pub(crate) languages: Arc<Languages>,
    /// Scheme and authority of the public URL.
    pub(crate) origin: String,
    request_permits: Semaphore,
}

impl PageContext {
    /// Creates the context of the page. `origin` is scheme and authority of the public URL.
    pub(crate) fn new(consents: Consents, links: ConsentLinks, languages: Arc<Languages>, origin: String) -> Self {
        Self { consents, links, languages, origin, request_permits: Semaphore::new(guard::MAX_REQUESTS) }
    }
}

/// Returns the routes of the public listener. The server must not log paths, because they contain
/// tokens.
pub(crate) fn router(web: PageContext) -> Router {
    let web = Arc::new(web);
    Router::new()
        .route("/consent/{token}", get(show_consent).post(submit_decision))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .fallback(page_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(guard::MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(web.clone(), guard::guard_requests))
        .with_state(web)
}

/// Shows the state of the consent. If the query names a decision that is still possible, shows the
/// page that asks for confirmation instead.
async fn show_consent(
    State(web): State<Arc<PageContext>>,
    Path(token): Path<String>,
    options: RequestOptions,
) -> Response {
    let linked = match LinkedConsent::find(&web, &token, &options).await {
        Ok(linked) => linked,
        Err(page) => return page,
    };
    match options.decision.filter(|decision| linked.allows(*decision)) {
        Some(decision) => linked.confirm_page(&web, StatusCode::OK, decision, "", None),
        None => linked.status_page(&web, StatusCode::OK),
    }
}

/// Executes a decision that was confirmed in the form. Without a confirmation, shows the form
/// again.
async fn submit_decision(
    State(web): State<Arc<PageContext>>,
    Path(token): Path<String>,
    options: RequestOptions,
    form: Result<axum::Form<Form>, FormRejection>,
) -> Response {
    let Ok(axum::Form(form)) = form else {
        return problem_page(&web, options.texts.as_deref(), StatusCode::BAD_REQUEST, Problem::Form);
    };
    let linked = match LinkedConsent::find(&web, &token, &options).await {
        Ok(linked) => linked,
        Err(page) => return page,
    };
    let comment = form.comment();
    let alert = if form.is_too_long() {
        Some(Alert::CommentTooLong)
    } else {
        (!form.is_confirmed()).then_some(Alert::Unconfirmed)
    };
    match alert {
        Some(_) if !linked.allows(form.decision) => linked.status_page(&web, StatusCode::OK),
        Some(alert) => {
            linked.confirm_page(&web, StatusCode::UNPROCESSABLE_ENTITY, form.decision, &comment, Some(alert))
        }
        None => linked.submit(&web, form.decision, comment).await,
    }
}

async fn page_not_found(State(web): State<Arc<PageContext>>, options: RequestOptions) -> Response {
    problem_page(&web, options.texts.as_deref(), StatusCode::NOT_FOUND, Problem::Unknown)
}

async fn method_not_allowed(State(web): State<Arc<PageContext>>, options: RequestOptions) -> Response {
    problem_page(&web, options.texts.as_deref(), StatusCode::METHOD_NOT_ALLOWED, Problem::Form)
}

/// The consent that a link leads to, in the reader's language.
struct LinkedConsent {
    link: ConsentLink,
    consent: Consent,
    terms: Terms,
    texts: Arc<Translation>,
}

impl LinkedConsent {
    /// Loads the consent of the link. Returns an error page if there is none or it cannot be read.
    async fn find(web: &PageContext, token: &str, options: &RequestOptions) -> Result<Self, Response> {
        let texts = options.texts.as_deref();
        let link = web.links.find(token).await.map_err(|error| unavailable_page(web, texts, &error))?;
        let link = link.ok_or_else(|| problem_page(web, texts, StatusCode::NOT_FOUND, Problem::Unknown))?;
        let consent = web.consents.find(&link.consent).await.map_err(|error| unavailable_page(web, texts, &error))?;
        let consent = consent.ok_or_else(|| problem_page(web, texts, StatusCode::NOT_FOUND, Problem::Unknown))?.state;
        let terms =
            web.consents.rules.terms_of(&consent.claim).map_err(|error| unavailable_page(web, texts, &error))?;
        let texts =
            options.texts.as_ref().unwrap_or_else(|| web.languages.for_calendar(&consent.claim.calendar)).clone();
        Ok(Self { link, consent, terms, texts })
    }

    fn view(&self) -> ConsentView<'_> {
        let can_approve = self.consent.can_approve_by_link_of(self.link.notice);
        ConsentView { consent: &self.consent, terms: &self.terms, can_approve }
    }

    fn allows(&self, decision: Decision) -> bool {
        self.view().allows(match decision {
            Decision::Approve => domain::CustomerCommand::Approve,
            Decision::Decline => domain::CustomerCommand::Decline,
        })
    }

    /// Executes the decision and shows the resulting state.
    async fn submit(mut self, web: &PageContext, decision: Decision, comment: String) -> Response {
        let (command_name, customer_decision) = match decision {
            Decision::Approve => ("approve_by_link", CustomerDecision::ApproveByLink(self.link.notice)),
            Decision::Decline => ("decline_by_link", CustomerDecision::Decline { comment }),
        };
        // The id of the notice identifies the link. Who used the link is unknown.
        let actor = Actor::new(ActorSide::Customer, format!("link:{}", self.link.notice));
        let command = Command::new(command_name, self.link.consent.clone(), actor);
        match web.consents.submit_decision(command, customer_decision, Channel::Link).await {
            Ok(committed) => match committed.state {
                Some(consent) => {
                    self.consent = consent;
                    self.status_page(web, StatusCode::OK)
                }
                None => problem_page(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown),
            },
            Err(Failure::Refused(Refusal::NotFound)) => {
                problem_page(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown)
            }
            Err(Failure::Refused(
                Refusal::WindowPassed { .. }
                | Refusal::AlreadyDeclined
                | Refusal::ClaimClosed
                | Refusal::LinkOutdated
                | Refusal::NoNotice,
            )) => self.conflict_page(web).await,
            Err(Failure::Clash(clash)) => match clash {},
            Err(
                Failure::Moved { .. }
                | Failure::RequestIdReused
                | Failure::Gap { .. }
                | Failure::Overloaded
                | Failure::Unavailable(_),
            ) => guard::busy_page(web, Some(&self.texts)),
        }
    }

    /// Shows the current state of the consent after a decision was refused.
    async fn conflict_page(mut self, web: &PageContext) -> Response {
        match web.consents.find(&self.link.consent).await {
            Ok(Some(found)) => {
                self.consent = found.state;
                self.status_page(web, StatusCode::CONFLICT)
            }
            Ok(None) => problem_page(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown),
            Err(error) => unavailable_page(web, Some(&self.texts), &error),
        }
    }

    fn status_page(&self, web: &PageContext, code: StatusCode) -> Response {
        let language = PageLanguage { languages: &web.languages, texts: &self.texts };
        render_page(language, code, &StatusPage::new(language, self.view()))
    }

    fn confirm_page(
        &self,
        web: &PageContext,
        code: StatusCode,
        decision: Decision,
        comment: &str,
        alert: Option<Alert>,
    ) -> Response {
        let language = PageLanguage { languages: &web.languages, texts: &self.texts };
        render_page(language, code, &ConfirmPage::new(language, self.view(), decision, comment, alert))
    }
}

/// What the URL and the headers of a request ask for.
struct RequestOptions {
    /// The decision that the reader wants to confirm.
    decision: Option<Decision>,
    /// The language that the reader switched to, or the best one that the browser accepts.
    texts: Option<Arc<Translation>>,
}

impl FromRequestParts<Arc<PageContext>> for RequestOptions {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<PageContext>) -> Result<Self, Infallible> {
        Ok(Self::read(web, &parts.uri, &parts.headers))
    }
}

impl RequestOptions {
    fn read(web: &PageContext, uri: &Uri, headers: &HeaderMap) -> Self {
        let params = Query::<QueryParams>::try_from_uri(uri).map(|Query(params)| params).unwrap_or_default();
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let texts = web.languages.by_tag(&params.lang).or_else(|| web.languages.by_accept_language(header));
        Self { decision: params.decision(), texts: texts.cloned() }
    }
}

/// Returns an error page, in English if the request asks for no shipped language.
fn problem_page(web: &PageContext, texts: Option<&Translation>, code: StatusCode, problem: Problem) -> Response {
    let language = PageLanguage { languages: &web.languages, texts: texts.unwrap_or_else(|| web.languages.english()) };
    render_page(language, code, &ProblemPage::new(language, problem))
}

fn unavailable_page(web: &PageContext, texts: Option<&Translation>, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "the consent page cannot answer");
    guard::busy_page(web, texts)
}

fn render_page(language: PageLanguage<'_>, code: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => (code, [(header::CONTENT_LANGUAGE, language.texts.language.clone())], Html(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
