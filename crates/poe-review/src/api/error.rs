//! Maps the refusals of the domain and the failures of the writer, the storage and the registry to
//! gRPC statuses. Internal causes are logged and not sent to callers.
use crate::{
    domain::{
        LineRefusal, Refusal,
        arbitration::{AwardRefusal, AwardRefusalReason},
    },
    error::IncompleteDecision,
    store::arbitrations::KeysUnderArbitration,
};
use cpor_durable::{CommandError, StoreError};
use cpor_kit::status::{self, FieldViolation, Precondition};
use cpor_proto::options::v1::{self as options, FieldViolationReason};
use cpor_proto::reviews::v1::ErrorReason;
use cpor_types::LineId;
use std::{convert::Infallible, time::Duration};
use tonic::{Code, Status};

/// The time after which a client should retry when something is unavailable or overloaded.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Maps a refusal of the domain.
pub(super) fn from_refusal(refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => not_found(),
        Refusal::CommandNotAllowed { phase, command, allowed } => {
            let allowed: Vec<String> = allowed.iter().map(|command| command.as_str().to_uppercase()).collect();
            let (state, command) = (phase.as_str().to_uppercase(), command.as_str().to_uppercase());
            let listed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
            let message = format!("the review case is {state}; not allowed: {command}; allowed: {listed}");
            let allowed = allowed.join(",");
            let metadata = [("state", state.as_str()), ("command", command.as_str()), ("allowed", allowed.as_str())];
            status::refused(
                Code::FailedPrecondition,
                options::ErrorReason::CommandNotAllowed.as_str_name(),
                message,
                &metadata,
            )
        }
        Refusal::NotCaseReviewer => {
            let message =
                "the review case is not assigned to the caller: only its reviewer or a review lead may do this";
            status::refused(Code::PermissionDenied, ErrorReason::NotCaseReviewer.as_str_name(), message, &[])
        }
        Refusal::AlreadyAssigned => {
            let message = "the review case already has a reviewer: only a review lead may assign it to another";
            status::refused(Code::FailedPrecondition, ErrorReason::AlreadyAssigned.as_str_name(), message, &[])
        }
        Refusal::ReasonMissing => {
            invalid_field("reasons", FieldViolationReason::Required, "must contain at least 1 reason")
        }
        Refusal::ReasonNotOpen => invalid_field(
            "primary_reason",
            FieldViolationReason::NotAllowed,
            "must be a reason that reviewers may give",
        ),
        Refusal::CommentMissing => invalid_field("comment", FieldViolationReason::Required, "must not be blank"),
        Refusal::LinesUnknown(lines) => {
            let description = format!("must contain only lines of the claim; unknown: {}", join_ids(&lines));
            invalid_field("remove_line_ids", FieldViolationReason::UnknownReference, &description)
        }
        Refusal::NoLineLeft => invalid_field(
            "remove_line_ids",
            FieldViolationReason::NotAllowed,
            "must leave at least 1 line of the claim",
        ),
        Refusal::NoteEmpty => invalid_field("note.text", FieldViolationReason::Required, "must not be blank"),
    }
}

/// Maps a failure of a command on a case.
pub(super) fn from_failure(failure: CommandError<Refusal, Infallible>) -> Status {
    match failure {
        CommandError::Refused(refusal) => from_refusal(refusal),
        CommandError::Conflict(never) => match never {},
        CommandError::VersionMismatch { actual: 0, .. } => not_found(),
        CommandError::VersionMismatch { .. } => etag_mismatch(),
        CommandError::RequestIdReused => {
            let message = "the request id was already used for a different request";
            status::refused(Code::InvalidArgument, options::ErrorReason::RequestIdReused.as_str_name(), message, &[])
        }
        CommandError::SequenceGap { expected } => status::internal(&format_args!(
            "the command of an RPC failed because event {expected} of a stream is missing"
        )),
        CommandError::Overloaded => status::overloaded(RETRY_AFTER),
        CommandError::Unavailable(cause) => unavailable(&cause),
    }
}

/// Maps an error of a query.
pub(super) fn from_store_error(error: &StoreError) -> Status {
    match error {
        StoreError::Db(_) | StoreError::ConcurrentChange(_) => unavailable(&error.to_string()),
        StoreError::Inconsistent { .. } => status::internal(error),
    }
}

/// Maps an approval or arbitration that is committed, but not complete yet. It is completed in the
/// background.
pub(super) fn from_incomplete(incomplete: &IncompleteDecision) -> Status {
    let message = match incomplete {
        IncompleteDecision::Registry(_) => {
            "the registry is unavailable: the decision is saved and will be completed automatically"
        }
        IncompleteDecision::Storage(_) => {
            "the registry's answer could not be saved: the decision will be completed automatically"
        }
    };
    tracing::warn!(error = %incomplete, "decision not finished");
    status::unavailable(options::ErrorReason::RegistryUnavailable.as_str_name(), message, RETRY_AFTER)
}

/// Reports each key that cannot be awarded, with its reason.
pub(super) fn awards_refused(refusals: &[AwardRefusal]) -> Status {
    let to_precondition = |AwardRefusal { key, reason }: &AwardRefusal| {
        let (reason, description) = award_refusal_text(*reason);
        Precondition {
            kind: reason.as_str_name().to_owned(),
            subject: key.to_string(),
            description: description.to_owned(),
        }
    };
    let message = "no key was awarded: at least one award is not possible".to_owned();
    let reason = ErrorReason::AwardsNotPossible.as_str_name();
    status::precondition(reason, message, refusals.iter().map(to_precondition).collect())
}

fn award_refusal_text(reason: AwardRefusalReason) -> (ErrorReason, &'static str) {
    match reason {
        AwardRefusalReason::NotContested => {
            (ErrorReason::KeyNotContested, "the key is not contested by the case that is named as its winner")
        }
        AwardRefusalReason::NotAwarded => {
            (ErrorReason::KeyNotAwarded, "the key is contested by a winner: it must be awarded in the same request")
        }
        AwardRefusalReason::AwardedTwice => {
            (ErrorReason::KeyAwardedTwice, "the key must be awarded to exactly 1 review case")
        }
        AwardRefusalReason::Busy => {
            (ErrorReason::KeyBusy, "the key has a pending arbitration or approval: try again later")
        }
        AwardRefusalReason::SuccessorExists => {
            (ErrorReason::SuccessorExists, "the official holder of the key already has a successor")
        }
        AwardRefusalReason::KeyUnknown => {
            (ErrorReason::KeyUnknown, "the key must be a workload or subscription of the tenant")
        }
    }
}

/// Maps a failure of the command that begins an arbitration.
pub(super) fn from_arbitration_failure(failure: CommandError<Infallible, KeysUnderArbitration>) -> Status {
    match failure {
        CommandError::Refused(never) => match never {},
        CommandError::Conflict(KeysUnderArbitration(keys)) => {
            let busy = |key| AwardRefusal { key, reason: AwardRefusalReason::Busy };
            awards_refused(&keys.into_iter().map(busy).collect::<Vec<_>>())
        }
        CommandError::VersionMismatch { expected, actual } => {
            from_failure(CommandError::VersionMismatch { expected, actual })
        }
        CommandError::RequestIdReused => from_failure(CommandError::RequestIdReused),
        CommandError::SequenceGap { expected } => from_failure(CommandError::SequenceGap { expected }),
        CommandError::Overloaded => from_failure(CommandError::Overloaded),
        CommandError::Unavailable(cause) => from_failure(CommandError::Unavailable(cause)),
    }
}

fn join_ids(lines: &[LineId]) -> String {
    lines.iter().map(LineId::to_string).collect::<Vec<_>>().join(", ")
}

/// Reports each line that the registry refused to hold, with its reason.
pub(super) fn lines_not_held(refusals: &[LineRefusal]) -> Status {
    let to_precondition = |refusal: &LineRefusal| Precondition {
        kind: refusal.reason.clone(),
        subject: refusal.line_id.map(|line| format!("lines/{line}")).unwrap_or_default(),
        description: refusal.description.clone(),
    };
    let message = "the review case was not approved: at least one line cannot be held".to_owned();
    let reason = ErrorReason::LinesNotHeld.as_str_name();
    status::precondition(reason, message, refusals.iter().map(to_precondition).collect())
}

/// Reports that the case does not exist.
pub(super) fn not_found() -> Status {
    let message = "the review case does not exist";
    status::refused(Code::NotFound, options::ErrorReason::ResourceNotFound.as_str_name(), message, &[])
}

/// Reports that the case has changed since the caller read the etag.
pub(super) fn etag_mismatch() -> Status {
    let message = "etag: must be the current etag of the review case; read the case again";
    status::refused(Code::Aborted, options::ErrorReason::EtagMismatch.as_str_name(), message, &[])
}

/// Reports one invalid field of a request.
pub(super) fn invalid_field(field: &str, reason: FieldViolationReason, description: &str) -> Status {
    status::invalid(vec![FieldViolation {
        field: field.to_owned(),
        reason: reason.as_str_name().to_owned(),
        description: description.to_owned(),
    }])
}

fn unavailable(cause: &str) -> Status {
    tracing::error!(error = cause, "the database did not answer");
    status::unavailable(
        options::ErrorReason::Unavailable.as_str_name(),
        "the service is temporarily unavailable: try again later",
        RETRY_AFTER,
    )
}
