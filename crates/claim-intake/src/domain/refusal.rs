//! The typed refusals of commands on a claim. A *policy profile* is a versioned set of values that
//! the business rules leave open (R61). A *line* is the part of a claim that is about one workload
//! or subscription of the customer.
use super::{ClaimStateKind, Command, Field, NotDisputableReason, Violation, Wait};
use cpor_types::{Activity, CalendarError, PolicyError, PolicyId, Timestamp, rfc3339};

/// The reason why a command is refused. `api/error.rs` maps each variant to a gRPC status.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The claim, document or comment does not exist or was deleted.
    #[error("not found")]
    NotFound,
    /// The state does not allow the command (R15).
    #[error("the claim is {state}: {command} is not allowed; allowed: {}", command_names(allowed))]
    NotAllowed {
        /// The present state.
        state: ClaimStateKind,
        /// The refused command.
        command: Command,
        /// The commands that the partner can execute in the present state.
        allowed: Vec<Command>,
    },
    /// The MPN (Microsoft Partner Network) id does not belong to a location of the company (R16).
    #[error("must be the MPN id of a location of your company")]
    LocationNotOfPartner,
    /// The claim cannot be submitted. The list contains every violation (R11).
    #[error("the claim has {} violations", .0.len())]
    Incomplete(Vec<Violation>),
    /// The caller's role may only change drafts (R4).
    #[error("your role may only change drafts")]
    DraftsOnly,
    /// The request changes fields that are locked after the submission (R29).
    #[error("{}: cannot be changed while the claim is {state}", paths(fields))]
    FieldsLocked {
        /// The present state.
        state: ClaimStateKind,
        /// All locked fields that the request would change.
        fields: Vec<Field>,
    },
    /// The policy profile does not let the partner decline payment (R54b).
    #[error("payment cannot be declined for a claim under the policy profile {policy}")]
    PaymentNotDeclinable {
        /// The policy profile of the claim.
        policy: PolicyId,
    },
    /// The policy profile lets only the role `incentives_admin` submit claims (R61).
    #[error("the policy profile {policy} lets only the role incentives_admin submit claims")]
    SubmitterNotAllowed {
        /// The policy profile in force.
        policy: PolicyId,
    },
    /// Nothing was edited, uploaded or commented since the reviewer's request (R21).
    #[error("a resubmission needs a change, a document or a comment since the reviewer's request")]
    NothingChanged,
    /// The dispute has neither a justification nor new evidence (R28).
    #[error("a dispute needs a justification, new evidence, or both")]
    DisputeUnfounded,
    /// The dispute comes after the end of the dispute window (R28, R33).
    #[error("the dispute window passed at {}: {NEW_CLAIM}", rfc3339(*due))]
    DisputeWindowPassed {
        /// When the dispute window passed.
        due: Timestamp,
    },
    /// The rejection could not be disputed from the start, for this reason (R28, R33).
    #[error("{}: {NEW_CLAIM}", not_disputable_text(*.0))]
    DisputeNotAllowed(NotDisputableReason),
    /// The claim still needs its personal data (R56).
    #[error(
        "personal data can be erased only when the claim is deleted, its rejection is final, or all its associations \
         have ended and no earlier decision of the customer is on its way"
    )]
    PersonalDataNeeded {
        /// The present state.
        state: ClaimStateKind,
        /// What the claim waits for.
        waits_for: Wait,
    },
    /// The comment refers to a document or line that is not on the claim (R55). The strings are the
    /// names of the comment's fields with such a reference.
    #[error("{}: must refer to a document or line of the claim", .0.join(","))]
    UnknownTarget(Vec<&'static str>),
    /// The submission, response or dispute already has as many documents as the policy allows
    /// (R14).
    #[error("too many documents: at most {limit} per submission, response or dispute")]
    TooManyDocuments {
        /// The maximum number of documents.
        limit: u32,
    },
    /// The claim does not have the activity for which a template was requested (R13).
    #[error("activity: {activity} is not an activity of the claim")]
    ActivityNotClaimed {
        /// The requested activity.
        activity: Activity,
        /// The activities of the claim.
        claimed: Vec<Activity>,
    },
    /// The command needs the registry service's answer about the claim's content, and there is
    /// none: when the claim was read, it did not allow the command, so the registry was not asked.
    /// The claim has changed since then, and the caller must send the request again. An upload is
    /// refused like this if its request id expires while its bytes arrive.
    #[error("the claim changed while the request was processed; try again")]
    ConcurrentChange,
    /// The policy profile or calendar that was recorded at the submission of the claim is not
    /// configured. This is a fault of the installation.
    #[error("{0}")]
    RulesMissing(String),
}

/// R33: the advice when a dispute is no longer possible.
const NEW_CLAIM: &str = "only a new claim with updated proof of execution helps";

/// Returns the text of the reason why a rejection cannot be disputed.
fn not_disputable_text(reason: NotDisputableReason) -> &'static str {
    match reason {
        NotDisputableReason::PartnerRequest => "the partner withdrew the claim",
        NotDisputableReason::NoDisputeLeft => "the claim has no dispute left",
        NotDisputableReason::NoExplicitApproval => {
            "the customer had declined and did not approve explicitly after the dispute"
        }
    }
}

fn command_names(commands: &[Command]) -> String {
    if commands.is_empty() {
        return "no command".to_owned();
    }
    commands.iter().map(|command| command.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns the paths of `fields`, separated by commas.
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
