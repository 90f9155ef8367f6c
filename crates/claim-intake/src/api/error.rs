//! Converts errors and refusals to gRPC statuses. Each status has a reason that never changes.
//! Internal details are logged and not shown to callers.
use super::upload_evidence;
use crate::{
    domain::{Command, Refusal, Violation, ViolationReason, paths},
    error::CallError,
    evidence::{DocumentError, EvidenceStoreError},
    store::AlreadyClaimed,
};
use cpor_call::status::{self, FieldViolation};
use cpor_durable::RETRY_AFTER;
use cpor_proto::{claims::v1::ErrorReason, options::v1 as options};
use cpor_types::rfc3339;
use std::time::Duration;
use tonic::{Code, Status};

/// The metadata value that advises a new claim when a rejection can no longer be disputed (R33).
const ADVICE_NEW_CLAIM: &str = "SUBMIT_NEW_CLAIM";
/// The time after which an upload that could not be scanned should be tried again.
const SCANNER_RETRY_AFTER: Duration = Duration::from_secs(10);

impl From<CallError> for Status {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotFound(resource) => status::not_found(&resource),
            CallError::Refused(refusal) => refusal_status("", refusal),
            CallError::Command { resource, error } => {
                let refused = |refusal| refusal_status(&resource, refusal);
                // R38: another open or approved claim of the same company claims a workload or
                // subscription of this claim.
                let conflicting = |AlreadyClaimed(lines)| incomplete_status(lines);
                cpor_durable::status::command_error(&resource, error, refused, conflicting)
            }
            CallError::Document(error) => document_status(error),
            CallError::UploadOutOfOrder => {
                let message = "metadata: must be set in the first message of the upload and in no later one";
                reason_status(Code::InvalidArgument, ErrorReason::UploadOutOfOrder, message, &[])
            }
            CallError::UploadTooSlow => {
                let message = format!(
                    "the upload is too slow: at least {} bytes a second are required",
                    upload_evidence::MIN_BYTES_PER_SECOND
                );
                reason_status(Code::DeadlineExceeded, ErrorReason::UploadTooSlow, message, &[])
            }
            CallError::Malware { signature } => {
                let message = format!(
                    "the document contains malware ({signature}) and is not stored: remove the malware, or create the \
                     document anew on another computer, and upload it again"
                );
                let metadata = [("signature", signature.as_str())];
                reason_status(Code::InvalidArgument, ErrorReason::MalwareFound, message, &metadata)
            }
            CallError::Scanner(error) => {
                tracing::warn!(%error, "a document was refused");
                let message = "documents cannot be scanned for malware at the moment; try again";
                status::unavailable(ErrorReason::ScannerUnavailable.as_str_name(), message, SCANNER_RETRY_AFTER)
            }
            CallError::QuotaExceeded { quota, limit, used } => {
                let message = format!(
                    "the company has reached its quota for evidence: at most {limit} {quota}, and {used} are stored \
                     or being uploaded; ask the operator for a larger quota"
                );
                let metadata = [("quota", quota), ("limit", &limit.to_string()), ("used", &used.to_string())];
                reason_status(Code::ResourceExhausted, ErrorReason::EvidenceQuotaExceeded, message, &metadata)
            }
            CallError::ConcurrentChange => {
                let message = "the claim was changed by other requests at the same time; try again";
                status::with_reason(Code::Aborted, options::ErrorReason::ConcurrentChange.as_str_name(), message, &[])
            }
            CallError::RegistryUnavailable => {
                let message = "the registry is unavailable; try again";
                status::unavailable(options::ErrorReason::RegistryUnavailable.as_str_name(), message, RETRY_AFTER)
            }
            CallError::TooManyQuestions(refusal) => refusal.into(),
            CallError::Store(error) => cpor_durable::status::store_error(&error),
            CallError::EvidenceStore(EvidenceStoreError::Damaged(damage)) => {
                tracing::error!(%damage, "a stored document is damaged");
                let message = "the stored document is damaged; an operator has to restore it from a backup";
                reason_status(Code::DataLoss, ErrorReason::EvidenceDamaged, message, &[])
            }
            CallError::EvidenceStore(EvidenceStoreError::LostKey(key)) => {
                tracing::error!(key, "a stored document cannot be decrypted, because its key is lost");
                let message = "the stored document can never be read again, because its key is lost; upload it anew";
                reason_status(Code::DataLoss, ErrorReason::EvidenceKeyLost, message, &[])
            }
            CallError::EvidenceStore(error) => cpor_durable::status::unavailable(&error),
            CallError::Internal(error) => status::internal(&error),
        }
    }
}

/// Converts a refusal of the claim. `resource` is the resource name from the request.
fn refusal_status(resource: &str, refusal: Refusal) -> Status {
    let message = refusal.to_string();
    match refusal {
        Refusal::NotFound => status::not_found(resource),
        Refusal::NotAllowed { state, command, allowed } => {
            let allowed = allowed.into_iter().map(Command::as_str).collect::<Vec<_>>().join(",");
            let metadata = [("state", state.as_str()), ("command", command.as_str()), ("allowed", &allowed)];
            status::with_reason(
                Code::FailedPrecondition,
                options::ErrorReason::CommandNotAllowed.as_str_name(),
                message,
                &metadata,
            )
        }
        Refusal::LocationNotOfPartner => {
            // R16: even a draft is refused if the MPN (Microsoft Partner Network) id does not
            // belong to a location of the company. The registry service defines this reason.
            let location_reason = cpor_proto::registry::v1::ErrorReason::LocationNotOfPartner.as_str_name();
            let field = "mpn_id".to_owned();
            let violation = Violation { field, reason: location_reason.to_owned(), description: message };
            violations_status(location_reason, vec![violation])
        }
        Refusal::Incomplete(violations) => incomplete_status(violations),
        // The auth layer also uses PERMISSION_DENIED when a role may not call a method at all.
        Refusal::DraftsOnly => {
            status::with_reason(Code::PermissionDenied, ErrorReason::DraftsOnly.as_str_name(), message, &[])
        }
        Refusal::PaymentNotDeclinable { policy } => {
            let metadata = [("policy", policy.to_string())];
            let metadata = metadata.each_ref().map(|(key, value)| (*key, value.as_str()));
            reason_status(Code::FailedPrecondition, ErrorReason::PaymentCannotBeDeclined, message, &metadata)
        }
        Refusal::SubmitterNotAllowed { policy } => {
            let (reason, policy) = (ErrorReason::SubmitterNotAllowed.as_str_name(), policy.to_string());
            status::with_reason(Code::PermissionDenied, reason, message, &[("policy", policy.as_str())])
        }
        Refusal::FieldsLocked { state, fields } => {
            let metadata = [("state", state.as_str()), ("fields", &paths(&fields))];
            reason_status(Code::FailedPrecondition, ErrorReason::FieldLocked, message, &metadata)
        }
        Refusal::DisputeUnfounded => {
            reason_status(Code::FailedPrecondition, ErrorReason::DisputeUnfounded, message, &[])
        }
        Refusal::DisputeWindowPassed { due } => {
            let metadata = [("due_time", rfc3339(due)), ("advice", ADVICE_NEW_CLAIM.to_owned())];
            let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value.as_str())).collect();
            reason_status(Code::FailedPrecondition, ErrorReason::DisputeWindowPassed, message, &metadata)
        }
        Refusal::DisputeNotAllowed(reason) => {
            let metadata = [("finality", reason.as_str()), ("advice", ADVICE_NEW_CLAIM)];
            reason_status(Code::FailedPrecondition, ErrorReason::DisputeNotAllowed, message, &metadata)
        }
        Refusal::PersonalDataNeeded { state, waits_for } => {
            let metadata = [("state", state.as_str()), ("waits_for", waits_for.as_str())];
            reason_status(Code::FailedPrecondition, ErrorReason::PersonalDataNeeded, message, &metadata)
        }
        Refusal::UnknownTarget(fields) => {
            let unknown_target = |field: &&str| Violation {
                field: format!("comment.{field}"),
                reason: ErrorReason::CommentTargetUnknown.as_str_name().to_owned(),
                description: "must belong to this claim".to_owned(),
            };
            let violations = fields.iter().map(unknown_target).collect();
            violations_status(ErrorReason::CommentTargetUnknown.as_str_name(), violations)
        }
        Refusal::NothingChanged => reason_status(Code::FailedPrecondition, ErrorReason::NothingChanged, message, &[]),
        Refusal::TooManyDocuments { limit } => {
            let limit = limit.to_string();
            reason_status(Code::FailedPrecondition, ErrorReason::TooManyDocuments, message, &[("limit", &limit)])
        }
        Refusal::ActivityNotClaimed { activity, claimed } => {
            let claimed = claimed.iter().map(|activity| activity.as_str()).collect::<Vec<_>>().join(",");
            let metadata = [("activity", activity.as_str()), ("claimed", claimed.as_str())];
            reason_status(Code::FailedPrecondition, ErrorReason::ActivityNotClaimed, message, &metadata)
        }
        Refusal::ConcurrentChange => {
            status::with_reason(Code::Aborted, options::ErrorReason::ConcurrentChange.as_str_name(), message, &[])
        }
        Refusal::RulesMissing(error) => status::internal(&error),
    }
}

/// Converts the error of a document that is not acceptable (R14).
fn document_status(error: DocumentError) -> Status {
    let message = error.to_string();
    let invalid =
        |reason, metadata: &[(&str, &str)]| reason_status(Code::InvalidArgument, reason, message.clone(), metadata);
    match error {
        DocumentError::Empty => invalid(ErrorReason::EvidenceEmpty, &[]),
        DocumentError::TooLarge { limit_bytes } => {
            invalid(ErrorReason::EvidenceTooLarge, &[("limit_bytes", &limit_bytes.to_string())])
        }
        DocumentError::KindUnknown => invalid(ErrorReason::EvidenceKindUnknown, &[]),
        DocumentError::ContainsMacros => invalid(ErrorReason::EvidenceContainsMacros, &[]),
        DocumentError::PasswordProtected => invalid(ErrorReason::EvidencePasswordProtected, &[]),
        DocumentError::HashMismatch => invalid(ErrorReason::EvidenceHashMismatch, &[]),
    }
}

/// Returns the status of an incomplete claim. It contains all violations (R11).
fn incomplete_status(violations: Vec<Violation>) -> Status {
    let violations = to_field_violations(violations);
    let message = match violations.len() {
        1 => status::summarize(&violations),
        count => format!("the claim has {count} violations: {}", status::summarize(&violations)),
    };
    status::invalid_argument(ErrorReason::ClaimIncomplete.as_str_name(), message, violations)
}

/// Returns an INVALID_ARGUMENT status with these violations.
fn violations_status(reason: &str, violations: Vec<Violation>) -> Status {
    let violations = to_field_violations(violations);
    status::invalid_argument(reason, status::summarize(&violations), violations)
}

fn to_field_violations(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let to_field_violation = |Violation { field, reason, description }| FieldViolation { field, reason, description };
    violations.into_iter().map(to_field_violation).collect()
}

/// Returns a status with a reason and its metadata.
fn reason_status(code: Code, reason: ErrorReason, message: impl Into<String>, metadata: &[(&str, &str)]) -> Status {
    status::with_reason(code, reason.as_str_name(), message, metadata)
}

/// Returns an INVALID_ARGUMENT status for one field of a request.
pub(super) fn invalid_field(field: &str, fault: ViolationReason, description: impl Into<String>) -> Status {
    let reason = fault.as_str().to_owned();
    status::invalid_fields(vec![FieldViolation { field: field.to_owned(), reason, description: description.into() }])
}

/// Returns the status for a path of an update mask that is not an updatable field.
pub(super) fn unknown_update_field(path: &str) -> Status {
    let message = format!("update_mask: `{path}` is not an updatable field of a claim");
    reason_status(Code::InvalidArgument, ErrorReason::UnknownUpdateField, message, &[("field", path)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::ClaimStateKind, evidence::Damage};

    /// Compares the status of an error with a snapshot.
    fn assert_status(snapshot: &str, error: CallError) {
        insta::assert_snapshot!(snapshot, cpor_testing::describe_status(&error.into()));
    }

    #[test]
    fn refusals_of_a_claim() {
        let (state, due) = (ClaimStateKind::Rejected, "2026-04-05T22:00:00Z".parse().unwrap());
        let violations = vec![
            ViolationReason::FieldRequired.violation("lines"),
            ViolationReason::EvidenceRequired.violation("evidence"),
        ];
        let allowed = vec![Command::Comment, Command::Dispute];
        let fields = vec![crate::domain::Field::MpnId];
        for (name, refusal) in [
            ("not_allowed", Refusal::NotAllowed { state, command: Command::Submit, allowed }),
            ("location_not_of_partner", Refusal::LocationNotOfPartner),
            ("incomplete", Refusal::Incomplete(violations)),
            ("drafts_only", Refusal::DraftsOnly),
            ("fields_locked", Refusal::FieldsLocked { state, fields }),
            ("dispute_unfounded", Refusal::DisputeUnfounded),
            ("dispute_window_passed", Refusal::DisputeWindowPassed { due }),
            ("unknown_target", Refusal::UnknownTarget(vec!["evidence", "product"])),
            ("nothing_changed", Refusal::NothingChanged),
            ("too_many_documents", Refusal::TooManyDocuments { limit: 10 }),
            ("facts_missing", Refusal::ConcurrentChange),
        ] {
            assert_status(name, CallError::Refused(refusal));
        }
    }

    #[test]
    fn refusals_of_a_call() {
        let name = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1";
        for (snapshot, error) in [
            ("not_found", CallError::NotFound(name.to_owned())),
            ("document_empty", CallError::Document(DocumentError::Empty)),
            ("document_too_large", CallError::Document(DocumentError::TooLarge { limit_bytes: 25 << 20 })),
            ("document_kind_unknown", CallError::Document(DocumentError::KindUnknown)),
            ("document_contains_macros", CallError::Document(DocumentError::ContainsMacros)),
            ("document_password_protected", CallError::Document(DocumentError::PasswordProtected)),
            ("document_hash_mismatch", CallError::Document(DocumentError::HashMismatch)),
            ("upload_out_of_order", CallError::UploadOutOfOrder),
            ("upload_too_slow", CallError::UploadTooSlow),
            ("malware_found", CallError::Malware { signature: "Eicar-Test-Signature".to_owned() }),
            ("quota_exceeded", CallError::QuotaExceeded { quota: "documents", limit: 100, used: 100 }),
            ("evidence_damaged", CallError::EvidenceStore(EvidenceStoreError::Damaged(Damage::Changed))),
            ("concurrent_change", CallError::ConcurrentChange),
            ("registry_unavailable", CallError::RegistryUnavailable),
        ] {
            assert_status(snapshot, error);
        }
    }

    #[test]
    fn the_api_documents_every_fault() {
        for fault in ViolationReason::ALL {
            assert!(cpor_proto::is_field_violation_reason(fault.as_str()), "{fault}");
        }
    }
}
