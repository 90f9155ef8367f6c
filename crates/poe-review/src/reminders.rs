//! Composes the mails that remind reviewers of deadlines (R48) and tell leads about overdue cases
//! (R45). A mail contains no evidence, no comments and no link; the recipient opens the case
//! itself.
use crate::{
    domain::{Clock, ClockKind, ReviewCase},
    store::{case_query::CaseQuery, mails},
};
use askama::Template;
use cpor_kit::Db;
use cpor_mail::{Mail, MailRenderer, Message, Outcome, RenderResult, RendererError};
use cpor_types::{CaseId, Malformed, TenantId};
use serde::Deserialize;
use uuid::Uuid;

/// Composes a reminder or escalation mail when it is about to be sent.
pub(crate) struct ReminderComposer {
    pub db: Db,
}

/// The data that a queued mail carries: the case and the clock that the mail is about.
#[derive(Deserialize)]
struct MailData {
    case: Uuid,
    clock: ClockKind,
}

impl MailRenderer for ReminderComposer {
    /// Composes the mail from the current state of the case. The mail is withdrawn if it is no
    /// longer true: the clock has stopped, or the case is approved, rejected or closed.
    async fn render(&self, mail: &Mail) -> Result<RenderResult, RendererError> {
        let MailData { case, clock } = serde_json::from_value(mail.data.clone()).map_err(renderer_error)?;
        let tenant: TenantId = mail.owner.parse().map_err(|malformed: Malformed| renderer_error(malformed))?;
        let stored =
            CaseQuery::for_tenant(self.db.reader(), tenant).find(CaseId(case)).await.map_err(renderer_error)?;
        let Some(case) = stored.map(|stored| stored.state).filter(|case| case.phase().is_open()) else {
            return Ok(RenderResult::Withdrawn);
        };
        let content = match (mail.kind.as_str(), case.clocks.get(clock)) {
            (mails::REMINDER, Some(Clock::Running { .. })) => MailContent::reminder(&case, clock),
            (mails::ESCALATION, Some(Clock::Passed { .. })) => MailContent::escalation(&case, clock),
            (_, _) => return Ok(RenderResult::Withdrawn),
        };
        let message = Message {
            name: String::new(),
            address: mail.recipient.clone(),
            subject: content.subject.clone(),
            text: PlainTextMail { content: &content }.render().map_err(renderer_error)?,
            html: HtmlMail { content: &content }.render().map_err(renderer_error)?,
        };
        Ok(RenderResult::Message(Box::new(message)))
    }

    /// Does nothing: the outcome of a reminder has no effect on the case.
    async fn record_outcome(&self, _mail: &Mail, _outcome: Outcome) -> Result<(), RendererError> {
        Ok(())
    }
}

fn renderer_error(error: impl std::fmt::Display) -> RendererError {
    RendererError(error.to_string())
}

/// The texts of one mail, which both templates show.
struct MailContent {
    subject: String,
    /// The sentence at the top of the mail.
    introduction: String,
    /// The resource name of the case.
    case: String,
    /// The partner and the customer of the claim.
    claim: String,
    /// The due time of the clock, in RFC 3339 format.
    due: String,
}

impl MailContent {
    fn reminder(case: &ReviewCase, clock: ClockKind) -> Self {
        let subject = format!("Soon due: {} of {}", clock_title(clock), case.snapshot.claim_display_name);
        Self::new(case, clock, subject, format!("The {} of this case is due soon.", clock_title(clock)))
    }

    fn escalation(case: &ReviewCase, clock: ClockKind) -> Self {
        let subject = format!("Overdue: {} of {}", clock_title(clock), case.snapshot.claim_display_name);
        Self::new(case, clock, subject, format!("The {} of this case is overdue.", clock_title(clock)))
    }

    fn new(case: &ReviewCase, clock: ClockKind, subject: String, introduction: String) -> Self {
        let due = case.clocks.get(clock).and_then(Clock::due).map(|due| due.to_rfc3339()).unwrap_or_default();
        let (name, claim) = (format!("tenants/{}/reviewCases/{}", case.tenant, case.id), &case.snapshot);
        let claim = format!("{} for {}", claim.partner_display_name, claim.customer_display_name);
        Self { subject, introduction, case: name, claim, due }
    }
}

/// Returns the name of the clock as the mails print it.
const fn clock_title(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Start => "start of the review",
        ClockKind::Decision => "decision",
        ClockKind::Overall => "review as a whole",
        ClockKind::DisputeDecision => "decision on the dispute",
    }
}

#[derive(Template)]
#[template(
    source = "{{ content.introduction }}\n\nClaim: {{ content.claim }}\nDue: {{ content.due }}\nCase: {{ content.case }}\n",
    ext = "txt"
)]
struct PlainTextMail<'a> {
    content: &'a MailContent,
}

#[derive(Template)]
#[template(
    source = "<p>{{ content.introduction }}</p><ul><li>Claim: {{ content.claim }}</li><li>Due: {{ content.due }}</li><li>Case: {{ content.case }}</li></ul>",
    ext = "html"
)]
struct HtmlMail<'a> {
    content: &'a MailContent,
}
