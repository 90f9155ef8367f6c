//! Maps the refusals of the domain and the failures of the writer, the storage and the registry to
//! gRPC statuses. Internal causes are logged and not sent to callers.
use crate::{
    domain::{
        LineRefusal, Refusal,
        arbitration::{AwardRefusal, AwardRefusalReason},
    },
    error::IncompleteDecision,
    store::{arbitrations::KeysUnderArbitration, competition_checks::OutdatedCheck},
};
use cpor_call::status::{self, FieldViolation, PreconditionViolation};
use cpor_durable::{CommandError, RETRY_AFTER};
use cpor_proto::options::v1::{self as options, FieldViolationReason};
use cpor_proto::reviews::v1::ErrorReason;
use cpor_types::{LineId, TenantId, TenantKey, TenantName};
use std::convert::Infallible;
use tonic::{Code, Status};

/// Maps a refusal of the domain. `resource` is the name of the case in the request.
pub(super) fn from_refusal(resource: &str, refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => status::not_found(resource),
        Refusal::CommandNotAllowed { phase, command, allowed } => {
            let allowed: Vec<String> = allowed.iter().map(|command| command.as_str().to_uppercase()).collect();
            let (state, command) = (phase.as_str().to_uppercase(), command.as_str().to_uppercase());
            let listed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
            let message = format!("the review case is {state}; not allowed: {command}; allowed: {listed}");
            let allowed = allowed.join(",");
            let metadata = [("state", state.as_str()), ("command", command.as_str()), ("allowed", allowed.as_str())];
            status::with_reason(
                Code::FailedPrecondition,
                options::ErrorReason::CommandNotAllowed.as_str_name(),
                message,
                &metadata,
            )
        }
        Refusal::NotCaseReviewer => {
            let message =
                "the review case is not assigned to the caller: only its reviewer or a review lead may do this";
            status::with_reason(Code::PermissionDenied, ErrorReason::NotCaseReviewer.as_str_name(), message, &[])
        }
        Refusal::AlreadyAssigned => {
            let message = "the review case already has a reviewer: only a review lead may assign it to another";
            status::with_reason(Code::FailedPrecondition, ErrorReason::AlreadyAssigned.as_str_name(), message, &[])
        }
        Refusal::StatementNotPossible => {
            let message = "a statement can be requested if the case is approved and contested, or if it is open and \
                           competes with a legacy association; no earlier request may be open";
            status::with_reason(Code::FailedPrecondition, ErrorReason::StatementNotPossible.as_str_name(), message, &[])
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

/// Maps a failure of a command on a case. `resource` is the name of the case in the request.
pub(super) fn from_failure(resource: &str, failure: CommandError<Refusal, OutdatedCheck>) -> Status {
    cpor_durable::status::command_error(
        resource,
        failure,
        |refusal| from_refusal(resource, refusal),
        |OutdatedCheck| status::internal("a command on a review case does not change its rivals"),
    )
}

/// Reports an approval or arbitration that is committed but not complete yet. It is completed in
/// the background.
pub(super) fn from_incomplete(incomplete: &IncompleteDecision) -> Status {
    let message = match incomplete {
        IncompleteDecision::Registry(_) => {
            "the registry is unavailable: the decision is saved and will be completed automatically"
        }
        IncompleteDecision::Storage(_) => {
            "the registry's answer could not be saved: the decision will be completed automatically"
        }
    };
    tracing::warn!(error = %incomplete, "the decision is not complete yet");
    status::unavailable(options::ErrorReason::RegistryUnavailable.as_str_name(), message, RETRY_AFTER)
}

/// Reports each key (workload or subscription) of `tenant` that cannot be awarded to a case, with
/// its reason.
pub(super) fn awards_refused(tenant: TenantId, refusals: &[AwardRefusal]) -> Status {
    let to_precondition = |AwardRefusal { key, reason }: &AwardRefusal| {
        let (reason, description) = award_refusal_text(*reason);
        PreconditionViolation {
            kind: reason.as_str_name().to_owned(),
            subject: TenantKey { tenant, key: key.clone() }.to_string(),
            description: description.to_owned(),
        }
    };
    let message = "no key was awarded: at least one award is not possible".to_owned();
    let reason = ErrorReason::AwardsNotPossible.as_str_name();
    status::failed_precondition(reason, message, refusals.iter().map(to_precondition).collect())
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

/// Maps a failure of the command that begins an arbitration (a decision between competing claims)
/// on keys of `tenant`.
pub(super) fn from_arbitration_failure(
    tenant: TenantId,
    failure: CommandError<Infallible, KeysUnderArbitration>,
) -> Status {
    let conflicting = |KeysUnderArbitration(keys)| {
        let busy = |key| AwardRefusal { key, reason: AwardRefusalReason::Busy };
        awards_refused(tenant, &Vec::into_iter(keys).map(busy).collect::<Vec<_>>())
    };
    cpor_durable::status::command_error(
        &TenantName { tenant }.to_string(),
        failure,
        |never| match never {},
        conflicting,
    )
}

fn join_ids(lines: &[LineId]) -> String {
    lines.iter().map(LineId::to_string).collect::<Vec<_>>().join(", ")
}

/// Reports each line (claimed workload or subscription) that the registry refused to hold (to
/// reserve for the claim's partner), with its reason.
pub(super) fn lines_not_held(refusals: &[LineRefusal]) -> Status {
    let to_precondition = |refusal: &LineRefusal| PreconditionViolation {
        kind: refusal.reason.clone(),
        subject: refusal.line_id.map(|line| format!("lines/{line}")).unwrap_or_default(),
        description: refusal.description.clone(),
    };
    let message = "the review case was not approved: at least one line cannot be held".to_owned();
    let reason = ErrorReason::LinesNotHeld.as_str_name();
    status::failed_precondition(reason, message, refusals.iter().map(to_precondition).collect())
}

/// Reports one invalid field of a request.
pub(super) fn invalid_field(field: &str, reason: FieldViolationReason, description: &str) -> Status {
    status::invalid_fields(vec![FieldViolation {
        field: field.to_owned(),
        reason: reason.as_str_name().to_owned(),
        description: description.to_owned(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CommandKind, Phase};
    use cpor_registry_client::RegistryError;
    use cpor_testing::describe_status;

    const LINE: &str = "00000000-0000-4000-8000-0000000000a1";
    const TENANT: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";

    #[test]
    fn refusals_of_a_command() {
        let line: LineId = LINE.parse().unwrap();
        let allowed = vec![CommandKind::Assign, CommandKind::Take];
        let statuses = [
            Refusal::NotFound,
            Refusal::CommandNotAllowed { phase: Phase::Waiting, command: CommandKind::Approve, allowed },
            Refusal::CommandNotAllowed { phase: Phase::Rejected, command: CommandKind::Take, allowed: Vec::new() },
            Refusal::NotCaseReviewer,
            Refusal::AlreadyAssigned,
            Refusal::StatementNotPossible,
            Refusal::ReasonMissing,
            Refusal::ReasonNotOpen,
            Refusal::CommentMissing,
            Refusal::LinesUnknown(vec![line, line]),
            Refusal::NoLineLeft,
            Refusal::NoteEmpty,
        ]
        .map(|refusal| describe_status(&from_refusal("tenants/t/reviewCases/c", refusal)));
        insta::assert_snapshot!(statuses.join("\n"));
    }

    #[test]
    fn refusals_of_a_decision() {
        let tenant: TenantId = TENANT.parse().unwrap();
        let refusals = [
            AwardRefusalReason::NotContested,
            AwardRefusalReason::NotAwarded,
            AwardRefusalReason::AwardedTwice,
            AwardRefusalReason::Busy,
            AwardRefusalReason::SuccessorExists,
            AwardRefusalReason::KeyUnknown,
        ]
        .map(|reason| AwardRefusal { key: "workloads/teams".parse().unwrap(), reason });
        let held = LineRefusal {
            line_id: Some(LINE.parse().unwrap()),
            reason: "KEY_HELD".to_owned(),
            description: "another partner is on record".to_owned(),
        };
        let closed = LineRefusal {
            line_id: None,
            reason: "CLAIM_CLOSED".to_owned(),
            description: "the claim is closed".to_owned(),
        };
        let statuses = [
            awards_refused(tenant, &refusals),
            lines_not_held(&[held, closed]),
            from_incomplete(&IncompleteDecision::Registry(RegistryError::Unavailable("internal".to_owned()))),
            from_incomplete(&IncompleteDecision::Storage("internal".to_owned())),
        ]
        .map(|status| describe_status(&status));
        insta::assert_snapshot!(statuses.join("\n"));
    }
}
