//! The rejection of a claim, and whether it can be disputed (R28, R31, R33). An *association* puts
//! the partner on record for the claimed workloads or subscriptions.
use super::{Association, Window, string_enum};
use cpor_types::{Deadline, FurtherRejectionReason, PrimaryRejectionReason, Timestamp};
use serde::{Deserialize, Serialize};

/// Why and when a claim was rejected (R31).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// The primary reason. Every rejection has exactly one.
    pub primary_reason: PrimaryRejectionReason,
    /// The further reasons (R32).
    pub further_reasons: Vec<FurtherRejectionReason>,
    /// The comment of the reviewer, partner or customer; may be empty.
    pub comment: String,
    /// When the rejection took effect.
    pub time: Timestamp,
    /// Whether the partner can dispute the rejection.
    pub remedy: Remedy,
    /// The status of the association before the rejection, which ended it. `None` if the claim had
    /// no association.
    pub ended_association: Option<Association>,
}

/// Whether the partner can dispute a rejection (R28).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// The partner can dispute the rejection until the end of this window.
    Dispute(Window),
    /// The dispute window ended at this time without a dispute, so the rejection is final. The
    /// partner can only create a new claim (R33).
    WindowPassed(Timestamp),
    /// The rejection was final from the start, for this reason. The partner can only create a new
    /// claim (R33).
    NotDisputable(NotDisputableReason),
}

string_enum! {
    /// The reason why a rejection could not be disputed from the start (R28).
    pub enum NotDisputableReason, "why a rejection is final" {
        /// The partner itself withdrew the claim (R25).
        PartnerRequest = "PARTNER_REQUEST",
        /// The claim was disputed as often as its policy allows.
        NoDisputeLeft = "NO_DISPUTE_LEFT",
        /// The customer had declined before, and did not approve explicitly after the dispute.
        NoExplicitApproval = "NO_EXPLICIT_APPROVAL",
    }
}

impl Rejection {
    /// Returns the deadline for a dispute; `None` when the rejection cannot be disputed.
    #[must_use]
    pub const fn dispute_window(&self) -> Option<&Deadline> {
        match &self.remedy {
            Remedy::Dispute(window) => Some(&window.deadline),
            Remedy::WindowPassed(_) | Remedy::NotDisputable(_) => None,
        }
    }
}
