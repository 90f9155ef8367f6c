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
}

impl ReviewCase {
    /// Requests a statement of the partner.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command,
    /// [`Refusal::StatementNotPossible`] if no line is contested or an earlier request is open, and
    /// [`Refusal::CommentMissing`] if the comment is blank.
    pub fn request_statement(&self, person: &Reviewer, comment: &str, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::RequestStatement, self.role_of(person))?;
        if !self.is_contested() || self.has_open_statement() {
            return Err(Refusal::StatementNotPossible);
        }
        require_comment(comment)?;
        let statement =
            Statement { request_time: now, due_time: None, status: StatementStatus::Open, update_time: now };
        let next = Self { statement: Some(statement), update_time: now.max(self.update_time), ..self.clone() };
        Ok(Some(Transition::new(next, [CaseEvent::StatementRequested { comment: comment.to_owned() }])))
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
