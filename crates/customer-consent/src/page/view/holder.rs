//! The page on which the holder of a legacy association, which was recorded before claims existed,
//! writes a statement to the reviewers (R58a).

use askama::Template;

use super::{PageFrame, PageLanguage};
use crate::domain::{HolderNotice, HolderNoticeKind, LegacyHolder};
use crate::holder_notices::holder_values;
use crate::translation::Text;

/// Whether the holder can send a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementState {
    /// The holder can send a statement.
    Open,
    /// The holder has sent its statement.
    Sent,
    /// A statement is no longer possible.
    Over,
}

/// The page with the question to the holder, and the form for the statement.
#[derive(Template)]
#[template(path = "holder.html")]
pub(crate) struct HolderPage<'a> {
    frame: PageFrame<'a>,
    title: String,
    lead: String,
    /// The comment of the reviewer; may be empty.
    comment: &'a str,
    /// The paragraph with the time until which the holder can answer.
    until: Option<String>,
    /// The error message, if an incomplete form was sent.
    alert: Option<String>,
    /// The form, if the holder can send a statement.
    form: Option<FormTexts<'a>>,
}

struct FormTexts<'a> {
    label: String,
    hint: String,
    check: String,
    button: String,
    /// What the holder has entered.
    value: &'a str,
    /// The secret of the session, which a form from another site does not contain.
    secret: &'a str,
}

/// The values with which the form is shown.
#[derive(Clone, Copy)]
pub(crate) struct FormContent<'a> {
    /// What the holder has entered.
    pub(crate) statement: &'a str,
    /// Whether the form was sent and is incomplete.
    pub(crate) is_incomplete: bool,
    /// The secret of the session, which a form from another site does not contain.
    pub(crate) secret: &'a str,
}

impl<'a> HolderPage<'a> {
    /// Creates the page. `due` is the time until which the holder can answer.
    pub(crate) fn new(
        language: PageLanguage<'a>,
        holder: &'a LegacyHolder,
        notice: Option<&'a HolderNotice>,
        state: StatementState,
        due: Option<&str>,
        content: FormContent<'a>,
    ) -> Self {
        let texts = &language.translation.holder;
        let values = holder_values(holder, due.unwrap_or_default());
        let fill = |text: &Text| text.fill(&values);
        let is_request = notice.is_some_and(|notice| notice.kind == HolderNoticeKind::StatementRequested);
        let question = if is_request { &texts.statement_lead } else { &texts.contested_lead };
        let (title, lead) = match state {
            StatementState::Open => (&texts.title, question),
            StatementState::Sent => (&texts.sent_title, &texts.sent),
            StatementState::Over => (&texts.over_title, &texts.over),
        };
        let is_open = state == StatementState::Open;
        let form = || FormTexts {
            label: texts.label.plain(),
            hint: texts.hint.plain(),
            check: fill(&texts.check),
            button: texts.button.plain(),
            value: content.statement,
            secret: content.secret,
        };
        Self {
            frame: PageFrame::new(language, None),
            title: fill(title),
            lead: fill(lead),
            comment: notice.filter(|_| is_open).map_or("", |notice| &notice.comment),
            until: due.filter(|_| is_open).map(|_| fill(&texts.until)),
            alert: content.is_incomplete.then(|| texts.missing.plain()),
            form: is_open.then(form),
        }
    }
}
