//! What a case is about: a claim that came in, or one that came back in dispute.
use super::Clocks;
use cpor_types::{CaseId, ReviewLengths};
use serde::{Deserialize, Serialize};

/// The kind of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseKind {
    /// The claim was submitted (R18).
    Submission,
    /// Its rejection is disputed (R28).
    Dispute(Dispute),
}

/// A dispute of a rejection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The case that the rejection closed.
    pub previous: CaseId,
    /// 1 for the claim's first dispute, one more for each further.
    pub number: u32,
    /// Why, in the partner's words; empty where there is new evidence only.
    pub justification: String,
    /// The customer had declined the claim before.
    pub customer_declined: bool,
}

impl CaseKind {
    /// The clocks of such a case, of the lengths that the claim's profile says (R45, R61).
    #[must_use]
    pub fn clocks(&self, lengths: ReviewLengths) -> Clocks {
        match self {
            Self::Submission => Clocks::of_submission(lengths),
            Self::Dispute(_) => Clocks::of_dispute(lengths),
        }
    }
}
