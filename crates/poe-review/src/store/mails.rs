//! Mails to reviewers and leads, queued in the transaction in which a clock passes or is about to (R45, R48).
use crate::domain::{CaseEvent, ClockKind, ReviewCase};
use cpor_durable::{Change, Key, Recorded, Tx};
use cpor_mail::Draft;
use cpor_types::PersonalData;
use sea_orm::DbErr;
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
    let id = id(&change.key, kind, clock, recorded.version);
    let data = serde_json::json!({ "case": change.key.id, "clock": clock });
    let (owner, recipient) = (change.key.owner.clone(), recipient.to_owned());
    Draft { owner, id, kind, recipient, time: recorded.recorded_time, data }
}

/// One mail for each version of the case, which is one for each deadline that passes.
fn id(case: &Key, kind: &str, clock: ClockKind, version: u64) -> Uuid {
    Uuid::new_v5(&case.id, format!("{kind} {} {version}", clock.as_str()).as_bytes())
}

/// Forgets to whom mails about a case went whose people are erased (R56): those that any version of it may have asked for.
pub(super) async fn forget(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), DbErr> {
    for Change { key, after, events, .. } in changes {
        if events.iter().any(|recorded| recorded.event.erased().contains(&PersonalData::Subjects)) {
            let clocks = || ClockKind::ALL.into_iter().flat_map(|clock| [(REMINDER, clock), (ESCALATION, clock)]);
            let of = |version| clocks().map(move |(kind, clock)| id(key, kind, clock, version));
            cpor_mail::forget(tx, &key.owner, &(1..=after.version).flat_map(of).collect::<Vec<_>>()).await?;
        }
    }
    Ok(())
}

/// Whether a subject is an e-mail address too.
fn is_address(subject: &str) -> bool {
    let parts = subject.split_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        && !subject.contains(char::is_whitespace)
}
