//! Statements about contested lines (R37a). A line of an approved claim is contested while another
//! company claims the same workload or subscription. A reviewer can then ask the claim's partner
//! for a statement. The partner answers with a comment or a document; silence decides nothing.
use super::apply::{ApplyResult, FactContext};
use crate::domain::{
    Claim, Comment, EventKind, FactKind, StatementRequest, StatementStatus, Submission, Window,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::PassedDeadline;
use cpor_types::{Timestamp, rfc3339};

impl Claim {
    /// A reviewer asked for a statement. The time to answer starts at the time of the request, even
    /// if it is reported late (R47). If the competition has ended, the request lapses at once.
    pub(super) fn apply_statement_requested(
        &self,
        submission: &Submission,
        comment: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let window = context.rules.statement_window(submission, context.effective_time)?;
        let due = rfc3339(window.deadline.due);
        let entry = context.entry().with_comment(comment).with_change("statement_request.due_time", "", due);
        let statement = StatementRequest {
            comment: context.reason.clone(),
            request_time: context.effective_time,
            window,
            status: if self.has_contested_line() { StatementStatus::Open } else { StatementStatus::Lapsed },
        };
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(Submission {
            statement: Some(statement),
            document_count_at_start: self.evidence.len(),
            ..submission.clone()
        });
        builder.record(EventKind::FactApplied(FactKind::StatementRequested), entry);
        Ok(Some(builder.build()))
    }

    /// Sets the status of the open request for a statement, and so closes it. Does nothing if no
    /// request is open.
    pub(super) fn set_open_statement_status(&mut self, status: StatementStatus) {
        if let Some(submission) = self.state.submission() {
            self.state = self.state.with_submission(submission.with_statement_status(status));
        }
    }

    /// Ends the open request for a statement if no line is contested any more.
    pub(super) fn lapse_statement_without_contest(&mut self) {
        if !self.has_contested_line() {
            self.set_open_statement_status(StatementStatus::Lapsed);
        }
    }

    /// Records the reminder of the open request for a statement (R48) or, after the reminder, the
    /// end of the time to answer, if it is due by `now`.
    pub(super) fn record_due_statement_deadline(
        &self,
        submission: &Submission,
        now: Timestamp,
    ) -> Option<PassedDeadline<Self>> {
        let statement = submission.open_statement()?;
        if let Some((due, window)) = statement.window.take_reminder(now) {
            return Some(self.record_statement(submission, FactKind::StatementReminded, due, window, now));
        }
        let Window { deadline, .. } = &statement.window;
        deadline.has_passed(now).then(|| {
            let fact = FactKind::StatementDeadlinePassed;
            self.record_statement(submission, fact, deadline.due, statement.window.clone(), now)
        })
    }

    /// Records `fact` about the open request for a statement, which gets the window `window`.
    fn record_statement(
        &self,
        submission: &Submission,
        fact: FactKind,
        due: Timestamp,
        window: Window,
        now: Timestamp,
    ) -> PassedDeadline<Self> {
        let mut builder = TransitionBuilder::new(self, now);
        let statement = submission.statement.clone().map(|statement| StatementRequest { window, ..statement });
        builder.claim.state = self.state.with_submission(Submission { statement, ..submission.clone() });
        if fact == FactKind::StatementDeadlinePassed {
            builder.claim.set_open_statement_status(StatementStatus::NotGiven);
        }
        builder.record(EventKind::FactApplied(fact), EntryDetails::default());
        PassedDeadline { due, transition: builder.build() }
    }
}
