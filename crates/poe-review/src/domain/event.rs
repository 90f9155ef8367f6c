//! What happened to a case. What other services must know of it is derived in `outgoing.rs`.
use super::{Approval, ClockKind, LineRefusal, Note, PartnerAction, Rejection};
use cpor_types::{DecisionId, LineId, PersonalData, PrimaryRejection};

/// A domain event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseEvent {
    /// A claim came in (R18), or came back in dispute (R28).
    Opened,
    /// The partner answered (R21).
    Resubmitted,
    /// The claim was changed while it was in review (R29, R37).
    Edited,
    /// The case found its reviewer, or lost it (R19).
    Assigned {
        /// The reviewer's subject; nobody after a release.
        reviewer: Option<String>,
    },
    /// The review began (R19).
    Started {
        /// The case's reviewer.
        reviewer: String,
    },
    /// The partner must act (R20).
    PartnerActionRequested(PartnerAction),
    /// The reviewer approved; the lines are about to be held.
    ApprovalBegun {
        /// The decision that the hold is placed under.
        decision_id: DecisionId,
    },
    /// Every line is held (R23).
    Approved(Approval),
    /// A line could not be held (R36), or the directory no longer admits one (R12).
    ApprovalRefused {
        /// The decision that was refused.
        decision_id: DecisionId,
        /// Which lines, and why.
        refusals: Vec<LineRefusal>,
    },
    /// The reviewer rejected (R24).
    Rejected(Rejection),
    /// A clock passed (R45).
    Overdue {
        /// Which.
        clock: ClockKind,
    },
    /// A clock passes soon (R48).
    Reminded {
        /// Which.
        clock: ClockKind,
    },
    /// The claim was closed from outside (R45).
    Closed {
        /// The claim's primary reason (R31).
        primary_reason: PrimaryRejection,
    },
    /// Lines of an approved claim are over (R37, R39, R45): the case no longer competes for their keys.
    LinesEnded {
        /// Which.
        lines: Vec<LineId>,
    },
    /// The claim's lines compete with those of other companies, or no longer do (R37).
    CompetitionChanged {
        /// The lines that are contested now.
        lines: Vec<LineId>,
    },
    /// A lead has awarded lines of the claim (R37).
    Awarded {
        /// The decision.
        decision_id: DecisionId,
        /// Those that it wins.
        won: Vec<LineId>,
        /// Of those, the ones that another has on record until this claim's association is official.
        succeeding: Vec<LineId>,
        /// Those that another wins.
        lost: Vec<LineId>,
        /// Those that another wins and that this approved claim keeps until their associations end.
        kept: Vec<LineId>,
        /// What the lead wrote.
        comment: String,
    },
    /// A reviewer wrote a note for reviewers (R55).
    Noted(Note),
    /// Personal data of the claim was erased (R56).
    PersonalDataErased {
        /// Of which kinds.
        kinds: Vec<PersonalData>,
    },
}

impl CaseEvent {
    /// The note that was written.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        match self {
            Self::Noted(note) => Some(note),
            Self::Opened
            | Self::Resubmitted
            | Self::Edited
            | Self::Assigned { .. }
            | Self::Started { .. }
            | Self::PartnerActionRequested(_)
            | Self::ApprovalBegun { .. }
            | Self::Approved(_)
            | Self::ApprovalRefused { .. }
            | Self::Rejected(_)
            | Self::Overdue { .. }
            | Self::Reminded { .. }
            | Self::Closed { .. }
            | Self::LinesEnded { .. }
            | Self::CompetitionChanged { .. }
            | Self::Awarded { .. }
            | Self::PersonalDataErased { .. } => None,
        }
    }

    /// The kinds of personal data that were erased; none by any other event.
    #[must_use]
    pub fn erased(&self) -> &[PersonalData] {
        if let Self::PersonalDataErased { kinds } = self { kinds } else { &[] }
    }

    /// The clock that somebody is told of by mail, and whether it has passed.
    #[must_use]
    pub const fn told_by_mail(&self) -> Option<(ClockKind, bool)> {
        match self {
            Self::Overdue { clock } => Some((*clock, true)),
            Self::Reminded { clock } => Some((*clock, false)),
            Self::Opened
            | Self::Resubmitted
            | Self::Edited
            | Self::Assigned { .. }
            | Self::Started { .. }
            | Self::PartnerActionRequested(_)
            | Self::ApprovalBegun { .. }
            | Self::Approved(_)
            | Self::ApprovalRefused { .. }
            | Self::Rejected(_)
            | Self::Closed { .. }
            | Self::LinesEnded { .. }
            | Self::CompetitionChanged { .. }
            | Self::Awarded { .. }
            | Self::PersonalDataErased { .. }
            | Self::Noted(_) => None,
        }
    }
}
