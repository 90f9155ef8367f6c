//! Why a command is refused.
use super::{Command, StateKind, Violation};
use cpor_types::{CalendarError, PolicyError};

/// A refusal. The API's `error.rs` says how each is answered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such claim, document or comment, or it was deleted.
    #[error("not found")]
    NotFound,
    /// The state does not admit the command (R15).
    #[error("{command} is not allowed in {state}")]
    NotAllowed {
        /// The state.
        state: StateKind,
        /// What was asked.
        command: Command,
        /// What is allowed in that state.
        allowed: Vec<Command>,
    },
    /// The MPN id is no location of the company (R16).
    #[error("the MPN id is no location of the company")]
    LocationNotOfPartner,
    /// The claim has violations; all of them (R11).
    #[error("the claim has {} violations", .0.len())]
    Incomplete(Vec<Violation>),
    /// Nothing was uploaded or commented since the reviewer's request (R21).
    #[error("nothing changed since the reviewer's request")]
    NothingChanged,
    /// The submission or response has as many documents as the policy allows (R14).
    #[error("there are {limit} documents already")]
    TooManyDocuments {
        /// How many are allowed.
        limit: u32,
    },
    /// The state that was seen while the facts were gathered is not the one that is judged: gather them again.
    #[error("the claim changed while it was judged")]
    FactsMissing,
    /// The policy or calendar that the claim was submitted under is not configured: a fault of the installation.
    #[error("{0}")]
    RulesMissing(String),
}

impl From<PolicyError> for Refusal {
    fn from(error: PolicyError) -> Self {
        Self::RulesMissing(error.to_string())
    }
}

impl From<CalendarError> for Refusal {
    fn from(error: CalendarError) -> Self {
        Self::RulesMissing(error.to_string())
    }
}
