//! What went wrong, as callers see it: one table for each kind of refusal, and nothing internal.
use std::time::Duration;

use cpor_durable::{Failure, StoreError};
use cpor_kit::status::{self, FieldViolation};
use cpor_proto::options::v1 as options;
use cpor_proto::registry::v1::ErrorReason;
use cpor_types::Malformed;
use tonic::{Code, Status};

use crate::domain::reason::Reason;
use crate::store::tenant::Clash;

/// When to try again what a database did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The contract's name of a reason.
pub(super) const fn on_the_wire(reason: Reason) -> ErrorReason {
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
        Reason::SuccessorExists => ErrorReason::SuccessorExists,
        Reason::KeyUnknown => ErrorReason::KeyUnknown,
        Reason::MustBeClaimedAnew => ErrorReason::MustBeClaimedAnew,
        Reason::FamilyNotTakenOver => ErrorReason::FamilyNotTakenOver,
    }
}

/// A refusal under a reason of the contract.
pub(super) fn refused(code: Code, reason: ErrorReason, message: impl Into<String>) -> Status {
    status::refused(code, reason.as_str_name(), message, &[])
}

/// What the database does not let two have.
pub(super) fn taken(clash: Clash) -> Status {
    match clash {
        Clash::Domain(domain) => {
            let message = format!("the domain {domain} belongs to another tenant");
            refused(Code::AlreadyExists, ErrorReason::DomainTaken, message)
        }
        Clash::Key(_) => refused(Code::FailedPrecondition, ErrorReason::KeyHeld, Reason::KeyHeld.describe()),
        // Only holds and awards are decisions about claims, and they have answers for both.
        Clash::Claim(_, precluded) => status::internal(&format!("{precluded:?} where no claim is decided about")),
    }
}

/// A read that failed.
pub(super) fn unread(error: StoreError) -> Status {
    match error {
        StoreError::Db(error) => unavailable(&error.to_string()),
        StoreError::Lost(_) | StoreError::Inconsistent { .. } => status::internal(&error),
    }
}

/// A command that changed nothing; `refused` and `clashed` say what the service's own reasons are on the wire.
pub(super) fn failed<R, C>(
    failure: Failure<R, C>,
    refused: impl FnOnce(R) -> Status,
    clashed: impl FnOnce(C) -> Status,
) -> Status {
    match failure {
        Failure::Refused(refusal) => refused(refusal),
        Failure::Clash(clash) => clashed(clash),
        Failure::Overloaded => status::overloaded(RETRY_AFTER),
        Failure::Unavailable(why) => unavailable(&why),
        // No method of this service expects a version, has request ids or sends events.
        Failure::Moved { expected, actual } => status::internal(&format!("moved from {expected} to {actual}")),
        Failure::RequestIdReused => status::internal("a request id where there is none"),
        Failure::Gap { expected } => status::internal(&format!("event {expected} where there is none")),
    }
}

fn unavailable(why: &str) -> Status {
    tracing::warn!(why, "the registry's database does not answer");
    let reason = options::ErrorReason::Unavailable.as_str_name();
    status::unavailable(reason, "the registry cannot answer now; try again", RETRY_AFTER)
}

/// A field that does not have its shape.
pub(super) fn malformed(field: &str) -> impl Fn(Malformed) -> Status + '_ {
    move |malformed| invalid(field, malformed.to_string())
}

/// A field whose value makes no sense.
pub(super) fn invalid(field: &str, description: impl Into<String>) -> Status {
    let violation =
        FieldViolation { field: field.to_owned(), reason: "MALFORMED".to_owned(), description: description.into() };
    status::invalid(vec![violation])
}
