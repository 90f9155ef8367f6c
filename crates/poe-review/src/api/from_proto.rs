//! Converts the fields of requests to domain types.
use super::error;
use cpor_proto::options::v1::FieldViolationReason;
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
