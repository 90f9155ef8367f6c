//! The conversion of errors to gRPC statuses. Internal details are logged and never returned.
use std::convert::Infallible;

use cpor_call::status::{self, FieldViolation};
use cpor_durable::{CommandError, StoreError};
use cpor_proto::UnknownValue;
use cpor_proto::options::v1::FieldViolationReason;
use cpor_proto::registry::v1::ErrorReason;
use cpor_types::Malformed;
use tonic::{Code, Status};

use crate::domain::reason::Reason;
use crate::store::tenant::TenantConflict;

/// Returns the value of the API's enum `ErrorReason` for a reason.
pub(super) const fn wire_reason(reason: Reason) -> ErrorReason {
    match reason {
        Reason::LocationNotOfPartner => ErrorReason::LocationNotOfPartner,
        Reason::TenantIdMalformed => ErrorReason::TenantIdMalformed,
        Reason::TenantUnknown => ErrorReason::TenantUnknown,
        Reason::DomainNotOfTenant => ErrorReason::DomainNotOfTenant,
        Reason::ProductUnknown => ErrorReason::ProductUnknown,
        Reason::ProductNotClaimable => ErrorReason::ProductNotClaimable,
        Reason::ProductOfOtherSolutionArea => ErrorReason::ProductOfOtherSolutionArea,
        Reason::ProductNotOnTenant => ErrorReason::ProductNotOnTenant,
        Reason::SubscriptionIdMalformed => ErrorReason::SubscriptionIdMalformed,
        Reason::SubscriptionNotOnTenant => ErrorReason::SubscriptionNotOnTenant,
        Reason::SubscriptionOfOtherProduct => ErrorReason::SubscriptionOfOtherProduct,
        Reason::SubscriptionNotBusinessApplications => ErrorReason::SubscriptionNotBusinessApplications,
        Reason::SubscriptionBoughtThroughCsp => ErrorReason::SubscriptionBoughtThroughCsp,
        Reason::SubscriptionNotProvisioned => ErrorReason::SubscriptionNotProvisioned,
        Reason::SubscriptionExpired => ErrorReason::SubscriptionExpired,
        Reason::SubscriptionSuspended => ErrorReason::SubscriptionSuspended,
        Reason::SubscriptionIdRequired => ErrorReason::SubscriptionIdRequired,
        Reason::SubscriptionIdNotAllowed => ErrorReason::SubscriptionIdNotAllowed,
        Reason::KeyHeld => ErrorReason::KeyHeld,
        Reason::ClaimClosed => ErrorReason::ClaimClosed,
        Reason::KeyHasSuccessor => ErrorReason::SuccessorExists,
        Reason::KeyUnknown => ErrorReason::KeyUnknown,
        Reason::AssociationMustBeClaimedAnew => ErrorReason::MustBeClaimedAnew,
        Reason::ProductFamilyNotImported => ErrorReason::FamilyNotImported,
    }
}

/// Returns a status whose `ErrorInfo` has this reason.
pub(super) fn with_reason(code: Code, reason: ErrorReason, message: impl Into<String>) -> Status {
    status::with_reason(code, reason.as_str_name(), message, &[])
}

/// Returns the status for a change of a tenant that would break a uniqueness rule of the database.
pub(super) fn conflict(conflict: TenantConflict) -> Status {
    match conflict {
        TenantConflict::Domain(domain) => {
            let message = format!("the domain {domain} belongs to another tenant");
            with_reason(Code::AlreadyExists, ErrorReason::DomainTaken, message)
        }
        TenantConflict::Key(_) => {
            with_reason(Code::FailedPrecondition, ErrorReason::KeyHeld, Reason::KeyHeld.describe())
        }
        // Only the methods that place holds, award keys or import associations change claim
        // records, and they handle this conflict themselves.
        TenantConflict::ClaimRecord(_, conflict) => {
            status::internal(&format!("unexpected claim record conflict: {conflict:?}"))
        }
    }
}

/// Returns the status for an imported row that could not be applied, because other imports kept
/// changing the directory at the same time.
pub(super) fn contended() -> Status {
    let failure = CommandError::<_, ()>::Unavailable("other imports kept changing the directory".to_owned());
    command_failed(failure, |never: Infallible| match never {}, |()| status::internal("not a conflict"))
}

/// Returns the status for a query that failed.
pub(super) fn read_failed(error: StoreError) -> Status {
    cpor_durable::status::store_error(&error)
}

/// Returns the status for a command that failed. `refused` and `conflicting` convert the refusals
/// and conflicts of the command.
pub(super) fn command_failed<R, C>(
    failure: CommandError<R, C>,
    refused: impl FnOnce(R) -> Status,
    conflicting: impl FnOnce(C) -> Status,
) -> Status {
    // The resource name appears only in failures that etags cause. No method of this service uses
    // etags, so the name is empty.
    cpor_durable::status::command_error("", failure, refused, conflicting)
}

/// Converts a parse error of a field to a status.
pub(super) fn malformed_field(field: &str) -> impl Fn(Malformed) -> Status + '_ {
    move |malformed| invalid_field(field, malformed.to_string())
}

/// Converts an enum number of a field that is unspecified or unknown to a status.
pub(super) fn unknown_value(field: &str) -> impl Fn(UnknownValue) -> Status + '_ {
    move |_| invalid_field(field, "must be one of the specified values")
}

/// Returns the status for one invalid field of the request. `description` says which rule the value
/// breaks.
pub(super) fn invalid_field(field: &str, description: impl Into<String>) -> Status {
    let violation = FieldViolation {
        field: field.to_owned(),
        reason: FieldViolationReason::Malformed.as_str_name().to_owned(),
        description: description.into(),
    };
    status::invalid_fields(vec![violation])
}

#[cfg(test)]
mod tests {
    use cpor_testing::describe_status;

    use super::*;

    #[test]
    fn refusals_of_imports_and_fields() {
        let statuses = [
            conflict(TenantConflict::Domain("fabrikam.example".parse().unwrap())),
            contended(),
            invalid_field("parent", "must name a tenant"),
            unknown_value("kind")(UnknownValue { enum_name: "cpor.registry.v1.Kind", number: 9 }),
        ]
        .map(|status| describe_status(&status));
        insta::assert_snapshot!(statuses.join("\n"));
    }
}
