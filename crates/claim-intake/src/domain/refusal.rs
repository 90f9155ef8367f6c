//! Why a command is refused.
use super::{Command, Field, Finality, StateKind, Violation, Wait};
use cpor_types::{Activity, CalendarError, PolicyError, Timestamp, rfc3339};

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
    /// Who asks may change drafts only (R4).
    #[error("your role changes drafts only")]
    DraftsOnly,
    /// Fields that cannot be changed any more; all of them (R29).
    #[error("{} cannot be changed in {state}", paths(fields))]
    FieldsLocked {
        /// The state.
        state: StateKind,
        /// The fields.
        fields: Vec<Field>,
    },
    /// Nothing was edited, uploaded or commented since the reviewer's request (R21).
    #[error("nothing changed since the reviewer's request")]
    NothingChanged,
    /// The dispute has neither justification nor new evidence (R28).
    #[error("a dispute needs a justification, new evidence, or both")]
    DisputeUnfounded,
    /// The dispute comes too late (R28, R33).
    #[error("the claim could be disputed until {}: {NEW_CLAIM}", rfc3339(*due))]
    DisputeWindowPassed {
        /// Until when it could have been disputed.
        due: Timestamp,
    },
    /// The rejection is final (R28, R33).
    #[error("{}: {NEW_CLAIM}", finality(*.0))]
    DisputeNotAllowed(Finality),
    /// The claim has not come to rest, so that its personal data is needed still (R56).
    #[error(
        "the claim has not come to rest: its personal data is needed until it is deleted, finally rejected, or its associations are over"
    )]
    PersonalDataNeeded {
        /// The state.
        state: StateKind,
        /// What it waits for.
        waits_for: Wait,
    },
    /// A comment points at what is not on the claim (R55); the fields that do.
    #[error("the claim has no such {}", .0.join(" and no such "))]
    UnknownTarget(Vec<&'static str>),
    /// The submission or response has as many documents as the policy allows (R14).
    #[error("there are {limit} documents already")]
    TooManyDocuments {
        /// How many are allowed.
        limit: u32,
    },
    /// A template was asked for an activity that is not the claim's (R13).
    #[error("the claim is not for {activity}")]
    ActivityNotClaimed {
        /// What was asked for.
        activity: Activity,
        /// What the claim is for.
        claimed: Vec<Activity>,
    },
    /// The state that was seen while the facts were gathered is not the one that is judged: gather them again.
    #[error("the claim changed while it was judged")]
    FactsMissing,
    /// The policy or calendar that the claim was submitted under is not configured: a fault of the installation.
    #[error("{0}")]
    RulesMissing(String),
}

/// R33.
const NEW_CLAIM: &str = "only a new claim with updated proof of execution helps";

fn finality(finality: Finality) -> &'static str {
    match finality {
        Finality::PartnerRequest => "the claim was withdrawn by its partner",
        Finality::NoDisputeLeft => "no dispute of the claim is left",
        Finality::NoExplicitApproval => "the customer had declined and did not approve when asked again",
    }
}

/// The paths of `fields`, for people and for metadata.
pub(crate) fn paths(fields: &[Field]) -> String {
    fields.iter().map(|field| field.path()).collect::<Vec<_>>().join(",")
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
