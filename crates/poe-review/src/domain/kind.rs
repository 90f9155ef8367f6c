//! The kind of a case: the review of a submission or of a dispute.
use super::Clocks;
use cpor_types::{CaseId, ReviewLengths};
use serde::{Deserialize, Serialize};

/// Whether a case reviews a submission or a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseKind {
    /// The claim was submitted (R18).
    Submission,
    /// The partner disputes the rejection of the claim (R28).
    Dispute(Dispute),
}

/// A partner's objection to a rejection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The case in which the claim was rejected.
    pub previous: CaseId,
    /// The number of the dispute within its claim: 1 for the first dispute.
    pub number: u32,
    /// The partner's justification. Empty if the dispute has only new evidence.
    pub justification: String,
    /// Whether the customer had declined the claim before the dispute.
    pub customer_declined: bool,
}

impl CaseKind {
    /// Creates the clocks for a case of this kind, all stopped (R45). The lengths come from the
    /// claim's policy profile (R61).
    #[must_use]
    pub fn new_clocks(&self, lengths: ReviewLengths) -> Clocks {
        match self {
            Self::Submission => Clocks::for_submission(lengths),
            Self::Dispute(_) => Clocks::for_dispute(lengths),
        }
    }
}
