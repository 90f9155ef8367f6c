//! A model of one claim by the rules R15 to R28 under the default policy, with one `match` for each
//! party.

use chrono::{DateTime, Utc};
use cpor_acceptance::from_timestamp;
use cpor_proto::{
    claims::v1::{Claim, ClaimCommand, ClaimState},
    r#type::v1::AssociationState,
};

/// A step of the test.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// This number of hours passes.
    Wait(usize),
    Partner(PartnerCommand),
    /// A command of a review lead.
    Review(ReviewCommand),
    Customer(CustomerCommand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartnerCommand {
    Update,
    Delete,
    Submit,
    Resubmit,
    Withdraw,
    Dispute,
    AddEvidence,
    Comment,
}

impl PartnerCommand {
    pub(super) const ALL: [Self; 8] = [
        Self::Update,
        Self::Delete,
        Self::Submit,
        Self::Resubmit,
        Self::Withdraw,
        Self::Dispute,
        Self::AddEvidence,
        Self::Comment,
    ];

    /// The command of the API.
    fn to_api(self) -> ClaimCommand {
        match self {
            Self::Update => ClaimCommand::Update,
            Self::Delete => ClaimCommand::Delete,
            Self::Submit => ClaimCommand::Submit,
            Self::Resubmit => ClaimCommand::Resubmit,
            Self::Withdraw => ClaimCommand::Withdraw,
            Self::Dispute => ClaimCommand::Dispute,
            Self::AddEvidence => ClaimCommand::AddEvidence,
            Self::Comment => ClaimCommand::Comment,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReviewCommand {
    Take,
    Release,
    Start,
    RequestPartnerAction,
    Approve,
    Reject,
}

impl ReviewCommand {
    pub(super) const ALL: [Self; 6] =
        [Self::Take, Self::Release, Self::Start, Self::RequestPartnerAction, Self::Approve, Self::Reject];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CustomerCommand {
    Approve,
    Decline,
}

impl CustomerCommand {
    pub(super) const ALL: [Self; 2] = [Self::Approve, Self::Decline];
}

/// The state of a claim. Due times are read from the system.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Editing,
    Deleted,
    /// SUBMITTED, UNDER_REVIEW or DISPUTED: the review case waits or is under review.
    InReview {
        disputed: bool,
        started: bool,
    },
    PartnerActionRequired {
        disputed: bool,
        due: Option<DateTime<Utc>>,
    },
    Approved {
        official: bool,
        due: Option<DateTime<Utc>>,
    },
    Rejected {
        disputable: bool,
        due: Option<DateTime<Utc>>,
    },
}

/// One claim.
#[derive(Clone, Debug)]
pub(super) struct Model {
    state: State,
    /// Whether the case has a reviewer.
    taken: bool,
    /// Whether the customer approved and has not declined since.
    approved: bool,
    /// Whether the customer declined, so that silence is no consent (R28).
    declined: bool,
    /// Whether the customer declined since the submission or the last dispute. Such a decline can
    /// be repeated.
    has_current_decline: bool,
    /// The number of documents of this submission, response or dispute (R14).
    documents: usize,
}

/// The maximum number of documents of a submission, response or dispute (R14).
const MAX_DOCUMENTS: usize = 10;

impl Model {
    /// A draft with one document that can be submitted.
    pub(super) fn complete_draft() -> Self {
        Self {
            state: State::Editing,
            taken: false,
            approved: false,
            declined: false,
            has_current_decline: false,
            documents: 1,
        }
    }

    /// Whether the claim exists, that is, was not deleted.
    pub(super) fn exists(&self) -> bool {
        self.state != State::Deleted
    }

    /// Whether the claim has a review case.
    pub(super) fn has_case(&self) -> bool {
        !matches!(self.state, State::Editing | State::Deleted)
    }

    /// Applies a step if the rules admit it. Returns whether they do.
    pub(super) fn apply(&mut self, step: Step) -> bool {
        let admitted = self.admits(step);
        if admitted {
            match step {
                Step::Wait(_) => {}
                Step::Partner(command) => self.apply_partner(command),
                Step::Review(command) => self.apply_review(command),
                Step::Customer(CustomerCommand::Approve) => self.apply_approval(),
                Step::Customer(CustomerCommand::Decline) => self.apply_decline(),
            }
        }
        admitted
    }

    fn admits(&self, step: Step) -> bool {
        match step {
            Step::Wait(_) => true,
            Step::Partner(command) => {
                self.admits_partner(command)
                    && (command != PartnerCommand::AddEvidence || self.has_room_for_documents())
            }
            Step::Review(command) => self.admits_review(command),
            Step::Customer(CustomerCommand::Approve) => match self.state {
                State::Editing | State::Deleted | State::Rejected { .. } => false,
                // A repeated approval changes nothing.
                State::Approved { official, .. } => !official || self.approved,
                State::InReview { .. } | State::PartnerActionRequired { .. } => true,
            },
            Step::Customer(CustomerCommand::Decline) => match self.state {
                State::Editing | State::Deleted => false,
                State::InReview { .. } | State::PartnerActionRequired { .. } => true,
                State::Approved { official, due } => !official || self.approved && due.is_some(),
                State::Rejected { disputable, .. } => disputable || self.has_current_decline,
            },
        }
    }

    fn has_room_for_documents(&self) -> bool {
        self.documents < MAX_DOCUMENTS
    }

    fn admits_partner(&self, command: PartnerCommand) -> bool {
        let editing = self.state == State::Editing;
        let submitted = self.state == State::InReview { disputed: false, started: false };
        let action_required = matches!(self.state, State::PartnerActionRequired { .. });
        let disputable = matches!(self.state, State::Rejected { disputable: true, .. });
        match command {
            PartnerCommand::Update => editing || submitted || action_required,
            PartnerCommand::Delete | PartnerCommand::Submit => editing,
            PartnerCommand::Resubmit => action_required,
            PartnerCommand::Withdraw => !editing && self.exists() && !matches!(self.state, State::Rejected { .. }),
            PartnerCommand::Dispute => disputable,
            PartnerCommand::AddEvidence => editing || submitted || action_required || disputable,
            PartnerCommand::Comment => self.exists(),
        }
    }

    fn admits_review(&self, command: ReviewCommand) -> bool {
        match (self.state, command) {
            (State::InReview { started: false, .. }, ReviewCommand::Take) => !self.taken,
            (State::InReview { started: false, .. }, ReviewCommand::Release) => self.taken,
            (State::InReview { started, .. }, ReviewCommand::Start) => !started,
            (
                State::InReview { started, .. },
                ReviewCommand::RequestPartnerAction | ReviewCommand::Approve | ReviewCommand::Reject,
            ) => started,
            _ => false,
        }
    }

    fn apply_partner(&mut self, command: PartnerCommand) {
        match command {
            PartnerCommand::Update | PartnerCommand::Comment => {}
            PartnerCommand::Delete => self.state = State::Deleted,
            PartnerCommand::Submit => self.move_to_review(false),
            PartnerCommand::Resubmit => {
                self.move_to_review(matches!(self.state, State::PartnerActionRequired { disputed: true, .. }))
            }
            PartnerCommand::Withdraw => self.state = State::Rejected { disputable: false, due: None },
            PartnerCommand::Dispute => {
                self.taken = false;
                self.has_current_decline = false;
                self.move_to_review(true);
            }
            PartnerCommand::AddEvidence => self.documents += 1,
        }
    }

    fn move_to_review(&mut self, disputed: bool) {
        self.state = State::InReview { disputed, started: false };
    }

    fn apply_review(&mut self, command: ReviewCommand) {
        let disputed = matches!(self.state, State::InReview { disputed: true, .. });
        match command {
            ReviewCommand::Take => self.taken = true,
            ReviewCommand::Release => self.taken = false,
            ReviewCommand::Start => {
                self.taken = true;
                self.state = State::InReview { disputed, started: true };
            }
            ReviewCommand::RequestPartnerAction => {
                self.documents = 0;
                self.state = State::PartnerActionRequired { disputed, due: None };
            }
            ReviewCommand::Approve => self.state = State::Approved { official: self.approved, due: None },
            ReviewCommand::Reject => self.reject(),
        }
    }

    fn reject(&mut self) {
        self.documents = 0;
        self.state = State::Rejected { disputable: true, due: None };
    }

    fn apply_approval(&mut self) {
        self.approved = true;
        self.declined = false;
        if let State::Approved { official, .. } = &mut self.state {
            *official = true;
        }
    }

    fn apply_decline(&mut self) {
        let was_rejected = matches!(self.state, State::Rejected { .. });
        self.approved = false;
        self.declined = true;
        self.has_current_decline = true;
        if !was_rejected {
            self.reject();
        }
    }

    /// Applies the deadlines that are due by `now`.
    pub(super) fn wait_until(&mut self, now: DateTime<Utc>) {
        let is_passed = |due: Option<DateTime<Utc>>| due.is_some_and(|due| due <= now);
        match self.state {
            State::PartnerActionRequired { due, .. } if is_passed(due) => self.reject(),
            // Silence after a decline counts as a decline (R28).
            State::Approved { due, .. } if is_passed(due) && self.declined => {
                self.has_current_decline = true;
                self.state = State::Rejected { disputable: false, due: None };
            }
            State::Approved { due, .. } if is_passed(due) => self.state = State::Approved { official: true, due: None },
            State::Rejected { due, .. } if is_passed(due) => {
                self.state = State::Rejected { disputable: false, due: None }
            }
            State::Editing
            | State::Deleted
            | State::InReview { .. }
            | State::PartnerActionRequired { .. }
            | State::Approved { .. }
            | State::Rejected { .. } => {}
        }
    }

    /// Reads the due time of the present state from the claim.
    pub(super) fn read_due_time(&mut self, claim: &Claim) {
        match &mut self.state {
            State::PartnerActionRequired { due: due @ None, .. } => {
                *due = claim.partner_action.as_ref().map(|action| from_timestamp(action.due_time));
            }
            State::Approved { official: false, due: due @ None } => {
                *due = claim.consent_due_time.map(|due| from_timestamp(Some(due)))
            }
            State::Rejected { disputable: true, due: due @ None } => {
                *due = claim.rejection.as_ref().map(|rejection| from_timestamp(rejection.dispute_due_time));
            }
            State::Editing
            | State::Deleted
            | State::InReview { .. }
            | State::PartnerActionRequired { .. }
            | State::Approved { .. }
            | State::Rejected { .. } => {}
        }
    }

    /// What the partner must see.
    pub(super) fn expected_view(&self) -> PartnerView {
        let state = match self.state {
            State::Editing => ClaimState::Editing,
            State::Deleted => ClaimState::Unspecified,
            State::InReview { disputed: true, .. } => ClaimState::Disputed,
            State::InReview { disputed: false, started: true } => ClaimState::UnderReview,
            State::InReview { disputed: false, started: false } => ClaimState::Submitted,
            State::PartnerActionRequired { .. } => ClaimState::PartnerActionRequired,
            State::Approved { .. } => ClaimState::Approved,
            State::Rejected { .. } => ClaimState::Rejected,
        };
        let official = match self.state {
            State::Approved { official, .. } => Some(official),
            State::Editing
            | State::Deleted
            | State::InReview { .. }
            | State::PartnerActionRequired { .. }
            | State::Rejected { .. } => None,
        };
        let commands = PartnerCommand::ALL.into_iter().filter(|command| self.admits_partner(*command));
        PartnerView { state, official, commands: commands.map(PartnerCommand::to_api).collect() }
    }
}

/// What the partner sees of a claim.
#[derive(Debug, PartialEq)]
pub(super) struct PartnerView {
    state: ClaimState,
    /// Whether the association is official; only for an approved claim.
    official: Option<bool>,
    commands: Vec<ClaimCommand>,
}

/// What the partner sees of this claim.
pub(super) fn view_of(claim: &Claim) -> PartnerView {
    let approved = claim.state() == ClaimState::Approved;
    let official = approved.then_some(claim.association_state() == AssociationState::Official);
    let commands = claim.allowed_commands().filter(|command| *command != ClaimCommand::RemoveEvidence).collect();
    PartnerView { state: claim.state(), official, commands }
}
