//! The domain events of a case. `events/outgoing.rs` derives from them the events that the service
//! claim-intake receives.
//!
//! A *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*). To *hold* a line is to reserve its key for the claim's partner. A *clock* measures the
//! working time that reviewers have for one stage of the review.
use super::{Approval, ClockKind, LineRefusal, Note, PartnerAction, Rejection};
use cpor_types::{AssociationKey, DecisionId, LegacyHolderId, LineId, Personal, PersonalData, PrimaryRejectionReason};
use std::collections::BTreeMap;

/// A domain event of a review case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseEvent {
    /// The case was opened, because its claim was submitted (R18) or disputed (R28).
    Opened,
    /// The partner resubmitted the claim after a request for partner action (R21).
    Resubmitted,
    /// The claim was edited during its review (R29, R37), or the documents or the customer contact
    /// of the approved claim changed (R29a, R37a).
    Edited,
    /// The reviewer of the case changed (R19).
    Assigned {
        /// The new reviewer's subject (user id). `None` if the case was released.
        reviewer: Option<String>,
    },
    /// The review was started (R19).
    Started {
        /// The subject of the case's reviewer.
        reviewer: String,
    },
    /// The reviewer requested an action of the partner (R20).
    PartnerActionRequested(PartnerAction),
    /// A reviewer asked the partner of the approved claim for a statement about contested lines
    /// (R37a).
    StatementRequested {
        /// The comment to the partner.
        comment: String,
    },
    /// A reviewer asked the holders of legacy associations for a statement (R58a).
    LegacyStatementRequested {
        /// The keys that the case competes for, and their holders.
        holders: BTreeMap<AssociationKey, LegacyHolderId>,
        /// The comment to the holders.
        comment: String,
    },
    /// The case now competes with these holders of legacy associations, which were recorded before
    /// claims existed (R58a).
    LegacyHoldersContested {
        /// The keys and their holders.
        holders: BTreeMap<AssociationKey, LegacyHolderId>,
    },
    /// A legacy holder does not hold a key of the case any more (R58).
    LegacyAssociationEnded,
    /// The state of a request for a statement changed, or a holder sent a statement (R37a, R58a).
    StatementReported,
    /// The reviewer approved, and the registry is being asked to hold the lines (R23).
    ApprovalBegun {
        /// The id under which the registry holds the lines.
        decision_id: DecisionId,
    },
    /// The case is approved, because the registry holds every line (R23).
    Approved(Approval),
    /// The registry refused to hold a line: another company holds its key (R36), or the partner or
    /// customer data has changed and the line is no longer allowed (R12).
    ApprovalRefused {
        /// The id of the refused approval.
        decision_id: DecisionId,
        /// The refused lines with their reasons.
        refusals: Vec<LineRefusal>,
    },
    /// The reviewer rejected the claim (R24).
    Rejected(Rejection),
    /// The deadline of a clock passed, so the case is overdue (R45).
    Overdue {
        /// The clock whose deadline passed.
        clock: ClockKind,
    },
    /// The reviewer must be reminded that the deadline of a clock will pass soon (R48).
    Reminded {
        /// The clock whose deadline will pass soon.
        clock: ClockKind,
    },
    /// The claim was closed without a reviewer's decision, for example by a withdrawal, so the case
    /// is closed too (R45).
    Closed {
        /// The primary reason why the claim was closed (R31).
        primary_reason: PrimaryRejectionReason,
    },
    /// The associations of lines of an approved claim have ended (R37, R39, R45). The case no
    /// longer competes for their keys.
    LinesEnded {
        /// The ended lines.
        lines: Vec<LineId>,
    },
    /// The associations of lines of an approved claim that were reported as ended are on record
    /// after all (R47). The case competes for their keys again.
    LinesReinstated {
        /// The lines that have not ended.
        lines: Vec<LineId>,
    },
    /// The lines of the case that are contested (other companies claim their keys, R37), or the
    /// lines that were awarded to a rival, have changed.
    CompetitionChanged {
        /// The lines that are contested now. Empty when the competition is over.
        lines: Vec<LineId>,
        /// The lines of an approved case that were awarded to a rival. The case keeps them until
        /// the association of the rival becomes official.
        awarded: Vec<LineId>,
    },
    /// A check of the competition found other rivals than before, or that a rival has given up a
    /// key that it was awarded (R37).
    RivalsChecked {
        /// The number of checks of this case that were requested when the check began.
        requested_count: i64,
    },
    /// The claim no longer has a line that was awarded to it, so the registry need not reserve the
    /// key any more (R37).
    AwardReleased {
        /// The awarded key.
        key: AssociationKey,
        /// The arbitration that awarded the key.
        decision_id: DecisionId,
    },
    /// A review lead decided which of the competing claims gets the keys of contested lines (R37).
    Awarded {
        /// The id of the review lead's decision.
        decision_id: DecisionId,
        /// The lines that this claim wins.
        won_lines: Vec<LineId>,
        /// The won lines whose official holder stays on record until this claim's association
        /// becomes official.
        successor_lines: Vec<LineId>,
        /// The lines that this claim loses to another claim.
        lost_lines: Vec<LineId>,
        /// The lines that another claim wins, and that this approved claim keeps until their
        /// associations end.
        kept_lines: Vec<LineId>,
        /// The review lead's comment.
        comment: String,
    },
    /// A notice (a mail to the customer contact) about the approved claim bounced (R41a, R41b).
    NoticeBounced {
        /// Whether the customer has consented already, so that the association is official (the
        /// partner is on record) or about to become so, and the bounce changes nothing by itself.
        consent_complete: bool,
    },
    /// A reviewer confirmed that the customer contact can decide for the tenant (R43a).
    ContactConfirmed {
        /// The e-mail address of the contact.
        email: Personal,
    },
    /// A reviewer wrote a note, which only reviewers can read (R55).
    NoteCreated(Note),
    /// Personal data of the claim was erased (R56).
    PersonalDataErased {
        /// The erased kinds of personal data.
        kinds: Vec<PersonalData>,
    },
}

/// An alert about a clock, which is sent by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockAlert {
    /// The deadline of the clock will pass soon (R48).
    Reminder(ClockKind),
    /// The deadline of the clock has passed (R45).
    Overdue(ClockKind),
}

impl CaseEvent {
    /// Returns the note that this event created, or `None` for another event.
    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        match self {
            Self::NoteCreated(note) => Some(note),
            Self::Opened
            | Self::Resubmitted
            | Self::Edited
            | Self::Assigned { .. }
            | Self::Started { .. }
            | Self::PartnerActionRequested(_)
            | Self::StatementRequested { .. }
            | Self::LegacyStatementRequested { .. }
            | Self::LegacyHoldersContested { .. }
            | Self::LegacyAssociationEnded
            | Self::StatementReported
            | Self::ApprovalBegun { .. }
            | Self::Approved(_)
            | Self::ApprovalRefused { .. }
            | Self::Rejected(_)
            | Self::Overdue { .. }
            | Self::Reminded { .. }
            | Self::Closed { .. }
            | Self::LinesEnded { .. }
            | Self::LinesReinstated { .. }
            | Self::CompetitionChanged { .. }
            | Self::RivalsChecked { .. }
            | Self::AwardReleased { .. }
            | Self::Awarded { .. }
            | Self::NoticeBounced { .. }
            | Self::ContactConfirmed { .. }
            | Self::PersonalDataErased { .. } => None,
        }
    }

    /// Returns the kinds of personal data that this event erased. Empty for all other events.
    #[must_use]
    pub fn erased_kinds(&self) -> &[PersonalData] {
        if let Self::PersonalDataErased { kinds } = self { kinds } else { &[] }
    }

    /// Returns the number in [`Self::RivalsChecked`], or `None` for another event.
    #[must_use]
    pub const fn requested_count_of_check(&self) -> Option<i64> {
        if let Self::RivalsChecked { requested_count } = self { Some(*requested_count) } else { None }
    }

    /// Returns the clock alert that must be sent by mail because of this event.
    #[must_use]
    pub const fn clock_alert(&self) -> Option<ClockAlert> {
        match self {
            Self::Overdue { clock } => Some(ClockAlert::Overdue(*clock)),
            Self::Reminded { clock } => Some(ClockAlert::Reminder(*clock)),
            Self::Opened
            | Self::Resubmitted
            | Self::Edited
            | Self::Assigned { .. }
            | Self::Started { .. }
            | Self::PartnerActionRequested(_)
            | Self::StatementRequested { .. }
            | Self::LegacyStatementRequested { .. }
            | Self::LegacyHoldersContested { .. }
            | Self::LegacyAssociationEnded
            | Self::StatementReported
            | Self::ApprovalBegun { .. }
            | Self::Approved(_)
            | Self::ApprovalRefused { .. }
            | Self::Rejected(_)
            | Self::Closed { .. }
            | Self::LinesEnded { .. }
            | Self::LinesReinstated { .. }
            | Self::CompetitionChanged { .. }
            | Self::RivalsChecked { .. }
            | Self::AwardReleased { .. }
            | Self::Awarded { .. }
            | Self::NoticeBounced { .. }
            | Self::ContactConfirmed { .. }
            | Self::PersonalDataErased { .. }
            | Self::NoteCreated(_) => None,
        }
    }
}
