//! The one table of errors: what a refusal or a failure looks like to a caller.
use crate::{
    approver::Unfinished,
    domain::{
        LineRefusal, Refusal,
        arbitration::{AwardFault, AwardProblem},
    },
    store::arbitrations::UnderWay,
};
use cpor_durable::{Failure, StoreError};
use cpor_kit::status::{self, FieldViolation, Precondition};
use cpor_proto::reviews::v1::ErrorReason;
use cpor_types::LineId;
use std::{convert::Infallible, time::Duration};
use tonic::{Code, Status};

/// When to ask again for what is down or busy.
const SOON: Duration = Duration::from_secs(1);

pub(super) fn refused(refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => not_found(),
        Refusal::CommandNotAllowed { phase, command, allowed } => {
            let allowed: Vec<&str> = allowed.iter().map(|command| command.as_str()).collect();
            let (state, command, allowed) = (phase.as_str(), command.as_str(), allowed.join(","));
            let message = match allowed.as_str() {
                "" => format!("a case that is {state} does not admit {command}, nor anything else from this caller"),
                allowed => format!("a case that is {state} does not admit {command}; it admits: {allowed}"),
            };
            let metadata = [("state", state), ("command", command), ("allowed", allowed.as_str())];
            status::refused(Code::FailedPrecondition, ErrorReason::CommandNotAllowed.as_str_name(), message, &metadata)
        }
        Refusal::NotCaseReviewer => {
            let message = "the case belongs to another reviewer, or to nobody yet: take it, or ask a lead";
            status::refused(Code::PermissionDenied, ErrorReason::NotCaseReviewer.as_str_name(), message, &[])
        }
        Refusal::AlreadyAssigned => {
            let message = "the case has a reviewer already; a lead can assign it anew";
            status::refused(Code::FailedPrecondition, ErrorReason::AlreadyAssigned.as_str_name(), message, &[])
        }
        Refusal::ReasonMissing => invalid("reasons", "name at least one reason"),
        Refusal::ReasonNotOpen => invalid("primary_reason", "not a reason that reviewers can give"),
        Refusal::CommentMissing => invalid("comment", "must say something to the partner"),
        Refusal::LinesUnknown(lines) => {
            invalid("remove_line_ids", &format!("the claim has no such lines: {}", listed(&lines)))
        }
        Refusal::NoLineLeft => invalid("remove_line_ids", "at least one line of the claim must stay"),
        Refusal::NoteEmpty => invalid("note.text", "must say something"),
    }
}

pub(super) fn failed(failure: Failure<Refusal, Infallible>) -> Status {
    match failure {
        Failure::Refused(refusal) => refused(refusal),
        Failure::Clash(never) => match never {},
        Failure::Moved { actual: 0, .. } => not_found(),
        Failure::Moved { .. } => etag_mismatch(),
        Failure::RequestIdReused => {
            let message = "the request id was used for another request";
            status::refused(Code::InvalidArgument, ErrorReason::RequestIdReused.as_str_name(), message, &[])
        }
        Failure::Gap { expected } => {
            status::internal(&format_args!("a request was taken for an event; expected {expected}"))
        }
        Failure::Overloaded => status::overloaded(SOON),
        Failure::Unavailable(cause) => unavailable(&cause),
    }
}

pub(super) fn unread(error: &StoreError) -> Status {
    match error {
        StoreError::Db(_) | StoreError::Lost(_) => unavailable(&error.to_string()),
        StoreError::Inconsistent { .. } => status::internal(error),
    }
}

/// The decision is committed and goes on by itself.
pub(super) fn unfinished(unfinished: &Unfinished) -> Status {
    let message = match unfinished {
        Unfinished::Registry(_) => "the registry cannot be asked now; the decision goes on by itself",
        Unfinished::Storage(_) => "the registry's answer could not be recorded now; the decision goes on by itself",
    };
    tracing::warn!(error = %unfinished, "decision not finished");
    status::unavailable(ErrorReason::RegistryUnavailable.as_str_name(), message, SOON)
}

/// Names each key that cannot be awarded, with its reason.
pub(super) fn awards_not_possible(faults: &[AwardFault]) -> Status {
    let failed = |AwardFault { key, problem }: &AwardFault| {
        let (reason, description) = award_problem(*problem);
        Precondition {
            kind: reason.as_str_name().to_owned(),
            subject: key.to_string(),
            description: description.to_owned(),
        }
    };
    let message = "nothing was awarded: the keys cannot be awarded so".to_owned();
    let reason = ErrorReason::AwardsNotPossible.as_str_name();
    status::precondition(reason, message, faults.iter().map(failed).collect())
}

fn award_problem(problem: AwardProblem) -> (ErrorReason, &'static str) {
    match problem {
        AwardProblem::NotContested => (ErrorReason::KeyNotContested, "the winner does not compete for it"),
        AwardProblem::NotAwarded => (ErrorReason::KeyNotAwarded, "a case that is named competes for it: award it too"),
        AwardProblem::AwardedTwice => (ErrorReason::KeyAwardedTwice, "it can go to one case only"),
        AwardProblem::Busy => (ErrorReason::KeyBusy, "it is being arbitrated or a case is being approved: try again"),
        AwardProblem::SuccessorExists => (ErrorReason::SuccessorExists, "its holder has a successor already"),
        AwardProblem::Unknown => (ErrorReason::KeyUnknown, "the customer does not have it"),
    }
}

/// The arbitration could not be begun.
pub(super) fn not_begun(failure: Failure<Infallible, UnderWay>) -> Status {
    match failure {
        Failure::Refused(never) => match never {},
        Failure::Clash(UnderWay(keys)) => {
            let busy = |key| AwardFault { key, problem: AwardProblem::Busy };
            awards_not_possible(&keys.into_iter().map(busy).collect::<Vec<_>>())
        }
        Failure::Moved { expected, actual } => failed(Failure::Moved { expected, actual }),
        Failure::RequestIdReused => failed(Failure::RequestIdReused),
        Failure::Gap { expected } => failed(Failure::Gap { expected }),
        Failure::Overloaded => failed(Failure::Overloaded),
        Failure::Unavailable(cause) => failed(Failure::Unavailable(cause)),
    }
}

fn listed(lines: &[LineId]) -> String {
    lines.iter().map(LineId::to_string).collect::<Vec<_>>().join(", ")
}

/// Names each line that could not be held, with its reason.
pub(super) fn lines_not_held(refusals: &[LineRefusal]) -> Status {
    let failed = |refusal: &LineRefusal| Precondition {
        kind: refusal.reason.clone(),
        subject: refusal.line_id.map(|line| format!("lines/{line}")).unwrap_or_default(),
        description: refusal.description.clone(),
    };
    let message = format!(
        "nothing was held: {} in the way",
        if refusals.len() == 1 { "one thing is" } else { "several things are" }
    );
    status::precondition(ErrorReason::LinesNotHeld.as_str_name(), message, refusals.iter().map(failed).collect())
}

pub(super) fn not_found() -> Status {
    status::refused(Code::NotFound, ErrorReason::ResourceNotFound.as_str_name(), "there is no such review case", &[])
}

pub(super) fn etag_mismatch() -> Status {
    let message = "the case has changed since: read it again";
    status::refused(Code::Aborted, ErrorReason::EtagMismatch.as_str_name(), message, &[])
}

pub(super) fn invalid(field: &str, description: &str) -> Status {
    status::invalid(vec![FieldViolation {
        field: field.to_owned(),
        reason: String::new(),
        description: description.to_owned(),
    }])
}

fn unavailable(cause: &str) -> Status {
    tracing::error!(error = cause, "the database did not answer");
    status::unavailable("UNAVAILABLE", "the service cannot answer now; try again", SOON)
}
