//! What went wrong, as callers see it: one table, and nothing internal.
use crate::{
    domain::{Command, Fault, Refusal, Violation, paths},
    evidence::BadDocument,
    intake::Failed,
    store::AlreadyClaimed,
};
use cpor_kit::status::{self, FieldViolation};
use cpor_proto::claims::v1::ErrorReason;
use cpor_types::rfc3339;
use std::time::Duration;
use tonic::{Code, Status};

/// What helps where a dispute does not (R33).
const NEW_CLAIM: &str = "SUBMIT_NEW_CLAIM";

/// When to try again what could not be answered.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<Failed> for Status {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NotFound(resource) => status::not_found(&resource),
            Failed::Refused(refusal) => refused(refusal),
            Failed::AlreadyClaimed(AlreadyClaimed(lines)) => incomplete(lines),
            Failed::BadDocument(bad) => bad_document(bad),
            Failed::UploadOutOfOrder => {
                let order = "the first message carries the metadata, and no other does";
                reason(Code::InvalidArgument, ErrorReason::UploadOutOfOrder, order, &[])
            }
            Failed::Moved => {
                reason(Code::Aborted, ErrorReason::EtagMismatch, "the claim has changed: read it again", &[])
            }
            Failed::ConcurrentChange => {
                let changed = "the claim kept changing while it was judged: try again";
                reason(Code::Aborted, ErrorReason::ConcurrentChange, changed, &[])
            }
            Failed::RequestIdReused => {
                let reused = "the request id was used for another request";
                reason(Code::InvalidArgument, ErrorReason::RequestIdReused, reused, &[])
            }
            Failed::RegistryUnavailable => {
                let silent = "the directory cannot be asked now; try again";
                status::unavailable(ErrorReason::RegistryUnavailable.as_str_name(), silent, RETRY_AFTER)
            }
            Failed::TooManyWatches { limit } => status::exhausted(
                ErrorReason::TooManyWatches.as_str_name(),
                "you watch as often as one may at once: end another watch",
                &[("limit", &limit.to_string())],
                RETRY_AFTER,
            ),
            Failed::Overloaded => status::overloaded(RETRY_AFTER),
            Failed::Unavailable(why) => {
                tracing::warn!(why, "storage does not answer");
                status::unavailable("STORAGE_UNAVAILABLE", "claims cannot be reached now; try again", RETRY_AFTER)
            }
            Failed::Internal(why) => status::internal(&why),
        }
    }
}

fn refused(refusal: Refusal) -> Status {
    let message = refusal.to_string();
    match refusal {
        // `Call::refused` has named what was asked for already.
        Refusal::NotFound => status::not_found(""),
        Refusal::NotAllowed { state, command, allowed } => {
            let allowed = allowed.into_iter().map(Command::as_str).collect::<Vec<_>>().join(",");
            let metadata = [("state", state.as_str()), ("command", command.as_str()), ("allowed", &allowed)];
            reason(Code::FailedPrecondition, ErrorReason::CommandNotAllowed, message, &metadata)
        }
        Refusal::LocationNotOfPartner => {
            // The directory's own reason: a draft is refused for it at once (R16).
            let denied = cpor_proto::registry::v1::ErrorReason::LocationNotOfPartner.as_str_name();
            violated(denied, vec![Violation { field: "mpn_id".into(), reason: denied.into(), description: message }])
        }
        Refusal::Incomplete(violations) => incomplete(violations),
        // The reason that the auth layer has where a role may not call a method at all.
        Refusal::DraftsOnly => {
            status::refused(Code::PermissionDenied, ErrorReason::DraftsOnly.as_str_name(), message, &[])
        }
        Refusal::FieldsLocked { state, fields } => {
            let metadata = [("state", state.as_str()), ("fields", &paths(&fields))];
            reason(Code::FailedPrecondition, ErrorReason::FieldLocked, message, &metadata)
        }
        Refusal::DisputeUnfounded => reason(Code::FailedPrecondition, ErrorReason::DisputeUnfounded, message, &[]),
        Refusal::DisputeWindowPassed { due } => {
            let metadata = [("due_time", rfc3339(due)), ("advice", NEW_CLAIM.to_owned())];
            let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value.as_str())).collect();
            reason(Code::FailedPrecondition, ErrorReason::DisputeWindowPassed, message, &metadata)
        }
        Refusal::DisputeNotAllowed(finality) => {
            let metadata = [("finality", finality.as_str()), ("advice", NEW_CLAIM)];
            reason(Code::FailedPrecondition, ErrorReason::DisputeNotAllowed, message, &metadata)
        }
        Refusal::PersonalDataNeeded { state, waits_for } => {
            let metadata = [("state", state.as_str()), ("waits_for", waits_for.as_str())];
            reason(Code::FailedPrecondition, ErrorReason::PersonalDataNeeded, message, &metadata)
        }
        Refusal::UnknownTarget(fields) => {
            let unknown = |field: &&str| Violation {
                field: format!("comment.{field}"),
                reason: ErrorReason::CommentTargetUnknown.as_str_name().to_owned(),
                description: "is not on this claim".to_owned(),
            };
            let found = fields.iter().map(unknown).collect();
            violated(ErrorReason::CommentTargetUnknown.as_str_name(), found)
        }
        Refusal::NothingChanged => reason(Code::FailedPrecondition, ErrorReason::NothingChanged, message, &[]),
        Refusal::TooManyDocuments { limit } => {
            let limit = limit.to_string();
            reason(Code::FailedPrecondition, ErrorReason::TooManyDocuments, message, &[("limit", &limit)])
        }
        Refusal::ActivityNotClaimed { activity, claimed } => {
            let claimed = claimed.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(",");
            let metadata = [("activity", activity.as_str()), ("claimed", claimed.as_str())];
            reason(Code::FailedPrecondition, ErrorReason::ActivityNotClaimed, message, &metadata)
        }
        Refusal::FactsMissing => reason(Code::Aborted, ErrorReason::ConcurrentChange, message, &[]),
        Refusal::RulesMissing(why) => status::internal(&why),
    }
}

fn bad_document(bad: BadDocument) -> Status {
    let message = bad.to_string();
    let invalid = |why, metadata: &[(&str, &str)]| reason(Code::InvalidArgument, why, message.clone(), metadata);
    match bad {
        BadDocument::Empty => invalid(ErrorReason::EvidenceEmpty, &[]),
        BadDocument::TooLarge { limit_bytes } => {
            invalid(ErrorReason::EvidenceTooLarge, &[("limit_bytes", &limit_bytes.to_string())])
        }
        BadDocument::KindUnknown => invalid(ErrorReason::EvidenceKindUnknown, &[]),
        BadDocument::HashMismatch => invalid(ErrorReason::EvidenceHashMismatch, &[]),
    }
}

/// R11: every violation at once.
fn incomplete(violations: Vec<Violation>) -> Status {
    violated(ErrorReason::ClaimIncomplete.as_str_name(), violations)
}

fn violated(reason: &str, violations: Vec<Violation>) -> Status {
    let message = match violations.as_slice() {
        [only] => format!("{}: {}", only.field, only.description),
        all => format!("the claim has {} violations", all.len()),
    };
    let wire = |Violation { field, reason, description }| FieldViolation { field, reason, description };
    status::violated(reason, message, violations.into_iter().map(wire).collect())
}

fn reason(code: Code, reason: ErrorReason, message: impl Into<String>, metadata: &[(&str, &str)]) -> Status {
    status::refused(code, reason.as_str_name(), message, metadata)
}

/// A cursor that is none of ours, or another partner's (R59).
pub(super) fn invalid_cursor() -> Status {
    let message = "the cursor is none of this partner's: give it as a message of this partner's stream had it";
    reason(Code::InvalidArgument, ErrorReason::InvalidCursor, message, &[("field", "cursor")])
}

/// A cursor of a log that is not this one any more (R59).
pub(super) fn cursor_expired() -> Status {
    let message = "the cursor's place is not in the log, which was restored from a backup: watch from now, then list the claims anew";
    reason(Code::OutOfRange, ErrorReason::CursorExpired, message, &[("advice", "WATCH_FROM_NOW_THEN_LIST")])
}

/// A field of a request that makes no sense.
pub(super) fn invalid(field: &str, fault: Fault, description: impl Into<String>) -> Status {
    let reason = fault.as_str().to_owned();
    status::invalid(vec![FieldViolation { field: field.to_owned(), reason, description: description.into() }])
}

/// A path of an update mask that names no field that can be changed.
pub(super) fn unknown_update_field(path: &str) -> Status {
    let message = format!("`{path}` is no field that can be changed");
    reason(Code::InvalidArgument, ErrorReason::UnknownUpdateField, message, &[("field", path)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StateKind;

    #[test]
    fn r11_every_violation_reaches_the_caller() {
        let status = incomplete(vec![Fault::FieldRequired.at("lines"), Fault::EvidenceRequired.at("evidence")]);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status::reason(&status).as_deref(), Some("CLAIM_INCOMPLETE"));
        let reasons: Vec<_> =
            status::violations(&status).into_iter().map(|found| (found.field, found.reason)).collect();
        let expected = [("lines", "FIELD_REQUIRED"), ("evidence", "EVIDENCE_REQUIRED")];
        assert_eq!(reasons, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    }

    #[test]
    fn r15_a_refusal_names_the_state_and_what_is_allowed_in_it() {
        let state = StateKind::Rejected;
        let refusal = Refusal::NotAllowed { state, command: Command::Submit, allowed: vec![Command::Comment] };
        let status = Status::from(Failed::Refused(refusal));
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status::metadata(&status, "state").as_deref(), Some("REJECTED"));
        assert_eq!(status::metadata(&status, "allowed").as_deref(), Some("COMMENT"));
    }

    #[test]
    fn the_contract_documents_every_fault() {
        for fault in Fault::ALL {
            assert!(ErrorReason::from_str_name(fault.as_str()).is_some(), "{fault}");
        }
    }
}
