//! Converts the fields of requests to domain types.
use super::error;
use crate::domain::Phase;
use cpor_proto::options::v1::FieldViolationReason;
use cpor_proto::reviews::v1 as proto;
use cpor_types::{LineId, Malformed, ReviewCaseName};
use tonic::Status;

/// Parses the resource name of a case.
pub(super) fn case_name(name: &str) -> Result<ReviewCaseName, Status> {
    name.parse().map_err(|malformed: Malformed| {
        error::invalid_field("name", FieldViolationReason::Malformed, &malformed.to_string())
    })
}

/// Parses the ids of lines. `field` is the name of the request field, for the error message.
pub(super) fn line_ids(field: &str, ids: &[String]) -> Result<Vec<LineId>, Status> {
    let parse = |id: &String| {
        id.parse().map_err(|malformed: Malformed| {
            error::invalid_field(field, FieldViolationReason::Malformed, &malformed.to_string())
        })
    };
    ids.iter().map(parse).collect()
}

/// Returns the phase by which a request filters, or `None` if the request names no state.
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
