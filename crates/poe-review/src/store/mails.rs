//! Queues mails to reviewers and review leads, in the transaction that records a passed deadline, a
//! due reminder (R45, R48) or a notice (a mail to the customer contact) that bounced (R41a, R41b).
use crate::domain::{CaseEvent, ClockAlert, ClockKind, ReviewCase};
use cpor_durable::{AggregateKey, Change, RecordedEvent, Tx};
use cpor_mail::NewMail;
use cpor_types::PersonalData;
use sea_orm::DbErr;
use uuid::Uuid;

/// The kind of mails that remind a reviewer of a deadline.
pub(crate) const REMINDER: &str = "reminder";
/// The kind of mails that tell the review leads about an overdue case.
pub(crate) const ESCALATION: &str = "escalation";

/// The kind of mails that tell a reviewer that a notice to the customer bounced.
pub(crate) const BOUNCE: &str = "bounce";

/// Returns the mails that a change of a case causes. A reminder and a bounce are sent to the
/// reviewer, or to the review leads if the reviewer has no address. An escalation is sent to the
/// review leads. If there is no address, no mail is sent.
pub(super) fn new_mails<'a>(
    change: &'a Change<ReviewCase>,
    lead_mail: Option<&'a str>,
) -> impl Iterator<Item = NewMail> + use<'a> {
    change.events.iter().filter_map(move |recorded| {
        let reviewer_mail = change.after.state.reviewer().filter(|subject| is_address(subject));
        if let CaseEvent::NoticeBounced { consent_complete } = &recorded.event {
            let data = serde_json::json!({ "case": change.key.id, "consent_complete": consent_complete });
            let id = bounce_mail_id(&change.key, recorded.version);
            return Some(new_mail(change, recorded, BOUNCE, reviewer_mail.or(lead_mail)?, id, data));
        }
        let (kind, recipient, clock) = match recorded.event.clock_alert()? {
            ClockAlert::Overdue(clock) => (ESCALATION, lead_mail?, clock),
            ClockAlert::Reminder(clock) => (REMINDER, reviewer_mail.or(lead_mail)?, clock),
        };
        let id = mail_id(&change.key, kind, clock, recorded.version);
        let data = serde_json::json!({ "case": change.key.id, "clock": clock });
        Some(new_mail(change, recorded, kind, recipient, id, data))
    })
}

fn new_mail(
    change: &Change<ReviewCase>,
    recorded: &RecordedEvent<CaseEvent>,
    kind: &'static str,
    recipient: &str,
    id: Uuid,
    data: serde_json::Value,
) -> NewMail {
    let (owner, recipient) = (change.key.owner.clone(), recipient.to_owned());
    NewMail { owner, id, kind, recipient, time: recorded.recorded_time, data }
}

/// Derives the id of a mail from the case, the kind of mail, the clock, and the version of the case
/// in which the deadline passed. So each deadline has at most one mail.
fn mail_id(case: &AggregateKey, kind: &str, clock: ClockKind, version: u64) -> Uuid {
    Uuid::new_v5(&case.id, format!("{kind} {} {version}", clock.as_str()).as_bytes())
}

/// Derives the id of a mail about a bounce from the case and its version.
fn bounce_mail_id(case: &AggregateKey, version: u64) -> Uuid {
    Uuid::new_v5(&case.id, format!("{BOUNCE} {version}").as_bytes())
}

/// Erases the recipients of all mails about a case when a change erases its subjects (user ids,
/// which can be mail addresses, R56). The id of a mail contains the version of the case in which
/// the mail was queued, so the ids are derived for each version so far.
pub(super) async fn erase_recipients(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    for Change { key, after, events, .. } in changes {
        if events.iter().any(|recorded| recorded.event.erased_kinds().contains(&PersonalData::Subjects)) {
            let kinds_and_clocks =
                || ClockKind::ALL.into_iter().flat_map(|clock| [(REMINDER, clock), (ESCALATION, clock)]);
            let ids_of_version = |version| {
                let clock_mails = kinds_and_clocks().map(move |(kind, clock)| mail_id(key, kind, clock, version));
                clock_mails.chain([bounce_mail_id(key, version)])
            };
            let ids = (1..=after.version).flat_map(ids_of_version).collect::<Vec<_>>();
            cpor_mail::withdraw_and_erase(tx, &key.owner, &ids).await?;
        }
    }
    Ok(())
}

/// Returns whether a subject is also an e-mail address.
fn is_address(subject: &str) -> bool {
    let parts = subject.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        && !subject.contains(char::is_whitespace)
}
