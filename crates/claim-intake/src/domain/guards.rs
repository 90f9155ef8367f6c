//! The guards of the transitions. Each checks whether the transition table and the data of the
//! claim's state allow a command or a fact (a report of another service, or a passed deadline). A
//! command that they do not allow is refused. A fact that they do not allow is *overtaken*: it is
//! recorded and changes nothing. A *line* is the part of a claim that is about one workload or
//! subscription of the customer. A *policy profile* is a versioned set of values that the business
//! rules leave open (R61).
use super::{Claim, ClaimStateKind, Command, FactKind, Party, Refusal, Step, Submission, machine::allows};
use cpor_types::CaseId;

impl Claim {
    /// Returns the commands that `party` can execute now, in the order of their declaration.
    #[must_use]
    pub fn allowed_commands(&self, party: Party) -> Vec<Command> {
        Command::ALL.iter().copied().filter(|command| command.is_available_to(party) && self.allows(*command)).collect()
    }

    /// Returns whether the state and its data allow `command`.
    #[must_use]
    pub fn allows(&self, command: Command) -> bool {
        self.table_allows(command) && self.data_allows(command)
    }

    /// Returns whether the transition table allows `command` in the present state.
    pub(super) fn table_allows(&self, command: Command) -> bool {
        allows(self.state.kind(), Step::Command(command))
    }

    /// Returns whether the data of the state, for example the recorded policy values, allow
    /// `command`.
    pub(super) fn data_allows(&self, command: Command) -> bool {
        match command {
            Command::Update => self.state.allows_edits(),
            Command::AddEvidence => self.state.allows_evidence() || self.may_defend_with_evidence(),
            Command::Dispute => self.state.rejection().is_some_and(|rejection| rejection.dispute_window().is_some()),
            Command::ErasePersonalData => self.is_at_rest(),
            Command::DeclinePayment => self.state.submission().is_some_and(Submission::may_decline_payment),
            Command::Delete
            | Command::Submit
            | Command::Resubmit
            | Command::Withdraw
            | Command::RemoveEvidence
            | Command::Comment => true,
        }
    }

    /// R37a: returns whether the claim is approved, a line of it is contested, and the recorded
    /// policy values let its partner add evidence then.
    fn may_defend_with_evidence(&self) -> bool {
        let submission = self.state.association().and(self.state.submission());
        submission.is_some_and(|submission| submission.policy_values.evidence_when_contested)
            && self.has_contested_line()
    }

    /// Returns whether another company claims or holds a line of the claim (R37).
    #[must_use]
    pub fn has_contested_line(&self) -> bool {
        self.content.lines.iter().any(|line| line.contested)
    }

    /// Returns whether a competing claim has been awarded a line that this claim still holds (R37).
    #[must_use]
    pub fn has_line_awarded_to_rival(&self) -> bool {
        self.content.lines.iter().any(|line| line.awarded_to_rival.is_some())
    }

    /// Returns the partner's commands that the table allows but the data of the state do not, each
    /// with its refusal. Payment can be declined under few policy profiles, so it is left out.
    #[must_use]
    pub fn refused_commands(&self) -> Vec<(Command, Refusal)> {
        let is_ruled_out = |command: &Command| {
            command.is_available_to(Party::Partner)
                && *command != Command::DeclinePayment
                && self.table_allows(*command)
                && !self.data_allows(*command)
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
            | Command::DeclinePayment
            | Command::ErasePersonalData => self.not_allowed(command),
        };
        Command::ALL.iter().copied().filter(is_ruled_out).map(|command| (command, refusal(command))).collect()
    }

    /// Refuses `command` unless the state and its data allow it.
    pub(super) fn check_admitted(&self, command: Command) -> Result<(), Refusal> {
        if self.allows(command) { Ok(()) } else { Err(self.not_allowed(command)) }
    }

    /// Refuses `command` like [`Self::check_admitted`], and otherwise returns the submission. A
    /// draft has no submission, so the command is refused for it too. A deleted draft is refused
    /// with [`Refusal::NotFound`].
    pub(super) fn admitted_submission(&self, command: Command) -> Result<&Submission, Refusal> {
        self.check_admitted(command)?;
        self.state.submission().ok_or_else(|| self.not_allowed(command))
    }

    /// Returns the submission if the state allows `fact`, and `None` if the fact is overtaken. A
    /// fact of a review case is also overtaken when `case` is not the claim's present case.
    pub(super) fn admitted_fact(&self, fact: FactKind, case: Option<CaseId>) -> Option<&Submission> {
        let submission = self.state.submission()?;
        let is_present_case = case.is_none_or(|case| case == submission.review_case);
        (is_present_case && allows(self.state.kind(), Step::Fact(fact))).then_some(submission)
    }

    /// Returns the refusal of `command` in the present state. For a deleted draft this is
    /// [`Refusal::NotFound`], as if it had never existed.
    pub(super) fn not_allowed(&self, command: Command) -> Refusal {
        match self.state.kind() {
            ClaimStateKind::Deleted => Refusal::NotFound,
            state @ (ClaimStateKind::Editing
            | ClaimStateKind::Submitted
            | ClaimStateKind::UnderReview
            | ClaimStateKind::PartnerActionRequired
            | ClaimStateKind::Approved
            | ClaimStateKind::Rejected
            | ClaimStateKind::Disputed) => {
                Refusal::NotAllowed { state, command, allowed: self.allowed_commands(Party::Partner) }
            }
        }
    }
}
