//! Composes the mails that remind reviewers of deadlines (reminders, R48), tell review leads about
//! overdue cases (escalations, R45), and tell reviewers that a notice (a mail to the customer
//! contact) bounced (R41a, R41b). A case has several deadlines, its clocks, which can stop and
//! continue. A mail contains no evidence, no comments and no link.
use crate::{
    domain::{Clock, ClockKind, ReviewCase},
    store::{case_query::CaseQuery, mails},
};
use askama::Template;
use cpor_database::Db;
use cpor_mail::{Mail, MailRenderer, Message, Outcome, RenderResult, RendererError};
use cpor_types::{CaseId, Malformed, TenantId};
use serde::Deserialize;
use uuid::Uuid;

/// Composes each mail right before it is sent.
pub(crate) struct ReminderComposer {
    /// The database from which the cases are read.
    pub db: Db,
}

/// The data of a queued mail.
#[derive(Deserialize)]
struct MailData {
    /// The id of the case that the mail is about.
    case: Uuid,
    /// The clock whose deadline will pass soon or has passed, in a reminder or an escalation.
    clock: Option<ClockKind>,
    /// Whether the customer had consented already, in a mail about a bounce: the association was
    /// official (the partner was on record) or about to become so.
    #[serde(default)]
    consent_complete: bool,
}

impl MailRenderer for ReminderComposer {
    /// Composes the mail from the current state of the case. The mail is withdrawn if it no longer
    /// applies. A reminder applies while the clock of an open case runs, an escalation while the
    /// clock of an open case is overdue, and a mail about a bounce while the case is approved.
    async fn render(&self, mail: &Mail) -> Result<RenderResult, RendererError> {
        let MailData { case, clock, consent_complete } =
            serde_json::from_value(mail.data.clone()).map_err(renderer_error)?;
        let tenant: TenantId = mail.owner.parse().map_err(|malformed: Malformed| renderer_error(malformed))?;
        let stored =
            CaseQuery::for_tenant(self.db.reader(), tenant).find(CaseId(case)).await.map_err(renderer_error)?;
        let Some(case) = stored.map(|stored| stored.state) else { return Ok(RenderResult::Withdrawn) };
        let clock = clock.filter(|_| case.phase().is_open()).and_then(|kind| Some((kind, case.clocks.get(kind)?)));
        let content = match (mail.kind.as_str(), clock) {
            (mails::REMINDER, Some((kind, Clock::Running { .. }))) => MailContent::reminder(&case, kind),
            (mails::ESCALATION, Some((kind, Clock::Overdue { .. }))) => MailContent::escalation(&case, kind),
            (mails::BOUNCE, _) if case.phase().is_approved() => MailContent::bounce(&case, consent_complete),
            (_, _) => return Ok(RenderResult::Withdrawn),
        };
        let message = Message {
            name: String::new(),
            address: mail.recipient.clone(),
            return_path: None,
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
    /// The subject line of the mail.
    subject: String,
    /// The sentence at the top of the mail.
    introduction: String,
    /// The resource name of the case.
    case: String,
    /// The display names of the claim's partner and customer, for example `Contoso for Fabrikam`.
    claim: String,
    /// The due time of the clock, in RFC 3339 format. `None` if the mail is not about a clock.
    due: Option<String>,
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

    fn bounce(case: &ReviewCase, consent_complete: bool) -> Self {
        let subject = format!("The customer was not reached: {}", case.snapshot.claim_display_name);
        let effect = if consent_complete {
            "The consent is complete, and nothing changes by itself."
        } else {
            "The association is pending until a notice is accepted. The partner was told and can correct the contact."
        };
        let introduction = format!("A notice to the customer of this claim bounced. {effect}");
        Self::with_due(case, None, subject, introduction)
    }

    fn new(case: &ReviewCase, clock: ClockKind, subject: String, introduction: String) -> Self {
        let due = case.clocks.get(clock).and_then(Clock::due).map(|due| due.to_rfc3339()).unwrap_or_default();
        Self::with_due(case, Some(due), subject, introduction)
    }

    fn with_due(case: &ReviewCase, due: Option<String>, subject: String, introduction: String) -> Self {
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

/// The template of the plain-text body.
#[derive(Template)]
#[template(
    source = "{{ content.introduction }}\n\nClaim: {{ content.claim }}\n{% if let Some(due) = content.due %}Due: {{ due }}\n{% endif %}Case: {{ content.case }}\n",
    ext = "txt"
)]
struct PlainTextMail<'a> {
    content: &'a MailContent,
}

/// The template of the HTML body.
#[derive(Template)]
#[template(
    source = "<p>{{ content.introduction }}</p><ul><li>Claim: {{ content.claim }}</li>{% if let Some(due) = content.due %}<li>Due: {{ due }}</li>{% endif %}<li>Case: {{ content.case }}</li></ul>",
    ext = "html"
)]
struct HtmlMail<'a> {
    content: &'a MailContent,
}
