//! What reviewers and leads read by mail of deadlines ahead (R48) and of cases that are overdue (R45). No evidence, no
//! comments, no link: they look into the case.
use crate::{
    domain::{Clock, ClockKind, ReviewCase},
    store::{mails, query::Cases},
};
use askama::Template;
use cpor_kit::Db;
use cpor_mail::{Composed, Composer, Mail, Message, Outcome, Unavailable};
use cpor_types::{CaseId, Malformed, TenantId};
use serde::Deserialize;
use uuid::Uuid;

/// Words the mails at the moment of sending.
pub(crate) struct Reminders {
    pub db: Db,
}

/// What a mail is about.
#[derive(Deserialize)]
struct About {
    case: Uuid,
    clock: ClockKind,
}

impl Composer for Reminders {
    /// A mail that is no longer true is not sent: the clock has stopped, or the case is over.
    async fn compose(&self, mail: &Mail) -> Result<Composed, Unavailable> {
        let About { case, clock } = serde_json::from_value(mail.data.clone()).map_err(unavailable)?;
        let tenant: TenantId = mail.owner.parse().map_err(|malformed: Malformed| unavailable(malformed))?;
        let found = Cases::of(self.db.reader(), tenant).find(CaseId(case)).await.map_err(unavailable)?;
        let Some(case) = found.map(|found| found.state).filter(|case| case.phase().is_open()) else {
            return Ok(Composed::Withdrawn);
        };
        let words = match (mail.kind.as_str(), case.clocks.get(clock)) {
            (mails::REMINDER, Some(Clock::Running { .. })) => Words::ahead(&case, clock),
            (mails::ESCALATION, Some(Clock::Passed { .. })) => Words::overdue(&case, clock),
            (_, _) => return Ok(Composed::Withdrawn),
        };
        let message = Message {
            name: String::new(),
            address: mail.recipient.clone(),
            subject: words.subject.clone(),
            text: Plain { words: &words }.render().map_err(unavailable)?,
            html: Html { words: &words }.render().map_err(unavailable)?,
        };
        Ok(Composed::Message(Box::new(message)))
    }

    /// Nothing follows from it.
    async fn settled(&self, _mail: &Mail, _outcome: Outcome) -> Result<(), Unavailable> {
        Ok(())
    }
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(error.to_string())
}

struct Words {
    subject: String,
    lead: String,
    case: String,
    claim: String,
    due: String,
}

impl Words {
    fn ahead(case: &ReviewCase, clock: ClockKind) -> Self {
        let subject = format!("Soon due: {} of {}", called(clock), case.snapshot.claim_display_name);
        Self::new(case, clock, subject, format!("The {} of this case is due soon.", called(clock)))
    }

    fn overdue(case: &ReviewCase, clock: ClockKind) -> Self {
        let subject = format!("Overdue: {} of {}", called(clock), case.snapshot.claim_display_name);
        Self::new(case, clock, subject, format!("The {} of this case is overdue.", called(clock)))
    }

    fn new(case: &ReviewCase, clock: ClockKind, subject: String, lead: String) -> Self {
        let due = case.clocks.get(clock).and_then(Clock::due).map(|due| due.to_rfc3339()).unwrap_or_default();
        let (name, claim) = (format!("tenants/{}/reviewCases/{}", case.tenant, case.id), &case.snapshot);
        let claim = format!("{} for {}", claim.partner_display_name, claim.customer_display_name);
        Self { subject, lead, case: name, claim, due }
    }
}

const fn called(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Start => "start of the review",
        ClockKind::Decision => "decision",
        ClockKind::Overall => "review as a whole",
        ClockKind::DisputeDecision => "decision on the dispute",
    }
}

#[derive(Template)]
#[template(
    source = "{{ words.lead }}\n\nClaim: {{ words.claim }}\nDue: {{ words.due }}\nCase: {{ words.case }}\n",
    ext = "txt"
)]
struct Plain<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(
    source = "<p>{{ words.lead }}</p><ul><li>Claim: {{ words.claim }}</li><li>Due: {{ words.due }}</li><li>Case: {{ words.case }}</li></ul>",
    ext = "html"
)]
struct Html<'a> {
    words: &'a Words,
}
