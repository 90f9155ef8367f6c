//! What is refused, and how callers read it.
use std::time::Duration;

use cpor_durable::StoreError;
use cpor_kit::status::{self, FieldViolation};
use cpor_proto::eligibility::v1::ErrorReason;
use cpor_registry_client::RegistryError;
use cpor_types::{Malformed, ProgramGuideId, ProgramGuideName, rfc3339};
use tonic::{Code, Status};

use crate::{
    domain::{PeriodNotOver, ShelfRefusal, UsageRefusal},
    store::usage::ImportError,
};

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
    /// The shelf of guides refuses (R52).
    Shelf(ShelfRefusal),
    /// The payout period is not over (R54).
    Payout(PeriodNotOver),
    /// The request id was used for another request.
    RequestIdReused,
    /// Too many commands wait.
    Overloaded,
    /// The outcome is not known; the text is for the log.
    Unavailable(String),
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
            Refusal::Shelf(refusal) => shelf(refusal),
            Refusal::Payout(PeriodNotOver { end }) => refused(
                Code::FailedPrecondition,
                ErrorReason::PayoutPeriodNotOver,
                "the period is not over: more may be accrued in it",
                &[("end_time", &rfc3339(end))],
            ),
            Refusal::RequestIdReused => refused(
                Code::InvalidArgument,
                ErrorReason::RequestIdReused,
                "the request id was used for another request",
                &[],
            ),
            Refusal::Overloaded => status::overloaded(RETRY_AFTER),
            Refusal::Unavailable(why) => {
                tracing::warn!(why, "storage does not answer");
                let reason = ErrorReason::StorageUnavailable.as_str_name();
                status::unavailable(reason, "eligibility cannot be reached now; try again", RETRY_AFTER)
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

fn shelf(refusal: ShelfRefusal) -> Status {
    use ErrorReason::{GuideExists, GuideNotDraft, GuideNotInForce, GuidePeriodOverlaps};
    let said = |code, reason, message: &str, guide: ProgramGuideId| {
        let name = ProgramGuideName { guide }.to_string();
        refused(code, reason, &message.replace("{}", &name), &[("guide", &name)])
    };
    match refusal {
        ShelfRefusal::NotFound(guide) => status::not_found(&ProgramGuideName { guide }.to_string()),
        ShelfRefusal::EmptyPeriod => status::invalid(vec![FieldViolation {
            field: "end_month".to_owned(),
            reason: "NOT_AFTER_START".to_owned(),
            description: "must be after start_month".to_owned(),
        }]),
        ShelfRefusal::Exists(guide) => said(Code::AlreadyExists, GuideExists, "there is {} already", guide),
        ShelfRefusal::NothingToRevise(guide) => said(
            Code::FailedPrecondition,
            GuideNotInForce,
            "{} is no guide in force, so that nothing revises it",
            guide,
        ),
        ShelfRefusal::NotDraft(guide) => said(Code::FailedPrecondition, GuideNotDraft, "{} is no draft", guide),
        ShelfRefusal::Overlaps(guide) => {
            said(Code::FailedPrecondition, GuidePeriodOverlaps, "{} is in force in a part of the period", guide)
        }
    }
}

impl From<ShelfRefusal> for Refusal {
    fn from(refusal: ShelfRefusal) -> Self {
        Self::Shelf(refusal)
    }
}

impl From<PeriodNotOver> for Refusal {
    fn from(refusal: PeriodNotOver) -> Self {
        Self::Payout(refusal)
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
