//! Guards: each reads the table and hands out the data that the states it admits have.
use super::{Claim, Command, FactKind, Party, Refusal, StateKind, Step, Submission, machine::admits};
use cpor_types::CaseId;

impl Claim {
    /// The commands that `party` can give now, in the order of the contract.
    #[must_use]
    pub fn allowed_commands(&self, party: Party) -> Vec<Command> {
        Command::ALL.iter().copied().filter(|command| command.is_available_to(party) && self.admits(*command)).collect()
    }

    /// Whether the state, with what it carries, admits `command`.
    #[must_use]
    pub fn admits(&self, command: Command) -> bool {
        self.table_admits(command) && self.data_admits(command)
    }

    /// Whether the state admits `command`, whatever it carries.
    pub(super) fn table_admits(&self, command: Command) -> bool {
        admits(self.state.kind(), Step::Command(command))
    }

    /// Whether what the state carries leaves `command`, where the table does.
    pub(super) fn data_admits(&self, command: Command) -> bool {
        match command {
            Command::Update => self.state.allows_edits(),
            Command::AddEvidence => self.state.allows_evidence(),
            Command::Dispute => self.state.rejection().is_some_and(|rejection| rejection.dispute_window().is_some()),
            Command::ErasePersonalData => self.is_at_rest(),
            Command::Delete
            | Command::Submit
            | Command::Resubmit
            | Command::Withdraw
            | Command::RemoveEvidence
            | Command::Comment => true,
        }
    }

    /// The partner's commands that the state admits and what it carries rules out, each with the refusal.
    #[must_use]
    pub fn ruled_out(&self) -> Vec<(Command, Refusal)> {
        let is_ruled_out = |command: &Command| {
            command.is_available_to(Party::Partner) && self.table_admits(*command) && !self.data_admits(*command)
        };
        let refusal = |command| match command {
            Command::Dispute => self.check_dispute_allowed().err().unwrap_or_else(|| self.not_allowed(command)),
            Command::Update
            | Command::Delete
            | Command::Submit
            | Command::Resubmit
            | Command::Withdraw
            | Command::AddEvidence
            | Command::RemoveEvidence
            | Command::Comment
            | Command::ErasePersonalData => self.not_allowed(command),
        };
        Command::ALL.iter().copied().filter(is_ruled_out).map(|command| (command, refusal(command))).collect()
    }

    /// Refuses `command` unless the claim admits it.
    pub(super) fn check_admitted(&self, command: Command) -> Result<(), Refusal> {
        if self.admits(command) { Ok(()) } else { Err(self.not_allowed(command)) }
    }

    /// As [`Self::check_admitted`], for commands of submitted claims.
    pub(super) fn admitted_submission(&self, command: Command) -> Result<&Submission, Refusal> {
        self.check_admitted(command)?;
        self.state.submission().ok_or_else(|| self.not_allowed(command))
    }

    /// The submission, where the state admits `fact` and, for facts of a review, `case` is the claim's own.
    pub(super) fn admitted_fact(&self, fact: FactKind, case: Option<CaseId>) -> Option<&Submission> {
        let submission = self.state.submission()?;
        let is_own_case = case.is_none_or(|case| case == submission.review_case);
        (is_own_case && admits(self.state.kind(), Step::Fact(fact))).then_some(submission)
    }

    pub(super) fn not_allowed(&self, command: Command) -> Refusal {
        match self.state.kind() {
            StateKind::Deleted => Refusal::NotFound,
            state @ (StateKind::Editing
            | StateKind::Submitted
            | StateKind::UnderReview
            | StateKind::PartnerActionRequired
            | StateKind::Approved
            | StateKind::Rejected
            | StateKind::Disputed) => {
                Refusal::NotAllowed { state, command, allowed: self.allowed_commands(Party::Partner) }
            }
        }
    }
}
