//! Why a claim is rejected, and what helps (R28, R31, R33).
use super::{Association, Window, string_enum};
use cpor_types::{Deadline, FurtherRejection, PrimaryRejection, Timestamp};
use serde::{Deserialize, Serialize};

/// Why and when a claim was rejected (R31).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// The primary reason.
    pub primary: PrimaryRejection,
    /// Further reasons (R32).
    pub further: Vec<FurtherRejection>,
    /// What the reviewer, partner or customer wrote; may be empty.
    pub comment: String,
    /// When it took effect.
    pub time: Timestamp,
    /// Whether it can be disputed.
    pub remedy: Remedy,
    /// The association that ended with the claim, if it had one.
    pub ended: Option<Association>,
}

/// What helps against a rejection (R28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// A dispute, until then.
    Dispute(Window),
    /// A dispute would have, until then; now a new claim (R33).
    Missed(Timestamp),
    /// Nothing but a new claim (R33).
    Final(Finality),
}

string_enum! {
    /// Why a rejection cannot be disputed (R28).
    Finality {
        /// The partner itself withdrew the claim (R25).
        PartnerRequest = "PARTNER_REQUEST",
        /// The claim was disputed as often as its policy allows.
        NoDisputeLeft = "NO_DISPUTE_LEFT",
        /// The customer had declined before, and did not approve explicitly when asked again.
        NoExplicitApproval = "NO_EXPLICIT_APPROVAL",
    }
}

impl Rejection {
    /// Until when it can be disputed; `None`: it cannot.
    #[must_use]
    pub const fn dispute_window(&self) -> Option<&Deadline> {
        match &self.remedy {
            Remedy::Dispute(window) => Some(&window.deadline),
            Remedy::Missed(_) | Remedy::Final(_) => None,
        }
    }
}
