//! Statements of partners whose approved claims are contested (R37a). A reviewer asks for a
//! statement. The service claim-intake mails the request to the partner, runs the deadline, and
//! reports whether the partner has answered. The answer decides nothing by itself.
use super::{CaseEvent, CommandKind, CommandResult, Refusal, ReviewCase, Reviewer, commands::require_comment};
use cpor_durable::Transition;
use cpor_types::Timestamp;
use serde::{Deserialize, Serialize};

/// A request for a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The time of the request.
    pub request_time: Timestamp,
    /// The time until which the partner can answer. `None` until claim-intake has reported it.
    pub due_time: Option<Timestamp>,
    /// How far the request has come.
    pub status: StatementStatus,
    /// The time of the last change.
    pub update_time: Timestamp,
}

/// The statement of the holder of a legacy association (R58a).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyStatement {
    /// The text. It is personal data, and empty after it was erased.
    pub text: String,
    /// The time at which the holder sent it.
    pub time: Timestamp,
}

/// How far a request for a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// The partner can answer.
    Open,
    /// The partner has answered with a comment or a document.
    Given,
    /// The partner did not answer in time.
    NotGiven,
    /// The competition ended before the partner answered.
    Lapsed,
    /// The legacy association has no contact, so nobody was asked.
    NoContact,
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
        let statement =
            Statement { request_time: now, due_time: None, status: StatementStatus::Open, update_time: now };
        let next = Self { statement: Some(statement), update_time: now.max(self.update_time), ..self.clone() };
        let comment = comment.to_owned();
        let event = match self.phase().is_approved() {
            true => CaseEvent::StatementRequested { comment },
            false => CaseEvent::LegacyStatementRequested { keys: self.keys_of_legacy_holders(), comment },
        };
        Ok(Some(Transition::new(next, [event])))
    }

    /// Returns whether a statement can be requested: a line is contested by somebody who can be
    /// asked, and no earlier request is open.
    pub(super) fn allows_statement(&self) -> bool {
        let can_be_asked = match self.phase().is_approved() {
            true => self.is_contested(),
            false => !self.keys_of_legacy_holders().is_empty(),
        };
        can_be_asked && !self.has_open_statement()
    }

    /// Adds the statement of the holder of a legacy association, and settles the open request.
    #[must_use]
    pub fn add_legacy_statement(&self, text: String, time: Timestamp) -> Transition<Self> {
        let settled = self.report_statement(StatementStatus::Given, None, time);
        let mut next = settled.map_or_else(|| self.clone(), |settled| settled.next);
        next.legacy_statements.push(LegacyStatement { text, time });
        next.update_time = time.max(next.update_time);
        Transition::new(next, [CaseEvent::StatementReported])
    }

    /// Applies a report of claim-intake about the open request. Returns `None` if there is no open
    /// request, or nothing changes.
    #[must_use]
    pub fn report_statement(
        &self,
        status: StatementStatus,
        due_time: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let statement = self.statement.filter(|_| self.has_open_statement())?;
        let changed = Statement { status, due_time: due_time.or(statement.due_time), update_time: now, ..statement };
        let is_new = (changed.status, changed.due_time) != (statement.status, statement.due_time);
        is_new.then(|| {
            let next = Self { statement: Some(changed), update_time: now.max(self.update_time), ..self.clone() };
            Transition::new(next, [CaseEvent::StatementReported])
        })
    }

    /// Returns whether the partner can still answer a request for a statement.
    #[must_use]
    pub fn has_open_statement(&self) -> bool {
        self.statement.is_some_and(|statement| statement.status == StatementStatus::Open)
    }

    /// Ends the open request if no line is contested any more.
    pub(super) fn lapse_statement_without_contest(mut self, now: Timestamp) -> Self {
        if self.has_open_statement() && !self.is_contested() {
            let lapse = |statement| Statement { status: StatementStatus::Lapsed, update_time: now, ..statement };
            self.statement = self.statement.map(lapse);
        }
        self
    }
}
