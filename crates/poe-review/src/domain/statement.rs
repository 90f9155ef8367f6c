//! Statements of the companies that hold a contested workload or subscription (*key*). A reviewer
//! asks the partner of an approved claim (R37a), a *line* of which (the part about one key) another
//! company also claims, or the holder of a legacy association, which was recorded before claims
//! existed (R58a). Another service mails the request, runs the deadline, and reports whether the
//! company has answered. The answer decides nothing by itself.
use super::{CaseEvent, CommandKind, CommandResult, Refusal, ReviewCase, Reviewer, commands::require_comment};
use cpor_durable::Transition;
use cpor_types::{AssociationKey, LegacyHolderId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A reviewer's request for a statement, and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRequest {
    /// The time at which the reviewer asked.
    pub request_time: Timestamp,
    /// The time until which the company can answer; the latest one if several holders were asked.
    /// `None` until it has been reported.
    pub due_time: Option<Timestamp>,
    /// Whether the request is open, or how it ended.
    pub status: StatementStatus,
    /// The time of the last change.
    pub update_time: Timestamp,
    /// The status of the request to each holder of a legacy association, by the key that it holds
    /// (R58a). `status` summarizes them. Empty if the partner of the case was asked.
    #[serde(default)]
    pub holder_statuses: BTreeMap<AssociationKey, StatementStatus>,
    /// The holders that were asked, by the key that they hold. Another holder can hold the key
    /// later.
    #[serde(default)]
    pub asked_holders: BTreeMap<AssociationKey, LegacyHolderId>,
}

/// The statement of the holder of a legacy association (R58a).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyStatement {
    /// The text. It is personal data, and empty after it was erased.
    pub text: String,
    /// The time at which the holder sent it.
    pub time: Timestamp,
    /// The key that the legacy association holds.
    pub key: AssociationKey,
    /// The holder. `None` if the event did not name it.
    #[serde(default)]
    pub holder: Option<LegacyHolderId>,
}

/// The sender of a report about a statement: the holder of a legacy association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementSender {
    /// The key that the legacy association holds.
    pub key: AssociationKey,
    /// The holder, or `None` if it is not known. Another holder can hold the key later.
    pub holder: Option<LegacyHolderId>,
}

impl StatementSender {
    /// Returns whether this is the given holder of the key. Holders that are not known are told
    /// apart by their keys only.
    fn matches(&self, key: &AssociationKey, holder: Option<LegacyHolderId>) -> bool {
        self.key == *key && (self.holder.is_none() || holder.is_none() || self.holder == holder)
    }
}

/// Whether a request for a statement is open, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// The partner or holder can answer.
    Open,
    /// The partner has answered with a comment or a document, or the holder with a statement.
    Given,
    /// The partner or holder did not answer in time.
    NotGiven,
    /// The competition ended before the partner or holder answered.
    Lapsed,
    /// The legacy association has no contact, so that the holder could not be asked.
    NoContact,
}

impl StatementStatus {
    /// Returns the status of a request to several holders: open while one of them can answer, then
    /// given if at least one has answered, otherwise not given, no contact or lapsed, in this
    /// order.
    fn summarize(statuses: &BTreeMap<AssociationKey, Self>) -> Option<Self> {
        let by_precedence = [Self::Open, Self::Given, Self::NotGiven, Self::NoContact, Self::Lapsed];
        by_precedence.into_iter().find(|status| statuses.values().any(|found| found == status))
    }
}

impl StatementRequest {
    /// Returns whether this holder of the key was asked. True if it is not known who was asked.
    fn was_sent_to(&self, key: &AssociationKey, holder: LegacyHolderId) -> bool {
        self.asked_holders.get(key).is_none_or(|asked| *asked == holder)
    }

    /// Returns the request with a new status for the holder of this key. Returns `None` if the
    /// request to this holder is not open.
    fn with_holder_status(&self, key: &AssociationKey, status: StatementStatus, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let open = next.holder_statuses.get_mut(key).filter(|found| **found == StatementStatus::Open)?;
        *open = status;
        next.status = StatementStatus::summarize(&next.holder_statuses)?;
        next.update_time = now;
        Some(next)
    }
}

impl ReviewCase {
    /// Requests a statement: of the partner if the case is approved, and otherwise of the holders
    /// of the legacy associations that the case competes with.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command,
    /// [`Refusal::StatementNotPossible`] if no line is contested or an earlier request is open, and
    /// [`Refusal::CommentMissing`] if the comment is blank.
    pub fn request_statement(&self, person: &Reviewer, comment: &str, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::RequestStatement, self.role_of(person))?;
        if !self.allows_statement() {
            return Err(Refusal::StatementNotPossible);
        }
        require_comment(comment)?;
        let holders = if self.phase().is_approved() { BTreeMap::new() } else { self.legacy_holders() };
        let statement = StatementRequest {
            request_time: now,
            due_time: None,
            status: StatementStatus::Open,
            update_time: now,
            holder_statuses: holders.keys().map(|key| (key.clone(), StatementStatus::Open)).collect(),
            asked_holders: holders.clone(),
        };
        let next = Self { statement: Some(statement), update_time: now.max(self.update_time), ..self.clone() };
        let comment = comment.to_owned();
        let event = match self.phase().is_approved() {
            true => CaseEvent::StatementRequested { comment },
            false => CaseEvent::LegacyStatementRequested { holders, comment },
        };
        Ok(Some(Transition::new(next, [event])))
    }

    /// Returns whether a statement can be requested: a line is contested by somebody who can be
    /// asked, and no earlier request is open.
    pub(super) fn allows_statement(&self) -> bool {
        let can_be_asked = match self.phase().is_approved() {
            true => self.is_contested(),
            false => !self.legacy_holders().is_empty(),
        };
        can_be_asked && !self.has_open_statement()
    }

    /// Adds the statement of the holder of a legacy association. An open request to this holder is
    /// marked as answered.
    #[must_use]
    pub fn add_legacy_statement(&self, sender: &StatementSender, text: String, time: Timestamp) -> Transition<Self> {
        let answered = self.report_legacy_statement(sender, StatementStatus::Given, None, time);
        let mut next = answered.map_or_else(|| self.clone(), |answered| answered.next);
        let StatementSender { key, holder } = sender.clone();
        next.legacy_statements.push(LegacyStatement { text, time, key, holder });
        next.update_time = time.max(next.update_time);
        Transition::new(next, [CaseEvent::StatementReported])
    }

    /// Erases the statements of the holder of a legacy association (R56). The statements of a later
    /// holder of the same key stay. Returns `None` if there is nothing to erase.
    #[must_use]
    pub fn erase_legacy_statements(&self, sender: &StatementSender, now: Timestamp) -> Option<Transition<Self>> {
        let mut next = self.clone();
        let is_of_sender = |statement: &&mut LegacyStatement| sender.matches(&statement.key, statement.holder);
        let of_holder = next.legacy_statements.iter_mut().filter(is_of_sender);
        of_holder.for_each(|statement| statement.text.clear());
        let has_changed = next != *self;
        next.update_time = now.max(self.update_time);
        has_changed.then(|| Transition::new(next, [CaseEvent::StatementReported]))
    }

    /// Applies a report about the open request to the holder of a legacy association. Requests to
    /// other holders stay open. Returns `None` if there is no open request to this holder, or
    /// nothing changes.
    #[must_use]
    pub fn report_legacy_statement(
        &self,
        sender: &StatementSender,
        status: StatementStatus,
        due_time: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let is_asked = |statement: &&StatementRequest| {
            sender.holder.is_none_or(|holder| statement.was_sent_to(&sender.key, holder))
        };
        let statement = self.statement.as_ref().filter(is_asked)?;
        let changed = statement.with_holder_status(&sender.key, status, now)?;
        self.with_reported_statement(StatementRequest { due_time: due_time.max(statement.due_time), ..changed }, now)
    }

    /// Applies a report of claim-intake about the open request to the partner. Returns `None` if
    /// there is no open request, or nothing changes.
    #[must_use]
    pub fn report_statement(
        &self,
        status: StatementStatus,
        due_time: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let is_to_partner = |statement: &&StatementRequest| statement.holder_statuses.is_empty();
        let statement = self.statement.as_ref().filter(|_| self.has_open_statement()).filter(is_to_partner)?;
        let due_time = due_time.or(statement.due_time);
        self.with_reported_statement(StatementRequest { status, due_time, update_time: now, ..statement.clone() }, now)
    }

    /// Replaces the request by its next state. Returns `None` if at most the time of the last
    /// change differs.
    fn with_reported_statement(&self, changed: StatementRequest, now: Timestamp) -> Option<Transition<Self>> {
        let is_same = self.statement.as_ref().is_some_and(|statement| {
            StatementRequest { update_time: statement.update_time, ..changed.clone() } == *statement
        });
        let next = || Self { statement: Some(changed), update_time: now.max(self.update_time), ..self.clone() };
        (!is_same).then(|| Transition::new(next(), [CaseEvent::StatementReported]))
    }

    /// Returns whether the partner or a holder can still answer a request for a statement.
    #[must_use]
    pub fn has_open_statement(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.status == StatementStatus::Open)
    }

    /// Ends the open request to the partner if no line is contested any more, and the open requests
    /// to holders of legacy associations that no longer compete.
    pub(super) fn lapse_statement_if_uncontested(mut self, now: Timestamp) -> Self {
        let (is_contested, holders) = (self.is_contested(), self.legacy_holders());
        let Some(statement) = self.statement.clone().filter(|_| self.has_open_statement()) else { return self };
        let competes =
            |key: &AssociationKey| holders.get(key).is_some_and(|holder| statement.was_sent_to(key, *holder));
        let ended_keys: Vec<_> = statement.holder_statuses.keys().filter(|key| !competes(key)).cloned().collect();
        self.statement = Some(match statement.holder_statuses.is_empty() {
            true if is_contested => statement,
            true => StatementRequest { status: StatementStatus::Lapsed, update_time: now, ..statement },
            false => ended_keys.iter().fold(statement, |statement, key| {
                statement.with_holder_status(key, StatementStatus::Lapsed, now).unwrap_or(statement)
            }),
        });
        self
    }
}
