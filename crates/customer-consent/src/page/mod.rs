//! The public page behind the links in e-mails.
//!
//! `GET` and `HEAD` show and change nothing, so that mail scanners, prefetchers and the merely curious decide nothing. Only a `POST` that
//! carries both a decision and its confirmation acts (R43). The page needs no script, no cookie and nothing from elsewhere.

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

use crate::consents::{Consents, Word};
use crate::domain::{self, Channel, Consent, Refusal, Terms};
use crate::languages::Languages;
use crate::links::Links;
use crate::store::link::Link;
use crate::texts::Texts;
use form::{Asked, Decision, Form};
use view::{Alert, ConfirmPage, Problem, ProblemPage, Shown, StatusPage, Tongue};

/// What the page works with.
pub(crate) struct Web {
    pub(crate) consents: Consents,
    pub(crate) links: Links,
    pub(crate) languages: Arc<Languages>,
    /// Scheme and authority of the public address.
    pub(crate) origin: String,
    places: Semaphore,
}

impl Web {
    /// The page for customers who come by `origin`.
    pub(crate) fn new(consents: Consents, links: Links, languages: Arc<Languages>, origin: String) -> Self {
        Self { consents, links, languages, origin, places: Semaphore::new(guard::MAX_REQUESTS) }
    }
}

/// The public listener's routes. Whoever serves them must not log paths: they hold tokens.
pub(crate) fn router(web: Web) -> Router {
    let web = Arc::new(web);
    Router::new()
        .route("/consent/{token}", get(show).post(act))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /\n" }))
        .fallback(unknown)
        .method_not_allowed_fallback(unreadable)
        .layer(DefaultBodyLimit::max(guard::MAX_BODY))
        .layer(axum::middleware::from_fn_with_state(web.clone(), guard::guard))
        .with_state(web)
}

/// Shows where the consent stands or, asked for a decision that can still be taken, the page that confirms it.
async fn show(State(web): State<Arc<Web>>, Path(token): Path<String>, asked: Wish) -> Response {
    let subject = match Subject::find(&web, &token, &asked).await {
        Ok(subject) => subject,
        Err(answer) => return answer,
    };
    match asked.decision.filter(|decision| subject.offers(*decision)) {
        Some(decision) => subject.confirm(&web, StatusCode::OK, decision, "", None),
        None => subject.status(&web, StatusCode::OK),
    }
}

/// Takes the customer's word, if it is one: chosen, and confirmed.
async fn act(
    State(web): State<Arc<Web>>,
    Path(token): Path<String>,
    asked: Wish,
    form: Result<axum::Form<Form>, FormRejection>,
) -> Response {
    let Ok(axum::Form(form)) = form else {
        return problem(&web, asked.texts.as_deref(), StatusCode::BAD_REQUEST, Problem::Form);
    };
    let subject = match Subject::find(&web, &token, &asked).await {
        Ok(subject) => subject,
        Err(answer) => return answer,
    };
    let comment = form.comment();
    let alert = if form.is_too_long() {
        Some(Alert::CommentTooLong)
    } else {
        (!form.is_confirmed()).then_some(Alert::Unconfirmed)
    };
    match alert {
        Some(_) if !subject.offers(form.decision) => subject.status(&web, StatusCode::OK),
        Some(alert) => subject.confirm(&web, StatusCode::UNPROCESSABLE_ENTITY, form.decision, &comment, Some(alert)),
        None => subject.say(&web, form.decision, comment).await,
    }
}

async fn unknown(State(web): State<Arc<Web>>, asked: Wish) -> Response {
    problem(&web, asked.texts.as_deref(), StatusCode::NOT_FOUND, Problem::Unknown)
}

async fn unreadable(State(web): State<Arc<Web>>, asked: Wish) -> Response {
    problem(&web, asked.texts.as_deref(), StatusCode::METHOD_NOT_ALLOWED, Problem::Form)
}

/// What a link leads to: a consent as it stands now, in the language of its reader.
struct Subject {
    link: Link,
    consent: Consent,
    terms: Terms,
    texts: Arc<Texts>,
}

impl Subject {
    /// The subject of the link, or the page that says why there is none.
    async fn find(web: &Web, token: &str, wish: &Wish) -> Result<Self, Response> {
        let asked = wish.texts.as_deref();
        let link = web.links.find(token).await.map_err(|error| unavailable(web, asked, &error))?;
        let link = link.ok_or_else(|| problem(web, asked, StatusCode::NOT_FOUND, Problem::Unknown))?;
        let found = web.consents.find(&link.consent).await.map_err(|error| unavailable(web, asked, &error))?;
        let consent = found.ok_or_else(|| problem(web, asked, StatusCode::NOT_FOUND, Problem::Unknown))?.state;
        let terms = web.consents.rules.terms(&consent.claim).map_err(|error| unavailable(web, asked, &error))?;
        let texts = wish.texts.as_ref().unwrap_or_else(|| web.languages.of_calendar(&consent.claim.calendar)).clone();
        Ok(Self { link, consent, terms, texts })
    }

    fn shown(&self) -> Shown<'_> {
        let approves = self.consent.approves_by(self.link.notice);
        Shown { consent: &self.consent, terms: &self.terms, approves }
    }

    fn offers(&self, decision: Decision) -> bool {
        self.shown().offers(match decision {
            Decision::Approve => domain::Command::Approve,
            Decision::Decline => domain::Command::Decline,
        })
    }

    /// Says it to the writer, and shows what came of it.
    async fn say(mut self, web: &Web, decision: Decision, comment: String) -> Response {
        let (name, word) = match decision {
            Decision::Approve => ("approve_by_link", Word::ApproveByLink(self.link.notice)),
            Decision::Decline => ("decline_by_link", Word::Decline { comment }),
        };
        // Which mail's link it was; who held it, nobody knows.
        let actor = Actor::new(ActorSide::Customer, format!("link:{}", self.link.notice));
        let command = Command::new(name, self.link.consent.clone(), actor);
        match web.consents.say(command, word, Channel::Link).await {
            Ok(committed) => match committed.state {
                Some(consent) => {
                    self.consent = consent;
                    self.status(web, StatusCode::OK)
                }
                None => problem(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown),
            },
            Err(Failure::Refused(Refusal::NotFound)) => {
                problem(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown)
            }
            Err(Failure::Refused(
                Refusal::WindowPassed { .. }
                | Refusal::AlreadyDeclined
                | Refusal::ClaimClosed
                | Refusal::LinkOutdated
                | Refusal::NoNotice,
            )) => self.late(web).await,
            Err(Failure::Clash(clash)) => match clash {},
            Err(
                Failure::Moved { .. }
                | Failure::RequestIdReused
                | Failure::Gap { .. }
                | Failure::Overloaded
                | Failure::Unavailable(_),
            ) => guard::busy(web, Some(&self.texts)),
        }
    }

    /// The word came too late: shows what stands instead.
    async fn late(mut self, web: &Web) -> Response {
        match web.consents.find(&self.link.consent).await {
            Ok(Some(found)) => {
                self.consent = found.state;
                self.status(web, StatusCode::CONFLICT)
            }
            Ok(None) => problem(web, Some(&self.texts), StatusCode::NOT_FOUND, Problem::Unknown),
            Err(error) => unavailable(web, Some(&self.texts), &error),
        }
    }

    fn status(&self, web: &Web, code: StatusCode) -> Response {
        let tongue = Tongue { languages: &web.languages, texts: &self.texts };
        html(tongue, code, &StatusPage::new(tongue, self.shown()))
    }

    fn confirm(
        &self,
        web: &Web,
        code: StatusCode,
        decision: Decision,
        comment: &str,
        alert: Option<Alert>,
    ) -> Response {
        let tongue = Tongue { languages: &web.languages, texts: &self.texts };
        html(tongue, code, &ConfirmPage::new(tongue, self.shown(), decision, comment, alert))
    }
}

/// What the address and the browser ask for.
struct Wish {
    /// The decision that is to be confirmed.
    decision: Option<Decision>,
    /// The language: the one switched to, else the one that the browser likes best of ours.
    texts: Option<Arc<Texts>>,
}

impl FromRequestParts<Arc<Web>> for Wish {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        Ok(Self::read(web, &parts.uri, &parts.headers))
    }
}

impl Wish {
    fn read(web: &Web, uri: &Uri, headers: &HeaderMap) -> Self {
        let asked = Query::<Asked>::try_from_uri(uri).map(|Query(asked)| asked).unwrap_or_default();
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let texts = web.languages.named(&asked.lang).or_else(|| web.languages.accepted(header));
        Self { decision: asked.decision(), texts: texts.cloned() }
    }
}

/// A page that says that something did not work, in English where no language is asked for.
fn problem(web: &Web, texts: Option<&Texts>, code: StatusCode, problem: Problem) -> Response {
    let tongue = Tongue { languages: &web.languages, texts: texts.unwrap_or_else(|| web.languages.english()) };
    html(tongue, code, &ProblemPage::new(tongue, problem))
}

fn unavailable(web: &Web, texts: Option<&Texts>, error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "the consent page cannot answer");
    guard::busy(web, texts)
}

fn html(tongue: Tongue<'_>, code: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => (code, [(header::CONTENT_LANGUAGE, tongue.texts.language.clone())], Html(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
