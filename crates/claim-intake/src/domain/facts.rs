//! The facts that other services report about a claim. A reported fact is never refused: a fact
//! that the state no longer allows is recorded in the history as *overtaken* and changes nothing.
//!
//! A *line* is the part of a claim that is about one workload or subscription. The registry service
//! *holds* a line when it reserves that workload or subscription for the claim's partner. A line is
//! *contested* while another company claims or holds the same; a review lead then awards it to one
//! of them (R37). A *review clock* is a deadline of the review; it stops while reviewers cannot act
//! and continues with the time left (R45). A *notice* is a mail to the customer contact about the
//! claim. The *consent window* is the time in which silence of the customer counts as consent
//! (R41). A *statement* is the partner's answer to a reviewer's question about a line that another
//! company also claims; it decides nothing.
use super::{AssociationEnd, Comment, EndReason, FactKind, Verdict};
use cpor_types::{
    Activity, AssociationId, CaseId, CommentId, FurtherRejectionReason, LineId, Month, PartnerActionReason, Timestamp,
};
use std::collections::BTreeMap;

/// A fact that another service reports about a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A fact about a review case, reported by poe-review.
    Review {
        /// The review case. The fact is overtaken unless this is the claim's present case.
        case: CaseId,
        /// What happened in the review.
        fact: ReviewFact,
    },
    /// A fact about the customer's consent, reported by customer-consent.
    Consent(ConsentFact),
    /// The registry has put the association on record (R27).
    AssociationOfficial {
        /// The time from which the association is on record.
        since: Timestamp,
        /// The associations of each line.
        associations: BTreeMap<LineId, Vec<AssociationId>>,
        /// The ends of the associations that have ended already, by line. A line that is not in
        /// this map is on record, even if an end of its association was reported before (R47).
        ends: BTreeMap<LineId, AssociationEnd>,
    },
    /// The registry has ended associations (R37, R39).
    AssociationEnded {
        /// Why the associations ended.
        reason: EndReason,
        /// The lines whose associations ended.
        lines: Vec<LineId>,
    },
    /// The eligibility service has assessed the lines (R52).
    Assessed {
        /// The assessed month.
        month: Month,
        /// The result for each line and activity.
        verdicts: Vec<LineVerdict>,
    },
}

/// The facts that poe-review reports about a review case.
#[derive(Clone, Debug, PartialEq)]
pub enum ReviewFact {
    /// The case was assigned to the reviewer with this subject; `None` means that no reviewer is
    /// assigned any more.
    Assigned(Option<String>),
    /// The case is open and no reviewer has started it yet. The time is the earliest deadline of
    /// the review clocks; `None` when they are stopped (R45).
    Opened(Option<Timestamp>),
    /// The reviewer with this subject started the review. The time is the earliest deadline of the
    /// review clocks; `None` when they are stopped.
    Started(String, Option<Timestamp>),
    /// The reviewer requested partner action (R20).
    ActionRequested {
        /// The reasons of the request; at least one.
        reasons: Vec<PartnerActionReason>,
        /// The lines that the partner is asked to remove (R30).
        remove_lines: Vec<LineId>,
        /// The reviewer's comment.
        comment: Option<Comment>,
    },
    /// The reviewer asked the holder of a contested line for a statement (R37a), with this comment.
    StatementRequested(Option<Comment>),
    /// The approval is complete: the registry holds every line (R23). The comment is the
    /// reviewer's.
    Approved(Option<Comment>),
    /// The reviewer rejected the claim for insufficient proof of execution (R24, R31), with these
    /// further reasons and this comment.
    Rejected(Vec<FurtherRejectionReason>, Option<Comment>),
    /// The registry refused to hold the lines, so the reviewer's approval failed. Each reason of
    /// the registry belongs to a line (R36) or, without a line id, to the claim as a whole (R12).
    /// The time is the earliest deadline of the review clocks.
    ApprovalRefused(Vec<(Option<LineId>, String)>, Option<Timestamp>),
    /// The reviewer approved, and the registry was asked to reserve the lines for this claim. The
    /// approval is not complete and no review clock runs until the registry answers (R23).
    ApprovalBegun,
    /// The deadline of the review clock with this name passed (R45).
    Overdue(String),
    /// A reviewer was reminded that the deadline of the review clock with this name is near (R48).
    Reminded(String),
    /// A reviewer wrote this note, which only reviewers can read (R55).
    Noted(String),
    /// A reviewer confirmed that the customer contact with this e-mail address can decide for the
    /// tenant (R43a).
    ContactConfirmed(String),
    /// A review lead awarded contested lines (R37).
    LinesAwarded {
        /// The lines of this claim that were awarded, and to whom.
        awards: Awards,
        /// The review lead's comment.
        comment: Option<Comment>,
    },
    /// The set of contested lines, or of lines that were awarded to others and are still held,
    /// changed (R37).
    CompetitionChanged {
        /// All lines that are contested now; empty when the competition is over.
        contested: Vec<LineId>,
        /// All lines that were awarded to a competing claim, and that this approved claim keeps
        /// until the competing claim is on record.
        awarded: Vec<LineId>,
        /// The id of the comment that will inform the partner.
        comment_id: CommentId,
        /// The earliest deadline of the review clocks; `None` when they are stopped.
        due: Option<Timestamp>,
    },
}

/// How a review lead's decision on contested lines affects one claim (R37).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Awards {
    /// The lines that were awarded to this claim.
    pub won: Vec<LineId>,
    /// Those of the won lines for which another company stays on record until this claim's
    /// association is official.
    pub succeeding: Vec<LineId>,
    /// The lines that were awarded to other claims.
    pub lost: Vec<LineId>,
    /// The lines that were awarded to other claims and that this approved claim keeps until their
    /// associations end.
    pub kept: Vec<LineId>,
}

/// The facts that customer-consent reports about the customer's consent.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsentFact {
    /// The last notice was requested again (R44).
    NoticeResent {
        /// Which notice: `submission`, `approval`, `change` or `dispute`.
        notice: String,
        /// The delivery status of the previous mail of this notice.
        previous: String,
    },
    /// The delivery of a notice ended: the customer's mail system accepted the notice, or the
    /// notice bounced (R41).
    NoticeReported {
        /// Which notice: `submission`, `approval`, `change` or `dispute`.
        notice: String,
        /// The delivery status of the notice before. A notice can bounce after it was accepted
        /// (R41b).
        previous: String,
        /// Why the notice bounced; `None` when it was accepted.
        bounce_reason: Option<String>,
        /// The number of the request that the notice was part of, as in [`Self::Approved`]. `None`
        /// if the customer was asked anew since then.
        consent_request_number: Option<u32>,
    },
    /// The consent window opened (R41).
    WindowOpened {
        /// When the consent window ends.
        due: Timestamp,
        /// The rule by which the end was computed, for example `7 calendar days`.
        rule: String,
    },
    /// The notice that opened the consent window has bounced after all (R41b). The time is the one
    /// by which a notice must be accepted (R41a); `None` when the association is official.
    WindowStopped(Option<Timestamp>),
    /// The partner is reminded that a notice must be accepted soon (R48).
    DeliveryReminded,
    /// No notice was accepted in time after the approval (R41a).
    NotReached {
        /// The number of the request whose notices were not accepted, as in [`Self::Approved`]. If
        /// the customer was asked anew since then, the fact does not count. `None` if the event was
        /// sent before it had the number; the fact then counts.
        consent_request_number: Option<u32>,
    },
    /// The consent window ended without a decline (R27).
    WindowPassed {
        /// Whether the silence does not count until a reviewer confirms the contact (R43a).
        awaits_confirmation: bool,
        /// The number of the request that the silence answers, as in [`Self::Approved`].
        consent_request_number: u32,
    },
    /// The customer approved explicitly (R26a).
    Approved {
        /// How the customer approved: `link` or `signed_in`.
        channel: String,
        /// The value of
        /// [`Submission::consent_request_number`](super::Submission::consent_request_number) when
        /// the customer was asked. It identifies the request that the customer answered; an answer
        /// to an earlier request does not count any more (R29).
        consent_request_number: u32,
        /// Whether the approval does not count until a reviewer confirms the contact (R43a).
        awaits_confirmation: bool,
    },
    /// The customer declined (R26).
    Declined {
        /// How the customer declined: `link` or `signed_in`, or [`ConsentFact::SILENCE`].
        channel: String,
        /// The customer's comment; may be empty.
        comment: String,
        /// The number of the request that was declined or not answered in time, as in
        /// [`Self::Approved`]. Silence on an earlier request does not count. A decline that the
        /// customer has expressed always counts. `None` if the event was sent before it had the
        /// number; the decline then counts.
        consent_request_number: Option<u32>,
    },
    /// customer-consent has learned that all associations of the claim have ended (R37, R39). It
    /// has reported every earlier decision of the customer before.
    Ended {
        /// The number of the last request for consent, as in [`Self::Approved`].
        consent_request_number: u32,
    },
}

impl ConsentFact {
    /// The channel of a decline by silence: an explicit approval was needed, and the consent window
    /// ended without one (R28).
    pub const SILENCE: &str = "silence";
}

/// The result of an assessment for one line and one activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineVerdict {
    /// The assessed line.
    pub line: LineId,
    /// The assessed activity.
    pub activity: Activity,
    /// The result of the assessment.
    pub verdict: Verdict,
    /// The names of the program guide's conditions that did not hold.
    pub failed_conditions: Vec<String>,
}

impl Fact {
    /// Returns the kind of the fact, without its data.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        match self {
            Self::Review { fact, .. } => match fact {
                ReviewFact::Assigned(_) => FactKind::ReviewAssigned,
                ReviewFact::Opened(_) => FactKind::ReviewOpened,
                ReviewFact::Started(..) => FactKind::ReviewStarted,
                ReviewFact::ActionRequested { .. } => FactKind::PartnerActionRequested,
                ReviewFact::StatementRequested(_) => FactKind::StatementRequested,
                ReviewFact::Approved(_) => FactKind::ReviewApproved,
                ReviewFact::Rejected(..) => FactKind::ReviewRejected,
                ReviewFact::ApprovalRefused(..) => FactKind::ApprovalRefused,
                ReviewFact::ApprovalBegun => FactKind::ApprovalBegun,
                ReviewFact::Overdue(_) => FactKind::ReviewOverdue,
                ReviewFact::Reminded(_) => FactKind::ReviewReminded,
                ReviewFact::Noted(_) => FactKind::ReviewNoted,
                ReviewFact::ContactConfirmed(_) => FactKind::ContactConfirmed,
                ReviewFact::LinesAwarded { .. } => FactKind::LinesAwarded,
                ReviewFact::CompetitionChanged { .. } => FactKind::CompetitionChanged,
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeResent { .. } => FactKind::NoticeResent,
                ConsentFact::NoticeReported { .. } => FactKind::NoticeReported,
                ConsentFact::WindowOpened { .. } => FactKind::ConsentWindowOpened,
                ConsentFact::WindowStopped(_) => FactKind::ConsentWindowStopped,
                ConsentFact::DeliveryReminded => FactKind::DeliveryReminded,
                ConsentFact::NotReached { .. } => FactKind::CustomerNotReached,
                ConsentFact::WindowPassed { .. } => FactKind::ConsentWindowPassed,
                ConsentFact::Approved { .. } => FactKind::CustomerApproved,
                ConsentFact::Declined { .. } => FactKind::CustomerDeclined,
                ConsentFact::Ended { .. } => FactKind::ConsentEnded,
            },
            Self::AssociationOfficial { .. } => FactKind::AssociationOfficial,
            Self::AssociationEnded { .. } => FactKind::AssociationEnded,
            Self::Assessed { .. } => FactKind::Assessed,
        }
    }

    /// Returns the review case of the fact. The fact is overtaken unless this is the claim's
    /// present case. Returns `None` for facts that do not belong to a case, and for a reviewer's
    /// note, which counts even if it was written on an earlier case.
    #[must_use]
    pub const fn case(&self) -> Option<CaseId> {
        match self {
            Self::Review { fact: ReviewFact::Noted(_), .. }
            | Self::Consent(_)
            | Self::AssociationOfficial { .. }
            | Self::AssociationEnded { .. }
            | Self::Assessed { .. } => None,
            Self::Review { case, .. } => Some(*case),
        }
    }

    /// Returns the channel that the customer used; `None` when the fact is not a decision of the
    /// customer.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        match self {
            Self::Consent(ConsentFact::Approved { channel, .. } | ConsentFact::Declined { channel, .. }) => {
                Some(channel)
            }
            Self::Consent(_)
            | Self::Review { .. }
            | Self::AssociationOfficial { .. }
            | Self::AssociationEnded { .. }
            | Self::Assessed { .. } => None,
        }
    }

    /// Returns the reason for the history entry; may be empty. For each kind of fact the reason is
    /// written either by people or by the system, never by both: the erasure of personal data
    /// depends on this.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Review { fact, .. } => match fact {
                ReviewFact::Assigned(_)
                | ReviewFact::Opened(_)
                | ReviewFact::Started(..)
                | ReviewFact::ApprovalBegun
                | ReviewFact::ApprovalRefused(..)
                | ReviewFact::ContactConfirmed(_)
                | ReviewFact::CompetitionChanged { .. } => String::new(),
                ReviewFact::ActionRequested { comment, .. }
                | ReviewFact::LinesAwarded { comment, .. }
                | ReviewFact::StatementRequested(comment)
                | ReviewFact::Approved(comment)
                | ReviewFact::Rejected(_, comment) => {
                    comment.as_ref().map(|comment| comment.text.expose().to_owned()).unwrap_or_default()
                }
                ReviewFact::Overdue(text) | ReviewFact::Reminded(text) | ReviewFact::Noted(text) => text.clone(),
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeResent { notice, .. } => format!("{notice} notice sent again"),
                ConsentFact::NoticeReported { notice, bounce_reason: None, .. } => format!("{notice} notice accepted"),
                ConsentFact::NoticeReported { notice, bounce_reason: Some(cause), .. } => {
                    format!("{notice} notice bounced: {cause}")
                }
                ConsentFact::WindowOpened { rule, .. } => rule.clone(),
                ConsentFact::WindowStopped(_)
                | ConsentFact::DeliveryReminded
                | ConsentFact::NotReached { .. }
                | ConsentFact::WindowPassed { .. }
                | ConsentFact::Approved { .. }
                | ConsentFact::Ended { .. } => String::new(),
                ConsentFact::Declined { comment, .. } => comment.clone(),
            },
            Self::AssociationOfficial { .. } => String::new(),
            Self::AssociationEnded { reason, .. } => reason.to_string(),
            Self::Assessed { month, .. } => month.to_string(),
        }
    }
}
