//! The rules R15 to R28 of one claim under the default policy, as a reader of them would write them down: no tables, no events, one `match` a
//! party.

use chrono::{DateTime, Utc};
use cpor_acceptance::from_timestamp;
use cpor_proto::{
    claims::v1::{Claim, ClaimCommand, ClaimState},
    r#type::v1::AssociationState,
};

/// What happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Hours pass.
    Wait(usize),
    Partner(Partner),
    /// By a lead.
    Review(Review),
    Customer(Customer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partner {
    Update,
    Delete,
    Submit,
    Resubmit,
    Withdraw,
    Dispute,
    AddEvidence,
    Comment,
}

impl Partner {
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

    fn in_the_contract(self) -> ClaimCommand {
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
pub(super) enum Review {
    Take,
    Release,
    Start,
    RequestPartnerAction,
    Approve,
    Reject,
}

impl Review {
    pub(super) const ALL: [Self; 6] =
        [Self::Take, Self::Release, Self::Start, Self::RequestPartnerAction, Self::Approve, Self::Reject];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Customer {
    Approve,
    Decline,
}

impl Customer {
    pub(super) const ALL: [Self; 2] = [Self::Approve, Self::Decline];
}

/// Where a claim stands; due times are those that the system shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Editing,
    Gone,
    /// SUBMITTED, UNDER_REVIEW and DISPUTED: a case that waits or is worked on.
    InReview {
        disputed: bool,
        started: bool,
    },
    Asked {
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
    at: At,
    /// Somebody has the case.
    taken: bool,
    /// The customer approved and has not declined since.
    approved: bool,
    /// The customer declined, so that silence is no consent (R28).
    declined: bool,
    /// It declined since the submission or the last dispute: saying it again gets the first answer.
    said_no: bool,
    /// Documents of this submission, answer or dispute (R14).
    documents: usize,
}

const MOST_DOCUMENTS: usize = 10;

impl Model {
    pub(super) fn of_a_complete_draft() -> Self {
        Self { at: At::Editing, taken: false, approved: false, declined: false, said_no: false, documents: 1 }
    }

    pub(super) fn is_there(&self) -> bool {
        self.at != At::Gone
    }

    /// Whether reviewers have something to act on.
    pub(super) fn has_case(&self) -> bool {
        !matches!(self.at, At::Editing | At::Gone)
    }

    /// Does the act, where the rules admit it; answers whether they do.
    pub(super) fn take(&mut self, act: Act) -> bool {
        let admitted = self.admits(act);
        if admitted {
            match act {
                Act::Wait(_) => {}
                Act::Partner(command) => self.partner(command),
                Act::Review(command) => self.review(command),
                Act::Customer(Customer::Approve) => self.customer_approves(),
                Act::Customer(Customer::Decline) => self.customer_declines(),
            }
        }
        admitted
    }

    fn admits(&self, act: Act) -> bool {
        match act {
            Act::Wait(_) => true,
            Act::Partner(command) => {
                self.admits_partner(command) && (command != Partner::AddEvidence || self.has_room())
            }
            Act::Review(command) => self.admits_review(command),
            Act::Customer(Customer::Approve) => match self.at {
                At::Editing | At::Gone | At::Rejected { .. } => false,
                // Saying it again gets the first answer.
                At::Approved { official, .. } => !official || self.approved,
                At::InReview { .. } | At::Asked { .. } => true,
            },
            Act::Customer(Customer::Decline) => match self.at {
                At::Editing | At::Gone => false,
                At::InReview { .. } | At::Asked { .. } => true,
                At::Approved { official, due } => !official || self.approved && due.is_some(),
                At::Rejected { disputable, .. } => disputable || self.said_no,
            },
        }
    }

    fn has_room(&self) -> bool {
        self.documents < MOST_DOCUMENTS
    }

    fn admits_partner(&self, command: Partner) -> bool {
        let editing = self.at == At::Editing;
        let submitted = self.at == At::InReview { disputed: false, started: false };
        let asked = matches!(self.at, At::Asked { .. });
        let disputable = matches!(self.at, At::Rejected { disputable: true, .. });
        match command {
            Partner::Update => editing || submitted || asked,
            Partner::Delete | Partner::Submit => editing,
            Partner::Resubmit => asked,
            Partner::Withdraw => !editing && self.is_there() && !matches!(self.at, At::Rejected { .. }),
            Partner::Dispute => disputable,
            Partner::AddEvidence => editing || submitted || asked || disputable,
            Partner::Comment => self.is_there(),
        }
    }

    fn admits_review(&self, command: Review) -> bool {
        match (self.at, command) {
            (At::InReview { started: false, .. }, Review::Take) => !self.taken,
            (At::InReview { started: false, .. }, Review::Release) => self.taken,
            (At::InReview { started, .. }, Review::Start) => !started,
            (At::InReview { started, .. }, Review::RequestPartnerAction | Review::Approve | Review::Reject) => started,
            _ => false,
        }
    }

    fn partner(&mut self, command: Partner) {
        match command {
            Partner::Update | Partner::Comment => {}
            Partner::Delete => self.at = At::Gone,
            Partner::Submit => self.goes_to_review(false),
            Partner::Resubmit => self.goes_to_review(matches!(self.at, At::Asked { disputed: true, .. })),
            Partner::Withdraw => self.at = At::Rejected { disputable: false, due: None },
            Partner::Dispute => {
                self.taken = false;
                self.said_no = false;
                self.goes_to_review(true);
            }
            Partner::AddEvidence => self.documents += 1,
        }
    }

    fn goes_to_review(&mut self, disputed: bool) {
        self.at = At::InReview { disputed, started: false };
    }

    fn review(&mut self, command: Review) {
        let disputed = matches!(self.at, At::InReview { disputed: true, .. });
        match command {
            Review::Take => self.taken = true,
            Review::Release => self.taken = false,
            Review::Start => {
                self.taken = true;
                self.at = At::InReview { disputed, started: true };
            }
            Review::RequestPartnerAction => {
                self.documents = 0;
                self.at = At::Asked { disputed, due: None };
            }
            Review::Approve => self.at = At::Approved { official: self.approved, due: None },
            Review::Reject => self.is_rejected(),
        }
    }

    fn is_rejected(&mut self) {
        self.documents = 0;
        self.at = At::Rejected { disputable: true, due: None };
    }

    fn customer_approves(&mut self) {
        self.approved = true;
        self.declined = false;
        if let At::Approved { official, .. } = &mut self.at {
            *official = true;
        }
    }

    fn customer_declines(&mut self) {
        let again = matches!(self.at, At::Rejected { .. });
        self.approved = false;
        self.declined = true;
        self.said_no = true;
        if !again {
            self.is_rejected();
        }
    }

    /// Time passes: what is due by `now` happens.
    pub(super) fn wait_until(&mut self, now: DateTime<Utc>) {
        let passed = |due: Option<DateTime<Utc>>| due.is_some_and(|due| due <= now);
        match self.at {
            At::Asked { due, .. } if passed(due) => self.is_rejected(),
            // Silence after a decline says no once more (R28).
            At::Approved { due, .. } if passed(due) && self.declined => {
                self.said_no = true;
                self.at = At::Rejected { disputable: false, due: None };
            }
            At::Approved { due, .. } if passed(due) => self.at = At::Approved { official: true, due: None },
            At::Rejected { due, .. } if passed(due) => self.at = At::Rejected { disputable: false, due: None },
            At::Editing
            | At::Gone
            | At::InReview { .. }
            | At::Asked { .. }
            | At::Approved { .. }
            | At::Rejected { .. } => {}
        }
    }

    /// Takes over the due time that the system shows for what the claim has just come to.
    pub(super) fn reads(&mut self, claim: &Claim) {
        match &mut self.at {
            At::Asked { due: due @ None, .. } => {
                *due = claim.partner_action.as_ref().map(|action| from_timestamp(action.due_time));
            }
            At::Approved { official: false, due: due @ None } => {
                *due = claim.consent_due_time.map(|due| from_timestamp(Some(due)))
            }
            At::Rejected { disputable: true, due: due @ None } => {
                *due = claim.rejection.as_ref().map(|rejection| from_timestamp(rejection.dispute_due_time));
            }
            At::Editing
            | At::Gone
            | At::InReview { .. }
            | At::Asked { .. }
            | At::Approved { .. }
            | At::Rejected { .. } => {}
        }
    }

    /// What its partner must see.
    pub(super) fn shows(&self) -> Shown {
        let state = match self.at {
            At::Editing => ClaimState::Editing,
            At::Gone => ClaimState::Unspecified,
            At::InReview { disputed: true, .. } => ClaimState::Disputed,
            At::InReview { disputed: false, started: true } => ClaimState::UnderReview,
            At::InReview { disputed: false, started: false } => ClaimState::Submitted,
            At::Asked { .. } => ClaimState::PartnerActionRequired,
            At::Approved { .. } => ClaimState::Approved,
            At::Rejected { .. } => ClaimState::Rejected,
        };
        let official = match self.at {
            At::Approved { official, .. } => Some(official),
            At::Editing | At::Gone | At::InReview { .. } | At::Asked { .. } | At::Rejected { .. } => None,
        };
        let commands = Partner::ALL.into_iter().filter(|command| self.admits_partner(*command));
        Shown { state, official, commands: commands.map(Partner::in_the_contract).collect() }
    }
}

/// What the rules say of what a partner sees.
#[derive(Debug, PartialEq)]
pub(super) struct Shown {
    state: ClaimState,
    /// Of an approved claim.
    official: Option<bool>,
    commands: Vec<ClaimCommand>,
}

/// What the partner sees of it.
pub(super) fn shown(claim: &Claim) -> Shown {
    let approved = claim.state() == ClaimState::Approved;
    let official = approved.then_some(claim.association_state() == AssociationState::Official);
    let commands = claim.allowed_commands().filter(|command| *command != ClaimCommand::RemoveEvidence).collect();
    Shown { state: claim.state(), official, commands }
}
