//! Mails to reviewers and leads, queued in the transaction in which a clock passes or is about to (R45, R48).
use crate::domain::{CaseEvent, ClockKind, ReviewCase};
use cpor_durable::{Change, Recorded};
use cpor_mail::Draft;
use uuid::Uuid;

/// The kind of a mail to remind a reviewer.
pub(crate) const REMINDER: &str = "reminder";
/// The kind of a mail that tells a lead that a case is overdue.
pub(crate) const ESCALATION: &str = "escalation";

/// The mails that a change asks for. Nothing is sent to who has no address.
pub(super) fn drafts<'a>(
    change: &'a Change<ReviewCase>,
    lead: Option<&'a str>,
) -> impl Iterator<Item = Draft> + use<'a> {
    change.events.iter().filter_map(move |recorded| {
        let reviewer = change.after.state.reviewer().filter(|subject| is_address(subject));
        let (kind, recipient, clock) = match recorded.event.told_by_mail()? {
            (clock, true) => (ESCALATION, lead?, clock),
            (clock, false) => (REMINDER, reviewer.or(lead)?, clock),
        };
        Some(draft(change, recorded, kind, recipient, clock))
    })
}

fn draft(
    change: &Change<ReviewCase>,
    recorded: &Recorded<CaseEvent>,
    kind: &'static str,
    recipient: &str,
    clock: ClockKind,
) -> Draft {
    // One mail for each version of the case, which is one for each deadline that passes.
    let id = Uuid::new_v5(&change.key.id, format!("{kind} {} {}", clock.as_str(), recorded.version).as_bytes());
    let data = serde_json::json!({ "case": change.key.id, "clock": clock });
    let (owner, recipient) = (change.key.owner.clone(), recipient.to_owned());
    Draft { owner, id, kind, recipient, time: recorded.recorded_time, data }
}

/// Whether a subject is an e-mail address too.
fn is_address(subject: &str) -> bool {
    let parts = subject.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        && !subject.contains(char::is_whitespace)
}
