//! What is refused, and how callers read it.
use std::time::Duration;

use cpor_durable::StoreError;
use cpor_kit::status::{self, FieldViolation};
use cpor_proto::eligibility::v1::ErrorReason;
use cpor_registry_client::RegistryError;
use cpor_types::Malformed;
use tonic::{Code, Status};

use crate::{domain::UsageRefusal, store::usage::ImportError};

/// When to try again what the registry, or another import, was in the way of.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Everything that this service refuses.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No such resource, or not the caller's.
    NotFound { resource: String },
    /// A field that the constraints of the proto let pass and that is no name of ours all the same.
    Malformed { field: &'static str, malformed: Malformed },
    /// The partner is not officially on record for the key (R50).
    UsageNotOpen,
    /// A row of usage that is not stored (R51).
    Usage(UsageRefusal),
    /// The registry was asked in vain.
    Registry(RegistryError),
    /// Nothing was imported.
    Import(ImportError),
    /// The database's error, or an inconsistent row.
    Store(StoreError),
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound { resource } => refused(
                Code::NotFound,
                ErrorReason::ResourceNotFound,
                "the resource does not exist",
                &[("resource", &resource)],
            ),
            Refusal::Malformed { field, malformed } => status::invalid(vec![FieldViolation {
                field: field.to_owned(),
                reason: "MALFORMED".to_owned(),
                description: malformed.to_string(),
            }]),
            Refusal::UsageNotOpen => refused(
                Code::PermissionDenied,
                ErrorReason::UsageNotOpen,
                "usage is open to a partner while its association is official",
                &[],
            ),
            Refusal::Usage(UsageRefusal::MeasureMismatch) => refused(
                Code::InvalidArgument,
                ErrorReason::UsageMeasureMismatch,
                "workloads have active users and paid available units, subscriptions seats sold and consumption",
                &[],
            ),
            Refusal::Usage(UsageRefusal::MonthInFuture) => {
                refused(Code::InvalidArgument, ErrorReason::UsageMonthInFuture, "the month has not begun", &[])
            }
            Refusal::Registry(RegistryError::Unavailable(why)) => {
                tracing::warn!(why, "the registry cannot be asked");
                let reason = ErrorReason::RegistryUnavailable.as_str_name();
                status::unavailable(reason, "the registry cannot be asked now", RETRY_AFTER)
            }
            Refusal::Registry(broken @ RegistryError::Broken(_)) => status::internal(&broken),
            Refusal::Import(ImportError::Contended) => status::overloaded(RETRY_AFTER),
            Refusal::Import(ImportError::Store(error)) | Refusal::Store(error) => status::internal(&error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn refused(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::refused(code, reason.as_str_name(), message, metadata)
}
