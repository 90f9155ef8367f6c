//! What the other services report of a claim. A fact is never refused: what the state no longer admits is recorded as
//! overtaken.
use super::{Comment, EndReason, FactKind, Verdict};
use cpor_types::{Activity, CaseId, CommentId, FurtherRejection, LineId, Month, PartnerActionReason, Timestamp};

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
    /// From the registry: associations are over (R37, R39).
    AssociationEnded {
        /// Why.
        reason: EndReason,
        /// The lines.
        lines: Vec<LineId>,
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
    /// The case waits for its start, and its first clock passes then; `None`: they stand still (R45).
    Opened(Option<Timestamp>),
    /// This reviewer began, and the first clock passes then.
    Started(String, Option<Timestamp>),
    /// The reviewer needs something from the partner (R20).
    ActionRequested {
        /// Why; at least one.
        reasons: Vec<PartnerActionReason>,
        /// Lines that are to be removed (R30).
        remove_lines: Vec<LineId>,
        /// What the reviewer wrote.
        said: Option<Comment>,
    },
    /// Every line is held and the case is approved (R23).
    Approved(Option<Comment>),
    /// The reviewer rejected for insufficient proof (R24, R31).
    Rejected(Vec<FurtherRejection>, Option<Comment>),
    /// An approval could not be given; each line with its reason (R36), and without a line what speaks against the
    /// claim as a whole (R12). The first clock passes then.
    ApprovalRefused(Vec<(Option<LineId>, String)>, Option<Timestamp>),
    /// The reviewer approved, and the registry is asked to hold the lines: until it answers no clock runs (R23).
    ApprovalBegun,
    /// The review clock of this name passed (R45).
    Overdue(String),
    /// A reviewer was reminded that the review clock of this name is about to pass (R48).
    Reminded(String),
    /// A reviewer wrote a note for reviewers (R55).
    Noted(String),
    /// A lead awarded contested lines (R37).
    LinesAwarded {
        /// Which, and to whom.
        awards: Awards,
        /// What the lead wrote.
        said: Option<Comment>,
    },
    /// Which lines compete with other companies' now (R37).
    CompetitionChanged {
        /// The lines; none: no longer any.
        contested: Vec<LineId>,
        /// The id of the comment that tells the partner.
        notice: CommentId,
        /// When the first clock passes; `None`: they stand still.
        due: Option<Timestamp>,
    },
}

/// What an arbitration came to for the lines of one claim (R37).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Awards {
    /// Awarded to the claim.
    pub won: Vec<LineId>,
    /// Of those, the ones that another has on record until this claim's association is official.
    pub succeeding: Vec<LineId>,
    /// Awarded to others.
    pub lost: Vec<LineId>,
    /// Awarded to others, and kept by this approved claim until their associations end.
    pub kept: Vec<LineId>,
}

/// What customer-consent reports.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsentFact {
    /// Somebody asked for the last notice to be sent again (R44).
    NoticeResent {
        /// Which: `submission`, `approval`, `change` or `dispute`.
        notice: String,
        /// What became of the one before.
        previous: String,
    },
    /// A notice was accepted by the customer's mail system, or bounced (R41).
    NoticeSettled {
        /// Which, as above.
        notice: String,
        /// Why it bounced; `None`: it was accepted.
        bounced: Option<String>,
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
        /// Which asking, [`Submission::askings`](super::Submission::askings): an answer to an earlier one has lapsed (R29).
        askings: u32,
    },
    /// The customer declined (R26).
    Declined {
        /// `link` or `signed_in`, or [`ConsentFact::SILENCE`].
        channel: String,
        /// What they wrote; may be empty.
        comment: String,
    },
}

impl ConsentFact {
    /// The channel of a decline that nobody spoke: an explicit approval was needed, and the window passed without one (R28).
    pub const SILENCE: &str = "silence";
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
                ReviewFact::Opened(_) => FactKind::ReviewOpened,
                ReviewFact::Started(..) => FactKind::ReviewStarted,
                ReviewFact::ActionRequested { .. } => FactKind::PartnerActionRequested,
                ReviewFact::Approved(_) => FactKind::ReviewApproved,
                ReviewFact::Rejected(..) => FactKind::ReviewRejected,
                ReviewFact::ApprovalRefused(..) => FactKind::ApprovalRefused,
                ReviewFact::ApprovalBegun => FactKind::ApprovalBegun,
                ReviewFact::Overdue(_) => FactKind::ReviewOverdue,
                ReviewFact::Reminded(_) => FactKind::ReviewReminded,
                ReviewFact::Noted(_) => FactKind::ReviewNoted,
                ReviewFact::LinesAwarded { .. } => FactKind::LinesAwarded,
                ReviewFact::CompetitionChanged { .. } => FactKind::CompetitionChanged,
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeResent { .. } => FactKind::NoticeResent,
                ConsentFact::NoticeSettled { .. } => FactKind::NoticeSettled,
                ConsentFact::WindowOpened { .. } => FactKind::ConsentWindowOpened,
                ConsentFact::WindowPassed => FactKind::ConsentWindowPassed,
                ConsentFact::Approved { .. } => FactKind::CustomerApproved,
                ConsentFact::Declined { .. } => FactKind::CustomerDeclined,
            },
            Self::AssociationOfficial { .. } => FactKind::AssociationOfficial,
            Self::AssociationEnded { .. } => FactKind::AssociationEnded,
            Self::Assessed { .. } => FactKind::Assessed,
        }
    }

    /// The review case that the fact must be of to count. A note counts whichever case it was written on.
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

    /// How the customer spoke; `None`: the fact is no word of theirs.
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

    /// Why, for the history; may be empty. Of a kind of fact it is people's words or the system's, never both.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Review { fact, .. } => match fact {
                ReviewFact::Assigned(_)
                | ReviewFact::Opened(_)
                | ReviewFact::Started(..)
                | ReviewFact::ApprovalBegun
                | ReviewFact::ApprovalRefused(..)
                | ReviewFact::CompetitionChanged { .. } => String::new(),
                ReviewFact::ActionRequested { said: comment, .. }
                | ReviewFact::LinesAwarded { said: comment, .. }
                | ReviewFact::Approved(comment)
                | ReviewFact::Rejected(_, comment) => {
                    comment.as_ref().map(|said| said.text.clone()).unwrap_or_default()
                }
                ReviewFact::Overdue(said) | ReviewFact::Reminded(said) | ReviewFact::Noted(said) => said.clone(),
            },
            Self::Consent(fact) => match fact {
                ConsentFact::NoticeResent { notice, .. } => format!("{notice} notice sent again"),
                ConsentFact::NoticeSettled { notice, bounced: None } => format!("{notice} notice accepted"),
                ConsentFact::NoticeSettled { notice, bounced: Some(why) } => format!("{notice} notice bounced: {why}"),
                ConsentFact::WindowOpened { rule, .. } => rule.clone(),
                ConsentFact::WindowPassed | ConsentFact::Approved { .. } => String::new(),
                ConsentFact::Declined { comment, .. } => comment.clone(),
            },
            Self::AssociationOfficial { .. } => String::new(),
            Self::AssociationEnded { reason, .. } => reason.to_string(),
            Self::Assessed { month, .. } => month.to_string(),
        }
    }
}
