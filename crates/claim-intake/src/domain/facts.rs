//! What the other services report of a claim. A fact is never refused: what the state no longer admits is recorded as
//! overtaken.
use super::{Comment, FactKind, Verdict};
use cpor_types::{Activity, CaseId, FurtherRejection, LineId, Month, PartnerActionReason, Timestamp};

/// A fact about a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// From poe-review, of one review case.
    Review {
        /// The case; a fact of any but the claim's own is overtaken.
        case: CaseId,
        /// The fact.
        fact: ReviewFact,
    },
    /// From customer-consent.
    Consent(ConsentFact),
    /// From the registry: the association is on record since then (R27).
    AssociationOfficial {
        /// Since when.
        since: Timestamp,
    },
    /// From eligibility: the lines were assessed (R52).
    Assessed {
        /// The month.
        month: Month,
        /// The answer for each line and activity.
        verdicts: Vec<LineVerdict>,
    },
}

/// What poe-review reports.
#[derive(Clone, Debug, PartialEq)]
pub enum ReviewFact {
    /// The case found its reviewer, or with `None` lost it.
    Assigned(Option<String>),
    /// The reviewer began.
    Started(String),
    /// The reviewer needs something from the partner (R20).
    ActionRequested(Vec<PartnerActionReason>, Option<Comment>),
    /// Every line is held and the case is approved (R23).
    Approved(Option<Comment>),
    /// The reviewer rejected for insufficient proof (R24, R31).
    Rejected(Vec<FurtherRejection>, Option<Comment>),
    /// An approval could not be given; each line with its reason (R36), and without a line what speaks against the
    /// claim as a whole (R12).
    ApprovalRefused(Vec<(Option<LineId>, String)>),
    /// The review clock of this name passed (R45).
    Overdue(String),
}

/// What customer-consent reports.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsentFact {
    /// A notice was accepted by the customer's mail system, or bounced (R41).
    NoticeSettled {
        /// Which: `submission` or `approval`.
        notice: String,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// The consent window opened (R41).
    WindowOpened {
        /// When it passes.
        due: Timestamp,
        /// What that was computed from.
        rule: String,
    },
    /// The window passed without a decline (R27).
    WindowPassed,
    /// The customer approved explicitly (R26a).
    Approved {
        /// `link` or `signed_in`.
        channel: String,
    },
    /// The customer declined (R26).
    Declined {
        /// `link` or `signed_in`.
        channel: String,
        /// What they wrote; may be empty.
        comment: String,
    },
}

/// The answer of an assessment for one line and activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineVerdict {
    /// The line.
    pub line: LineId,
    /// The activity.
    pub activity: Activity,
    /// The answer.
    pub verdict: Verdict,
    /// Names of the conditions that did not hold.
    pub failed_conditions: Vec<String>,
}

impl Fact {
    /// The fact without its data.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        match self {
            Self::Review { fact, .. } => match fact {
                ReviewFact::Assigned(_) => FactKind::ReviewAssigned,
                ReviewFact::Started(_) => FactKind::ReviewStarted,
                ReviewFact::ActionRequested(..) => FactKind::PartnerActionRequested,
                ReviewFact::Approved(_) => FactKind::ReviewApproved,
                ReviewFact::Rejected(..) => FactKind::ReviewRejected,
                ReviewFact::ApprovalRefused(_) => FactKind::ApprovalRefused,
                ReviewFact::Overdue(_) => FactKind::ReviewOverdue,
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeSettled { .. } => FactKind::NoticeSettled,
                ConsentFact::WindowOpened { .. } => FactKind::ConsentWindowOpened,
                ConsentFact::WindowPassed => FactKind::ConsentWindowPassed,
                ConsentFact::Approved { .. } => FactKind::CustomerApproved,
                ConsentFact::Declined { .. } => FactKind::CustomerDeclined,
            },
            Self::AssociationOfficial { .. } => FactKind::AssociationOfficial,
            Self::Assessed { .. } => FactKind::Assessed,
        }
    }

    /// The review case that the fact is of, if it is of one.
    #[must_use]
    pub const fn case(&self) -> Option<CaseId> {
        match self {
            Self::Review { case, .. } => Some(*case),
            Self::Consent(_) | Self::AssociationOfficial { .. } | Self::Assessed { .. } => None,
        }
    }

    /// Why, in words, for the history; may be empty.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Review { fact, .. } => match fact {
                ReviewFact::Assigned(_) | ReviewFact::Started(_) | ReviewFact::ApprovalRefused(_) => String::new(),
                ReviewFact::ActionRequested(_, comment)
                | ReviewFact::Approved(comment)
                | ReviewFact::Rejected(_, comment) => {
                    comment.as_ref().map(|said| said.text.clone()).unwrap_or_default()
                }
                ReviewFact::Overdue(clock) => clock.clone(),
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeSettled { notice, accepted: true } => format!("{notice} notice accepted"),
                ConsentFact::NoticeSettled { notice, accepted: false } => format!("{notice} notice bounced"),
                ConsentFact::WindowOpened { rule, .. } => rule.clone(),
                ConsentFact::WindowPassed => String::new(),
                ConsentFact::Approved { channel } => channel.clone(),
                ConsentFact::Declined { channel, comment } if comment.is_empty() => channel.clone(),
                ConsentFact::Declined { channel, comment } => format!("{channel}: {comment}"),
            },
            Self::AssociationOfficial { .. } => String::new(),
            Self::Assessed { month, .. } => month.to_string(),
        }
    }
}
