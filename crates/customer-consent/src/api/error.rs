//! Maps errors to gRPC statuses. Internal details are not revealed.

use cpor_call::status::{self, FieldViolation};
use cpor_durable::CommandError;
use cpor_proto::{consents::v1::ErrorReason, options};
use cpor_types::rfc3339;
use tonic::{Code, Status};

use crate::domain::Refusal;
use crate::store::NoConflict;

/// Returns the status for a failed command. `name` is the resource name of the consent.
pub(super) fn command_error(name: &str, failure: CommandError<Refusal, NoConflict>) -> Status {
    cpor_durable::status::command_error(
        name,
        failure,
        |refusal| refusal_status(name, refusal),
        |conflict| match conflict {},
    )
}

/// Returns the status for a command that the domain refused.
pub(super) fn refusal_status(name: &str, refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => status::not_found(name),
        Refusal::WindowPassed { due } => {
            let due = due.map(rfc3339).unwrap_or_default();
            let metadata: &[(&str, &str)] = if due.is_empty() { &[] } else { &[("due_time", &due)] };
            let message = "the consent window has passed: the claim can no longer be approved or declined";
            with_reason(Code::FailedPrecondition, ErrorReason::WindowPassed, message, metadata)
        }
        Refusal::AlreadyDeclined => with_reason(
            Code::FailedPrecondition,
            ErrorReason::AlreadyDeclined,
            "the customer has already declined the claim",
            &[],
        ),
        Refusal::NoNotice => with_reason(
            Code::FailedPrecondition,
            ErrorReason::NoNotice,
            "no notice has been sent to the customer contact: there is nothing to resend",
            &[],
        ),
        Refusal::NoticeNotSent => with_reason(
            Code::FailedPrecondition,
            ErrorReason::NoticeNotSent,
            "the notice has not been sent yet, so it cannot have bounced",
            &[],
        ),
        Refusal::NoticeUnknown => status::invalid_fields(vec![FieldViolation {
            field: "notice_id".to_owned(),
            reason: ErrorReason::NoticeUnknown.as_str_name().to_owned(),
            description: "must be the id of a notice of this consent".to_owned(),
        }]),
        Refusal::TooManyNotices { limit, wait } => {
            let limit = limit.to_string();
            let message =
                format!("the notice was sent again too often: at most {limit} times an hour; try again later");
            let reason = options::v1::ErrorReason::TooManyNotices.as_str_name();
            status::resource_exhausted(reason, message, &[("limit", &limit)], wait)
        }
        // The caller cannot cause these refusals: only the consent page uses links, and terms are
        // missing only if a policy profile or calendar is not configured.
        Refusal::LinkOutdated | Refusal::TermsMissing => status::internal(&refusal),
        Refusal::ClaimClosed => {
            with_reason(Code::FailedPrecondition, ErrorReason::ClaimClosed, "the claim is closed", &[])
        }
    }
}

/// Returns a status with a stable reason code.
fn with_reason(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::with_reason(code, reason.as_str_name(), message, metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_a_consent() {
        let due = Some("2026-04-05T22:00:00Z".parse().unwrap());
        let statuses = [
            Refusal::NotFound,
            Refusal::WindowPassed { due },
            Refusal::WindowPassed { due: None },
            Refusal::AlreadyDeclined,
            Refusal::ClaimClosed,
            Refusal::LinkOutdated,
            Refusal::NoNotice,
            Refusal::TermsMissing,
            Refusal::NoticeUnknown,
            Refusal::NoticeNotSent,
        ]
        .map(|refusal| cpor_testing::describe_status(&refusal_status("tenants/t/consents/c", refusal)));
        insta::assert_snapshot!(statuses.join("\n"));
    }
}
