//! The holder of a legacy association: a partner's record for a customer's subscription that was
//! made before claims existed (R58). The holder has no claim. A mail tells the holder that another
//! company claims the same subscription, that a reviewer asks for a statement, or that the
//! association has ended (R58a). The holder answers through the link in the mail.

use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{CaseId, Deadline, Personal, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The holder of one legacy association.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LegacyHolder {
    /// The association and the holder's contact, as last reported by the registry.
    pub(crate) details: HolderDetails,
    /// The mails to the holder, the oldest first.
    pub(crate) notices: Vec<HolderNotice>,
    /// The time of the last change.
    pub(crate) update_time: Timestamp,
}

/// The legacy association, and the contact to which its mails are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HolderDetails {
    /// The display name of the customer.
    pub(crate) customer: String,
    /// The display name of the holder's company.
    pub(crate) partner: String,
    /// The display name of the product.
    pub(crate) product: String,
    /// The claimed subscription, as `subscriptions/{uuid}`.
    pub(crate) key: String,
    /// The id of the calendar of the holder's location.
    pub(crate) calendar: String,
    pub(crate) contact_name: Personal,
    pub(crate) contact_email: Personal,
}

/// One mail to a holder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HolderNotice {
    /// The id of the notice and of its mail.
    pub(crate) id: Uuid,
    /// What the mail is about.
    pub(crate) kind: HolderNoticeKind,
    /// The review case of the competing claim. `None` if the association has ended.
    pub(crate) review_case: Option<CaseId>,
    /// The comment of the reviewer who asks for a statement; otherwise empty. It is removed when
    /// the holder has answered or can no longer answer, and when it is erased (R56).
    pub(crate) comment: String,
    /// Whether the holder can answer.
    pub(crate) answer: Answer,
    /// The reminder of the deadline for the answer (R48). `None` if there is no deadline, or if the
    /// time until the deadline is too short for a reminder.
    #[serde(default)]
    pub(crate) reminder: Option<Reminder>,
}

/// The reminder of a request for a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reminder {
    /// The holder is reminded at this time.
    Due(Timestamp),
    /// The mail with this id was queued.
    Queued(Uuid),
}

/// What a mail to a holder is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HolderNoticeKind {
    /// Another company claims the same subscription.
    Contested,
    /// A reviewer asks for a statement.
    StatementRequested,
    /// The association ended in favour of another company.
    Superseded,
    /// The association ended because the customer declined it.
    Declined,
    /// The association ended with its subscription.
    Expired,
}

impl HolderNoticeKind {
    /// Returns the name of the kind in the table of mails. It never changes.
    pub(crate) const fn mail_kind(self) -> &'static str {
        match self {
            Self::Contested => "legacy_contested",
            Self::StatementRequested => "legacy_statement",
            Self::Superseded => "legacy_superseded",
            Self::Declined => "legacy_declined",
            Self::Expired => "legacy_expired",
        }
    }

    /// Returns whether the mail tells that the association has ended.
    pub(crate) const fn is_loss(self) -> bool {
        match self {
            Self::Contested | Self::StatementRequested => false,
            Self::Superseded | Self::Declined | Self::Expired => true,
        }
    }
}

/// Whether and until when a holder can answer a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The holder can answer, until the deadline if there is one.
    Open(Option<Deadline>),
    /// The holder has answered.
    Given,
    /// The holder can no longer answer, or never could.
    Over,
}

/// A domain event of a holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HolderEvent {
    /// A mail to the holder was queued.
    NoticeQueued { notice: Uuid },
    /// A mail that reminds the holder of a request was queued (R48).
    ReminderQueued { mail: Uuid },
    /// A reviewer asked for a statement, and the holder can answer until `due`.
    DeadlineSet { review_case: CaseId, due: Timestamp },
    /// The holder has answered.
    StatementGiven { review_case: CaseId, text: Personal },
    /// The holder did not answer a request in time.
    StatementMissed { review_case: CaseId },
    /// The contact of the holder and the comments to it were erased (R56).
    PersonalDataErased,
    /// The holder's statements in this review case have to be erased (R56).
    StatementErased { review_case: CaseId },
}

/// The reason why a statement is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementRefusal {
    /// There is no such notice.
    NotFound,
    /// The notice can no longer be answered, or never could.
    Over,
}

impl LegacyHolder {
    /// The stored name of the deadline for a statement.
    pub(crate) const STATEMENT_DEADLINE: &'static str = "legacy_statement";
    /// The stored name of the reminder's due time, and of the kind of the reminder's mail.
    pub(crate) const REMINDER: &'static str = "legacy_statement_reminder";

    /// Queues a notice for the holder. `previous` is `None` if this is the first one. If the notice
    /// tells that the association has ended, earlier notices can no longer be answered.
    pub(crate) fn notify(
        previous: Option<&Self>,
        details: HolderDetails,
        notice: HolderNotice,
        now: Timestamp,
    ) -> Transition<Self> {
        let mut notices = previous.map(|holder| holder.notices.clone()).unwrap_or_default();
        if notice.kind.is_loss() {
            notices.iter_mut().filter(|earlier| earlier.is_open()).for_each(|earlier| earlier.end(Answer::Over));
        }
        let mut events = vec![HolderEvent::NoticeQueued { notice: notice.id }];
        if let (Some(review_case), Answer::Open(Some(deadline))) = (notice.review_case, &notice.answer) {
            events.push(HolderEvent::DeadlineSet { review_case, due: deadline.due });
        }
        notices.push(notice);
        Transition::new(Self { details, notices, update_time: now }, events)
    }

    /// Erases the contact and the comments to it (R56). The association has ended, so no notice can
    /// be answered any more. Returns `None` if there is nothing to erase.
    pub(crate) fn erase(&self, now: Timestamp) -> Option<Transition<Self>> {
        let mut next = self.clone();
        next.details.contact_name = Personal::empty();
        next.details.contact_email = Personal::empty();
        for notice in &mut next.notices {
            notice.comment.clear();
            if notice.is_open() {
                notice.answer = Answer::Over;
            }
        }
        let cases: BTreeSet<CaseId> = self.notices.iter().filter_map(|notice| notice.review_case).collect();
        let erased = cases.into_iter().map(|review_case| HolderEvent::StatementErased { review_case });
        let events = std::iter::once(HolderEvent::PersonalDataErased).chain(erased);
        (next != *self).then(|| Transition::new(Self { update_time: now, ..next }, events))
    }

    /// Erases the comments in the notices about these review cases (R56). Returns `None` if there
    /// are none.
    pub(crate) fn erase_comments(&self, cases: &BTreeSet<CaseId>, now: Timestamp) -> Option<Transition<Self>> {
        let mut next = self.clone();
        next.notices.iter_mut().filter(|notice| notice.is_about(cases)).for_each(|notice| notice.comment.clear());
        (next != *self).then(|| Transition::new(Self { update_time: now, ..next }, []))
    }

    /// Returns the ids of all mails to the holder.
    pub(crate) fn mails(&self) -> impl Iterator<Item = Uuid> {
        let reminder_of = |notice: &HolderNotice| match notice.reminder {
            Some(Reminder::Queued(mail)) => Some(mail),
            Some(Reminder::Due(_)) | None => None,
        };
        self.notices.iter().flat_map(move |notice| std::iter::once(notice.id).chain(reminder_of(notice)))
    }

    /// Returns the notice about which the reminder with this mail id was queued.
    pub(crate) fn notice_with_reminder(&self, mail: Uuid) -> Option<&HolderNotice> {
        self.notices.iter().find(|notice| notice.reminder == Some(Reminder::Queued(mail)))
    }

    pub(crate) fn notice(&self, id: Uuid) -> Option<&HolderNotice> {
        self.notices.iter().find(|notice| notice.id == id)
    }

    /// Records the holder's answer to a notice. Returns `None` if it was answered before.
    pub(crate) fn give_statement(
        &self,
        notice: Uuid,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Transition<Self>>, StatementRefusal> {
        let answered = self.notice(notice).ok_or(StatementRefusal::NotFound)?;
        match (&answered.answer, answered.review_case) {
            (Answer::Open(_), Some(review_case)) => {
                let event = HolderEvent::StatementGiven { review_case, text: text.into() };
                Ok(Some(Transition::new(self.with_answer(notice, Answer::Given, now), [event])))
            }
            (Answer::Given, _) => Ok(None),
            (Answer::Open(_) | Answer::Over, _) => Err(StatementRefusal::Over),
        }
    }

    /// Queues the reminder of a notice.
    fn remind(&self, notice: Uuid, now: Timestamp) -> Transition<Self> {
        let mut next = Self { update_time: now, ..self.clone() };
        let mail = Uuid::new_v5(&notice, Self::REMINDER.as_bytes());
        let changed = next.notices.iter_mut().find(|candidate| candidate.id == notice);
        changed.into_iter().for_each(|changed| changed.reminder = Some(Reminder::Queued(mail)));
        Transition::new(next, [HolderEvent::ReminderQueued { mail }])
    }

    fn with_answer(&self, notice: Uuid, answer: Answer, now: Timestamp) -> Self {
        let mut next = Self { update_time: now, ..self.clone() };
        let changed = next.notices.iter_mut().find(|candidate| candidate.id == notice);
        changed.into_iter().for_each(|changed| changed.end(answer.clone()));
        next
    }

    /// Applies the deadlines that have passed by `now` (R47).
    pub(crate) fn with_deadlines_applied(mut self, now: Timestamp) -> Self {
        while let Some(passed) = self.apply_passed_deadline(now) {
            self = passed.transition.next;
        }
        self
    }
}

impl HolderNotice {
    /// Records that the holder has answered or can no longer answer.
    fn end(&mut self, answer: Answer) {
        self.answer = answer;
        self.comment.clear();
    }

    /// Returns whether the notice is about one of these review cases.
    pub(crate) fn is_about(&self, cases: &BTreeSet<CaseId>) -> bool {
        self.review_case.is_some_and(|review_case| cases.contains(&review_case))
    }

    /// Returns whether the holder can answer.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Open(_))
    }

    /// Returns the deadline for the answer.
    pub(crate) const fn deadline(&self) -> Option<&Deadline> {
        match &self.answer {
            Answer::Open(deadline) => deadline.as_ref(),
            Answer::Given | Answer::Over => None,
        }
    }

    /// Returns the deadlines that are still to come: the reminder and the deadline for the answer.
    fn deadlines(&self) -> impl Iterator<Item = Deadline> {
        let reminder = self.deadline().and_then(|deadline| match self.reminder? {
            Reminder::Due(due) => {
                Some(Deadline { due, kind: LegacyHolder::REMINDER.into(), rule: deadline.rule.clone() })
            }
            Reminder::Queued(_) => None,
        });
        reminder.into_iter().chain(self.deadline().cloned())
    }
}

impl Aggregate for LegacyHolder {
    type Event = HolderEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        self.notices.iter().flat_map(HolderNotice::deadlines).collect()
    }

    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        let pending = self.notices.iter().flat_map(|notice| notice.deadlines().map(move |deadline| (deadline, notice)));
        let passed = pending.filter(|(deadline, _)| deadline.has_passed(now));
        let (deadline, notice) = passed.min_by_key(|(deadline, _)| deadline.due)?;
        let transition = if deadline.kind == Self::REMINDER {
            self.remind(notice.id, deadline.due)
        } else {
            let missed = notice.review_case.map(|review_case| HolderEvent::StatementMissed { review_case });
            Transition::new(self.with_answer(notice.id, Answer::Over, deadline.due), missed)
        };
        Some(PassedDeadline { due: deadline.due, transition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn details() -> HolderDetails {
        let text = |text: &str| text.to_owned();
        HolderDetails {
            customer: text("Fabrikam"),
            partner: text("Contoso"),
            product: text("Power BI"),
            key: text("subscriptions/00000000-0000-4000-8000-000000000001"),
            calendar: text("de"),
            contact_name: "Ada".into(),
            contact_email: "ada@contoso.example".into(),
        }
    }

    fn notice(id: u128, kind: HolderNoticeKind, due: Option<Timestamp>) -> HolderNotice {
        let deadline =
            due.map(|due| Deadline { due, kind: LegacyHolder::STATEMENT_DEADLINE.into(), rule: "5 days".to_owned() });
        let answer = if kind.is_loss() { Answer::Over } else { Answer::Open(deadline) };
        let review_case = (!kind.is_loss()).then(|| CaseId(Uuid::from_u128(7)));
        HolderNotice { id: Uuid::from_u128(id), kind, review_case, comment: String::new(), answer, reminder: None }
    }

    #[test]
    fn r58a_a_statement_is_given_once_and_in_time() {
        let (start, due) = (at("2026-03-02T09:00:00Z"), at("2026-03-09T23:00:00Z"));
        let request = notice(1, HolderNoticeKind::StatementRequested, Some(due));
        let asked = LegacyHolder::notify(None, details(), request.clone(), start).next;
        let given = asked.give_statement(request.id, "We work there.", start).unwrap().unwrap();
        assert!(matches!(&given.events[..], [HolderEvent::StatementGiven { text, .. }] if text == "We work there."));
        assert_eq!(given.next.give_statement(request.id, "Again.", start), Ok(None));
        assert_eq!(asked.give_statement(Uuid::nil(), "x", start), Err(StatementRefusal::NotFound));
        let passed = asked.apply_passed_deadline(due).unwrap();
        assert_eq!((passed.due, passed.transition.events.len()), (due, 1));
        assert_eq!(passed.transition.next.give_statement(request.id, "x", due), Err(StatementRefusal::Over));
        assert_eq!(given.next.apply_passed_deadline(due), None);
    }

    #[test]
    fn r48_a_holder_is_reminded_once_and_before_the_answer() {
        let (start, remind, due) = (at("2026-03-02T09:00:00Z"), at("2026-03-06T23:00:00Z"), at("2026-03-09T23:00:00Z"));
        let request = notice(1, HolderNoticeKind::StatementRequested, Some(due));
        let request = HolderNotice { reminder: Some(Reminder::Due(remind)), ..request };
        let asked = LegacyHolder::notify(None, details(), request.clone(), start).next;
        let kinds = asked.deadlines().into_iter().map(|deadline| deadline.kind);
        assert_eq!(kinds.collect::<Vec<_>>(), [LegacyHolder::REMINDER, LegacyHolder::STATEMENT_DEADLINE]);
        let passed = asked.apply_passed_deadline(due).unwrap();
        let [HolderEvent::ReminderQueued { mail }] = passed.transition.events[..] else { panic!("{passed:?}") };
        let reminded = passed.transition.next;
        assert_eq!((passed.due, reminded.notice_with_reminder(mail).map(|found| found.id)), (remind, Some(request.id)));
        assert_eq!(reminded.apply_passed_deadline(due).unwrap().due, due);
        let given = asked.give_statement(request.id, "Yes.", start).unwrap().unwrap().next;
        assert!(given.deadlines().is_empty());
    }

    #[test]
    fn r56_comments_about_a_case_are_erased() {
        let (start, due) = (at("2026-03-02T09:00:00Z"), at("2026-03-09T23:00:00Z"));
        let request = |id: u128| HolderNotice {
            review_case: Some(CaseId(Uuid::from_u128(id))),
            comment: "Does Ada work there?".to_owned(),
            ..notice(id, HolderNoticeKind::StatementRequested, Some(due))
        };
        let comments = |holder: &LegacyHolder| -> Vec<bool> {
            holder.notices.iter().map(|notice| !notice.comment.is_empty()).collect()
        };
        let first = LegacyHolder::notify(None, details(), request(1), start).next;
        let both = LegacyHolder::notify(Some(&first), details(), request(2), start).next;
        let cases = BTreeSet::from([CaseId(Uuid::from_u128(2))]);
        let erased = both.erase_comments(&cases, start).unwrap().next;
        assert_eq!((comments(&both), comments(&erased)), (vec![true, true], vec![true, false]));
        assert!(erased.notices.iter().all(HolderNotice::is_open));
        assert_eq!(erased.erase_comments(&cases, start), None);
        let answered = both.give_statement(Uuid::from_u128(1), "Yes.", start).unwrap().unwrap().next;
        assert_eq!(comments(&answered), [false, true], "not needed any more");
        assert_eq!(comments(&both.with_deadlines_applied(due)), [false, false]);
    }

    #[test]
    fn r58a_a_loss_ends_what_can_be_answered() {
        let start = at("2026-03-02T09:00:00Z");
        let told = LegacyHolder::notify(None, details(), notice(1, HolderNoticeKind::Contested, None), start).next;
        let lost = notice(2, HolderNoticeKind::Superseded, None);
        let lost = LegacyHolder::notify(Some(&told), details(), lost, start).next;
        assert_eq!(lost.give_statement(Uuid::from_u128(1), "x", start), Err(StatementRefusal::Over));
        assert!(lost.deadlines().is_empty());
    }
}
