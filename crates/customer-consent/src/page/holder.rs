//! The page on which the holder of a legacy association, which was recorded before claims existed,
//! writes a statement to the reviewers (R58a). As on the consent page, only a `POST` with a
//! confirmed statement changes anything (R43).

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use cpor_durable::{Command, CommandError};
use cpor_types::{Actor, ActorSide};

use super::form::StatementForm;
use super::session::{Session, start_session};
use super::view::{FormContent, HolderPage, PageLanguage, Problem, StatementState};
use super::{PageContext, RequestOptions, guard, problem_page, render_page, token_hash, unavailable_page};
use crate::consent_text::format_time;
use crate::domain::{Answer, LegacyHolder, StatementRefusal};
use crate::store::holder::{self, HolderLink};
use crate::translation::Translation;

/// Starts a session and redirects to the address of the page without the token.
pub(super) async fn open_statement_link(
    State(context): State<Arc<PageContext>>,
    token: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    options: RequestOptions,
) -> Response {
    let (token, translation) = (token_hash(token), options.translation.as_deref());
    if let Err(wait) = context.limits.links.check(token) {
        return guard::too_many_requests_page(&context, translation, wait);
    }
    match context.links.find_for_holder(token).await {
        Ok(Some(link)) => start_session(&context, "answer", link.notice, token, query.as_deref()),
        Ok(None) => problem_page(&context, translation, StatusCode::NOT_FOUND, Problem::UnknownLink),
        Err(error) => unavailable_page(&context, translation, &error),
    }
}

/// Shows the question to the holder, with the form for the statement.
pub(super) async fn show_statement(
    State(context): State<Arc<PageContext>>,
    session: Session,
    options: RequestOptions,
) -> Response {
    match LinkedHolder::find(&context, session, &options).await {
        Ok(linked) => linked.page(&context, StatusCode::OK, "", false),
        Err(error_page) => error_page,
    }
}

/// Records a statement that was confirmed in the form. Otherwise shows the form again.
pub(super) async fn submit_statement(
    State(context): State<Arc<PageContext>>,
    session: Session,
    options: RequestOptions,
    form: Result<axum::Form<StatementForm>, FormRejection>,
) -> Response {
    let Ok(axum::Form(form)) = form else {
        return problem_page(&context, options.translation.as_deref(), StatusCode::BAD_REQUEST, Problem::InvalidForm);
    };
    if !session.owns_form(&form.session) {
        return problem_page(&context, options.translation.as_deref(), StatusCode::FORBIDDEN, Problem::FromOtherSite);
    }
    let linked = match LinkedHolder::find(&context, session, &options).await {
        Ok(linked) => linked,
        Err(error_page) => return error_page,
    };
    let text = form.text();
    if !form.is_complete() && linked.state() == StatementState::Open {
        return linked.page(&context, StatusCode::UNPROCESSABLE_ENTITY, &text, true);
    }
    linked.submit(&context, text).await
}

/// The holder that a link leads to, in the reader's language.
struct LinkedHolder {
    session: Session,
    link: HolderLink,
    /// The holder, with passed deadlines applied.
    holder: LegacyHolder,
    translation: Arc<Translation>,
}

impl LinkedHolder {
    /// Loads the holder of the link. Returns an error page if there is none or it cannot be read.
    async fn find(context: &PageContext, session: Session, options: &RequestOptions) -> Result<Self, Response> {
        let translation = options.translation.as_deref();
        let unavailable = |error: &dyn std::fmt::Display| unavailable_page(context, translation, error);
        let unknown = || problem_page(context, translation, StatusCode::NOT_FOUND, Problem::UnknownLink);
        let link = context.links.find_for_holder(session.link_token).await.map_err(|error| unavailable(&error))?;
        let link = link.ok_or_else(unknown)?;
        let holder = holder::find(&context.consents.db, &link.holder).await.map_err(|error| unavailable(&error))?;
        let now = context.consents.now().await.map_err(|error| unavailable(&error))?;
        let holder = holder.ok_or_else(unknown)?.with_deadlines_applied(now);
        let by_calendar = || context.languages.for_calendar(&holder.details.calendar).clone();
        let translation = options.translation.clone().unwrap_or_else(by_calendar);
        Ok(Self { session, link, holder, translation })
    }

    fn state(&self) -> StatementState {
        match self.holder.notice(self.link.notice).map(|notice| &notice.answer) {
            Some(Answer::Open(_)) => StatementState::Open,
            Some(Answer::Given) => StatementState::Sent,
            Some(Answer::Over) | None => StatementState::Over,
        }
    }

    async fn submit(mut self, context: &PageContext, text: String) -> Response {
        // The person who used the link is unknown, so the id of the notice stands for the actor.
        let actor = Actor::new(ActorSide::Partner, format!("link:{}", self.link.notice));
        let command = Command::new("give_legacy_statement", self.link.holder.clone(), actor);
        let notice = self.link.notice;
        let decide = move |holder: Option<&LegacyHolder>, now| {
            holder.ok_or(StatementRefusal::NotFound)?.give_statement(notice, &text, now)
        };
        match context.holders.execute(command, decide).await {
            Ok(committed) => {
                self.holder = committed.state.unwrap_or(self.holder);
                self.page(context, StatusCode::OK, "", false)
            }
            Err(CommandError::Refused(StatementRefusal::NotFound)) => {
                problem_page(context, Some(&self.translation), StatusCode::NOT_FOUND, Problem::UnknownLink)
            }
            Err(CommandError::Refused(StatementRefusal::Over)) => self.page(context, StatusCode::CONFLICT, "", false),
            Err(CommandError::Conflict(conflict)) => match conflict {},
            Err(
                CommandError::VersionMismatch { .. }
                | CommandError::RequestIdReused
                | CommandError::SequenceGap { .. }
                | CommandError::Overloaded
                | CommandError::Unavailable(_),
            ) => guard::busy_page(context, Some(&self.translation)),
        }
    }

    /// Renders the page. `statement` fills the form. `is_incomplete` is true if the form was sent
    /// and is incomplete: the page then shows an error message.
    fn page(&self, context: &PageContext, code: StatusCode, statement: &str, is_incomplete: bool) -> Response {
        let language = PageLanguage { languages: &context.languages, translation: &self.translation };
        let notice = self.holder.notice(self.link.notice);
        let due = notice.and_then(|notice| notice.deadline()).map(|deadline| deadline.due);
        let calendar = context.consents.rules.calendars.get(&self.holder.details.calendar);
        let content = FormContent { statement, is_incomplete, secret: &self.session.form_secret };
        let due = due.zip(calendar.ok()).map(|(due, calendar)| format_time(&self.translation.time, calendar, due));
        let page = HolderPage::new(language, &self.holder, notice, self.state(), due.as_deref(), content);
        render_page(language, code, &page)
    }
}
