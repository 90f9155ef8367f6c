//! The refusals of the API and the statuses that callers receive for them.
use std::convert::Infallible;

use cpor_call::status::{self, FieldViolation};
use cpor_durable::{AggregateKey, CommandError, RETRY_AFTER, Store as _, StoreError};
use cpor_proto::{
    eligibility::v1::ErrorReason,
    options::v1::{self as options, FieldViolationReason},
};
use cpor_registry_client::RegistryError;
use cpor_types::{Malformed, PayoutName, ProgramGuideId, ProgramGuideName, rfc3339};
use tonic::{Code, Status};

use super::{convert, payout_writer::PayoutError};
use crate::{
    domain::{GuideRefusal, PayoutRefusal, UsageRefusal},
    store::{
        payouts::{PayoutConflict, PayoutStore},
        usage::ImportError,
    },
};

/// The reason why a request is refused or fails.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The resource does not exist, or the caller may not see it.
    NotFound { resource: String },
    /// A field satisfies the constraints of the proto but cannot be parsed.
    Malformed { field: &'static str, malformed: Malformed },
    /// The partner has no official association with the key: it is not on record for the workload
    /// or subscription (R50).
    UsageNotOpen,
    /// The directory does not know the workload or subscription of a row of usage (R51).
    UsageKeyUnknown,
    /// A row of usage is refused (R51).
    Usage(UsageRefusal),
    /// A change of the guide catalog is refused (R52).
    Guide(GuideRefusal),
    /// A field that is required is empty.
    Required { field: &'static str },
    /// A payout cannot be stored (R54a).
    PayoutConflict(PayoutConflict),
    /// A call to the registry failed.
    Registry(RegistryError),
    /// The import of usage stored nothing: the database failed, or concurrent imports of the same
    /// months interfered.
    Import(ImportError),
    /// The database cannot be reached, or a row cannot be decoded.
    Store(StoreError),
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound { resource } => status::not_found(&resource),
            Refusal::Malformed { field, malformed } => {
                status::invalid_fields(vec![violation(field, FieldViolationReason::Malformed, &malformed.to_string())])
            }
            Refusal::UsageNotOpen => refusal_status(
                Code::PermissionDenied,
                ErrorReason::UsageNotOpen,
                "the usage of a key is readable only while the partner's association with it is official",
                &[],
            ),
            Refusal::UsageKeyUnknown => status::invalid_fields(vec![violation(
                "key",
                FieldViolationReason::UnknownReference,
                "must be a workload or subscription of the directory; import it with ImportDirectory first",
            )]),
            Refusal::Usage(UsageRefusal::MeasureMismatch) => refusal_status(
                Code::InvalidArgument,
                ErrorReason::UsageMeasureMismatch,
                "the counts do not match the key: a workload has active_users and paid_available_units, \
                 a subscription has seats_sold and consumption",
                &[],
            ),
            Refusal::Usage(UsageRefusal::MonthInFuture) => {
                let message = "month: must not be in the future";
                refusal_status(Code::InvalidArgument, ErrorReason::UsageMonthInFuture, message, &[])
            }
            Refusal::Guide(refusal) => guide_status(refusal),
            Refusal::Required { field } => {
                status::invalid_fields(vec![violation(field, FieldViolationReason::Required, "is required")])
            }
            Refusal::PayoutConflict(conflict) => payout_conflict_status(conflict, ""),
            Refusal::Registry(RegistryError::Unavailable(why)) => {
                tracing::warn!(why, "the registry is unavailable");
                let reason = options::ErrorReason::RegistryUnavailable.as_str_name();
                status::unavailable(reason, "the registry is temporarily unavailable", RETRY_AFTER)
            }
            Refusal::Registry(broken @ RegistryError::Defect(_)) => status::internal(&broken),
            Refusal::Import(ImportError::Contended) => status::overloaded(RETRY_AFTER),
            Refusal::Import(ImportError::Store(error)) | Refusal::Store(error) => {
                cpor_durable::status::store_error(&error)
            }
        }
    }
}

/// Converts a failed command on the guide catalog.
pub(super) fn command_error<R: Into<Refusal>>(failure: CommandError<R, Infallible>) -> Status {
    // The resource name appears only in failures that etags cause. The guide catalog has no etag,
    // so the name is empty.
    cpor_durable::status::command_error("", failure, |refusal| refusal.into().into(), |never| match never {})
}

fn guide_status(refusal: GuideRefusal) -> Status {
    use ErrorReason::{GuideExists, GuideNotDraft, GuideNotInForce, GuidePeriodOverlaps};
    // `{}` in a message stands for the name of the guide.
    let status_for_guide = |code, reason, message: &str, guide: ProgramGuideId| {
        let name = ProgramGuideName { guide }.to_string();
        refusal_status(code, reason, &message.replace("{}", &name), &[("guide", &name)])
    };
    match refusal {
        GuideRefusal::NotFound(guide) => status::not_found(&ProgramGuideName { guide }.to_string()),
        GuideRefusal::EmptyPeriod => status::invalid_fields(vec![violation(
            "end_month",
            FieldViolationReason::NotAfterStart,
            "must be after start_month",
        )]),
        GuideRefusal::Exists(guide) => status_for_guide(Code::AlreadyExists, GuideExists, "{} already exists", guide),
        GuideRefusal::RevisedNotActive(guide) => {
            let message = "program_guide.revises: must be an active guide; {} is not";
            status_for_guide(Code::FailedPrecondition, GuideNotInForce, message, guide)
        }
        GuideRefusal::NotDraft(guide) => {
            status_for_guide(Code::FailedPrecondition, GuideNotDraft, "{} is not a draft", guide)
        }
        GuideRefusal::Overlaps(guide) => {
            let message = "the period overlaps the period of {}";
            status_for_guide(Code::FailedPrecondition, GuidePeriodOverlaps, message, guide)
        }
    }
}

impl From<GuideRefusal> for Refusal {
    fn from(refusal: GuideRefusal) -> Self {
        Self::Guide(refusal)
    }
}

/// Converts a failure of a command on the payout with this key. `prefix` is the path in the request
/// of the message whose fields the refusals name, for example `payout.`.
pub(super) fn payout_error(key: &AggregateKey, prefix: &str, failure: PayoutError) -> Status {
    let resource = PayoutStore::resource(key);
    let refused = |refusal| {
        if refusal == PayoutRefusal::NotFound { status::not_found(&resource) } else { payout_status(refusal, prefix) }
    };
    let conflict = |conflict| payout_conflict_status(conflict, prefix);
    cpor_durable::status::command_error(&resource, failure, refused, conflict)
}

fn payout_conflict_status(conflict: PayoutConflict, prefix: &str) -> Status {
    match conflict {
        PayoutConflict::NothingDue => nothing_due_status(),
        PayoutConflict::Exists => {
            let message = "the location already has a payout in this currency for the period; \
                           list it with ListPayouts, or reverse it first";
            refusal_status(Code::AlreadyExists, ErrorReason::PayoutExists, message, &[])
        }
        PayoutConflict::ReferenceTaken(payout) => reference_taken_status(&payout, prefix),
    }
}

fn reference_taken_status(payout: &PayoutName, prefix: &str) -> Status {
    let payout = payout.to_string();
    let message = format!(
        "{prefix}reference: must be the reference of one payment only; {payout}, of the same location and currency, \
         has it"
    );
    refusal_status(Code::AlreadyExists, ErrorReason::PayoutReferenceTaken, &message, &[("payout", &payout)])
}

fn nothing_due_status() -> Status {
    let message = "no unpaid earnings of the location in this currency were written until the end of the period";
    refusal_status(Code::FailedPrecondition, ErrorReason::PayoutNothingDue, message, &[])
}

fn payout_status(refusal: PayoutRefusal, prefix: &str) -> Status {
    let failed_precondition = |reason, message: &str, metadata: &[(&str, &str)]| {
        refusal_status(Code::FailedPrecondition, reason, message, metadata)
    };
    match refusal {
        PayoutRefusal::NotFound => status::not_found("payouts"),
        PayoutRefusal::PeriodNotOver { end } => {
            let message = format!("{prefix}payout_period: must be over; the period ends at {}", rfc3339(end));
            failed_precondition(ErrorReason::PayoutPeriodNotOver, &message, &[("end_time", &rfc3339(end))])
        }
        PayoutRefusal::StateNotAllowed { state, allowed } => {
            let name = |state| {
                let name = convert::to_payout_state(state).as_str_name();
                name.strip_prefix("PAYOUT_STATE_").unwrap_or(name)
            };
            let (state, allowed) =
                (name(state), allowed.iter().map(|state| name(*state)).collect::<Vec<_>>().join(","));
            let message =
                format!("the payout is {state}; this step is possible in the states {}", allowed.replace(',', ", "));
            let metadata = [("state", state), ("allowed", allowed.as_str())];
            failed_precondition(ErrorReason::PayoutStateNotAllowed, &message, &metadata)
        }
        PayoutRefusal::ReferenceDiffers { reference } => {
            let message = format!("{prefix}reference: must be `{reference}`, which is recorded for the payout");
            failed_precondition(ErrorReason::PayoutReferenceDiffers, &message, &[("reference", &reference)])
        }
        PayoutRefusal::ReferenceTaken { payout } => reference_taken_status(&payout, prefix),
        PayoutRefusal::ReferenceUnknown { reference } => {
            let message = format!(
                "{prefix}reference: must be recorded for a payout of the location in this currency before the payment \
                 is reversed; `{reference}` is not"
            );
            failed_precondition(ErrorReason::PayoutReferenceUnknown, &message, &[("reference", &reference)])
        }
        PayoutRefusal::SentInFuture { latest } => {
            let description = format!("must be at most one day ahead: {latest} or earlier");
            status::invalid_fields(vec![violation("actual_date", FieldViolationReason::NotAllowed, &description)])
        }
        PayoutRefusal::SentBeforePeriodEnd { earliest } => {
            let description = format!("must not be before the last day of the payout period: {earliest} or later");
            status::invalid_fields(vec![violation("actual_date", FieldViolationReason::NotAllowed, &description)])
        }
        PayoutRefusal::EstimatedDateMissing => Refusal::Required { field: "estimated_date" }.into(),
        PayoutRefusal::NothingDue => nothing_due_status(),
        PayoutRefusal::Ambiguous => {
            let message = "the unpaid earnings of the period belong to several partners, locations or currencies; \
                           create a payout for each with CreatePayout or ImportPayouts";
            failed_precondition(ErrorReason::PayoutAmbiguous, message, &[])
        }
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

fn refusal_status(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::with_reason(code, reason.as_str_name(), message, metadata)
}

#[cfg(test)]
mod tests {
    use cpor_testing::describe_status;

    use super::*;
    use crate::domain::PayoutStateKind;

    #[test]
    fn refusals_of_usage_and_guides() {
        let guide = || "osu-2026".parse::<ProgramGuideId>().unwrap();
        let statuses = [
            Refusal::NotFound { resource: "programGuides/osu-2026".to_owned() },
            Refusal::Malformed { field: "parent", malformed: "x".parse::<PayoutName>().unwrap_err() },
            Refusal::UsageNotOpen,
            Refusal::UsageKeyUnknown,
            Refusal::Usage(UsageRefusal::MeasureMismatch),
            Refusal::Usage(UsageRefusal::MonthInFuture),
            Refusal::Required { field: "estimated_date" },
            Refusal::Guide(GuideRefusal::Exists(guide())),
            Refusal::Guide(GuideRefusal::NotFound(guide())),
            Refusal::Guide(GuideRefusal::RevisedNotActive(guide())),
            Refusal::Guide(GuideRefusal::NotDraft(guide())),
            Refusal::Guide(GuideRefusal::EmptyPeriod),
            Refusal::Guide(GuideRefusal::Overlaps(guide())),
            Refusal::Registry(RegistryError::Unavailable("internal".to_owned())),
            Refusal::Registry(RegistryError::Defect("internal".to_owned())),
            Refusal::Import(ImportError::Contended),
        ]
        .map(|refusal| describe_status(&refusal.into()));
        insta::assert_snapshot!(statuses.join("\n"));
    }

    #[test]
    fn refusals_of_payouts() {
        let payout: PayoutName = "partners/contoso/payouts/00000000-0000-4000-8000-0000000000b1".parse().unwrap();
        let reference = || "WIRE-7".to_owned();
        let refusals = [
            PayoutRefusal::PeriodNotOver { end: "2026-04-01T07:00:00Z".parse().unwrap() },
            PayoutRefusal::StateNotAllowed {
                state: PayoutStateKind::Sent,
                allowed: &[PayoutStateKind::Upcoming, PayoutStateKind::Processing],
            },
            PayoutRefusal::ReferenceDiffers { reference: reference() },
            PayoutRefusal::ReferenceTaken { payout: payout.clone() },
            PayoutRefusal::ReferenceUnknown { reference: reference() },
            PayoutRefusal::SentInFuture { latest: "2026-04-02".parse().unwrap() },
            PayoutRefusal::SentBeforePeriodEnd { earliest: "2026-03-31".parse().unwrap() },
            PayoutRefusal::EstimatedDateMissing,
            PayoutRefusal::NothingDue,
            PayoutRefusal::Ambiguous,
        ]
        .map(|refusal| describe_status(&payout_status(refusal, "payout.")));
        let conflicts = [PayoutConflict::NothingDue, PayoutConflict::Exists, PayoutConflict::ReferenceTaken(payout)]
            .map(|conflict| describe_status(&payout_conflict_status(conflict, "payout.")));
        insta::assert_snapshot!([refusals.join("\n"), conflicts.join("\n")].join("\n"));
    }
}
