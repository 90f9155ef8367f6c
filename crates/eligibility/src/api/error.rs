//! The refusals of the API and the statuses that callers receive for them.
use std::time::Duration;

use cpor_durable::StoreError;
use cpor_kit::status::{self, FieldViolation};
use cpor_proto::{
    eligibility::v1::ErrorReason,
    options::v1::{self as options, FieldViolationReason},
};
use cpor_registry_client::RegistryError;
use cpor_types::{Malformed, ProgramGuideId, ProgramGuideName, rfc3339};
use tonic::{Code, Status};

use crate::{
    domain::{GuideRefusal, PeriodNotOver, UsageRefusal},
    store::usage::ImportError,
};

/// When a caller should retry after a temporary failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a request is refused or fails.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The resource does not exist, or the caller may not see it.
    NotFound { resource: String },
    /// A field satisfies the constraints of the proto but cannot be parsed.
    Malformed { field: &'static str, malformed: Malformed },
    /// The partner has no official association with the key (R50).
    UsageNotOpen,
    /// A row of usage is refused (R51).
    Usage(UsageRefusal),
    /// A change of the guide catalog is refused (R52).
    Guide(GuideRefusal),
    /// The payout period is not over (R54).
    Payout(PeriodNotOver),
    /// The request id was used for a different request.
    RequestIdReused,
    /// Too many commands are waiting.
    Overloaded,
    /// The outcome of the command is unknown. The text is logged and not sent to the caller.
    Unavailable(String),
    /// The call of the registry failed.
    Registry(RegistryError),
    /// The import of usage failed.
    Import(ImportError),
    /// The database failed, or a row is inconsistent.
    Store(StoreError),
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound { resource } => status::not_found(&resource),
            Refusal::Malformed { field, malformed } => {
                status::invalid(vec![violation(field, FieldViolationReason::Malformed, &malformed.to_string())])
            }
            Refusal::UsageNotOpen => refused(
                Code::PermissionDenied,
                ErrorReason::UsageNotOpen,
                "the usage of a key is readable only while the partner's association with it is official",
                &[],
            ),
            Refusal::Usage(UsageRefusal::MeasureMismatch) => refused(
                Code::InvalidArgument,
                ErrorReason::UsageMeasureMismatch,
                "the counts do not match the key: a workload has active_users and paid_available_units, \
                 a subscription has seats_sold and consumption",
                &[],
            ),
            Refusal::Usage(UsageRefusal::MonthInFuture) => {
                let message = "month: must not be in the future";
                refused(Code::InvalidArgument, ErrorReason::UsageMonthInFuture, message, &[])
            }
            Refusal::Guide(refusal) => guide_status(refusal),
            Refusal::Payout(PeriodNotOver { end }) => refused(
                Code::FailedPrecondition,
                ErrorReason::PayoutPeriodNotOver,
                &format!("payout_period: must be over; the period ends at {}", rfc3339(end)),
                &[("end_time", &rfc3339(end))],
            ),
            Refusal::RequestIdReused => status::refused(
                Code::InvalidArgument,
                options::ErrorReason::RequestIdReused.as_str_name(),
                "request_id: was already used for a different request",
                &[],
            ),
            Refusal::Overloaded => status::overloaded(RETRY_AFTER),
            Refusal::Unavailable(why) => {
                tracing::warn!(why, "the database is unavailable");
                let reason = options::ErrorReason::Unavailable.as_str_name();
                status::unavailable(reason, "the eligibility service is temporarily unavailable", RETRY_AFTER)
            }
            Refusal::Registry(RegistryError::Unavailable(why)) => {
                tracing::warn!(why, "the registry is unavailable");
                let reason = options::ErrorReason::RegistryUnavailable.as_str_name();
                status::unavailable(reason, "the registry is temporarily unavailable", RETRY_AFTER)
            }
            Refusal::Registry(broken @ RegistryError::InvalidResponse(_)) => status::internal(&broken),
            Refusal::Import(ImportError::Contended) => status::overloaded(RETRY_AFTER),
            Refusal::Import(ImportError::Store(error)) | Refusal::Store(error) => match error {
                StoreError::Db(_) | StoreError::ConcurrentChange(_) => Refusal::Unavailable(error.to_string()).into(),
                StoreError::Inconsistent { .. } => status::internal(&error),
            },
        }
    }
}

fn guide_status(refusal: GuideRefusal) -> Status {
    use ErrorReason::{GuideExists, GuideNotDraft, GuideNotInForce, GuidePeriodOverlaps};
    // `{}` in a message stands for the name of the guide.
    let refused_for = |code, reason, message: &str, guide: ProgramGuideId| {
        let name = ProgramGuideName { guide }.to_string();
        refused(code, reason, &message.replace("{}", &name), &[("guide", &name)])
    };
    match refusal {
        GuideRefusal::NotFound(guide) => status::not_found(&ProgramGuideName { guide }.to_string()),
        GuideRefusal::EmptyPeriod => status::invalid(vec![violation(
            "end_month",
            FieldViolationReason::NotAfterStart,
            "must be after start_month",
        )]),
        GuideRefusal::Exists(guide) => refused_for(Code::AlreadyExists, GuideExists, "{} already exists", guide),
        GuideRefusal::RevisedNotActive(guide) => {
            let message = "program_guide.revises: must be an active guide; {} is not";
            refused_for(Code::FailedPrecondition, GuideNotInForce, message, guide)
        }
        GuideRefusal::NotDraft(guide) => {
            refused_for(Code::FailedPrecondition, GuideNotDraft, "{} is not a draft", guide)
        }
        GuideRefusal::Overlaps(guide) => {
            let message = "the period overlaps the period of {}";
            refused_for(Code::FailedPrecondition, GuidePeriodOverlaps, message, guide)
        }
    }
}

impl From<GuideRefusal> for Refusal {
    fn from(refusal: GuideRefusal) -> Self {
        Self::Guide(refusal)
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

fn violation(field: &str, reason: FieldViolationReason, description: &str) -> FieldViolation {
    FieldViolation {
        field: field.to_owned(),
        reason: reason.as_str_name().to_owned(),
        description: description.to_owned(),
    }
}

fn refused(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::refused(code, reason.as_str_name(), message, metadata)
}
