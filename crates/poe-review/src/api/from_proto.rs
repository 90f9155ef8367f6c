//! Converts the fields of requests to domain types.
use super::error;
use crate::domain::Phase;
use cpor_proto::reviews::v1 as proto;
use cpor_types::{FurtherRejection, LineId, Malformed, PartnerActionReason, PrimaryRejection, ReviewCaseName};
use tonic::Status;

/// Parses the resource name of a case.
pub(super) fn case_name(name: &str) -> Result<ReviewCaseName, Status> {
    name.parse().map_err(|malformed: Malformed| error::invalid_field("name", &malformed.to_string()))
}

/// Parses the ids of lines. `field` is the name of the request field, for the error message.
pub(super) fn line_ids(field: &str, ids: &[String]) -> Result<Vec<LineId>, Status> {
    let parse =
        |id: &String| id.parse().map_err(|malformed: Malformed| error::invalid_field(field, &malformed.to_string()));
    ids.iter().map(parse).collect()
}

/// Returns the phase by which a request filters. `None` if the request names no state.
pub(super) fn phase(state: proto::ReviewCaseState) -> Option<Phase> {
    Some(match state {
        proto::ReviewCaseState::Unspecified => return None,
        proto::ReviewCaseState::Waiting => Phase::Waiting,
        proto::ReviewCaseState::UnderReview => Phase::UnderReview,
        proto::ReviewCaseState::PartnerActionRequired => Phase::PartnerActionRequired,
        proto::ReviewCaseState::Approving => Phase::Approving,
        proto::ReviewCaseState::Approved => Phase::Approved,
        proto::ReviewCaseState::Rejected => Phase::Rejected,
        proto::ReviewCaseState::Closed => Phase::Closed,
    })
}

/// Converts a reason of a request for partner action (R30). The validation of requests refuses
/// `Unspecified` before.
pub(super) fn partner_action_reason(reason: proto::PartnerActionReason) -> Option<PartnerActionReason> {
    Some(match reason {
        proto::PartnerActionReason::Unspecified => return None,
        proto::PartnerActionReason::PoeMissing => PartnerActionReason::PoeMissing,
        proto::PartnerActionReason::CustomerAcknowledgementMissing => {
            PartnerActionReason::CustomerAcknowledgementMissing
        }
        proto::PartnerActionReason::DatesMissingOrOld => PartnerActionReason::DatesMissingOrOld,
        proto::PartnerActionReason::ServiceInsufficientlyDescribed => {
            PartnerActionReason::ServiceInsufficientlyDescribed
        }
        proto::PartnerActionReason::ProductsMissing => PartnerActionReason::ProductsMissing,
    })
}

/// Converts the primary reason of a rejection (R31). The validation of requests refuses
/// `Unspecified` before.
pub(super) fn primary_reason(reason: proto::PrimaryRejectionReason) -> Option<PrimaryRejection> {
    match reason {
        proto::PrimaryRejectionReason::Unspecified => None,
        proto::PrimaryRejectionReason::InsufficientPoe => Some(PrimaryRejection::InsufficientPoe),
    }
}

/// Converts a further reason of a rejection (R32). The validation of requests refuses `Unspecified`
/// before.
pub(super) fn further_reason(reason: proto::FurtherRejectionReason) -> Option<FurtherRejection> {
    Some(match reason {
        proto::FurtherRejectionReason::Unspecified => return None,
        proto::FurtherRejectionReason::CustomerConsentMissing => FurtherRejection::CustomerConsentMissing,
        proto::FurtherRejectionReason::ProductsMissing => FurtherRejection::ProductsMissing,
        proto::FurtherRejectionReason::NoPartnerResponse => FurtherRejection::NoPartnerResponse,
        proto::FurtherRejectionReason::PoeNotAvailable => FurtherRejection::PoeNotAvailable,
    })
}
