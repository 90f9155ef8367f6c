//! Converts the fields of requests to domain types.
use super::error;
use cpor_proto::options::v1::FieldViolationReason;
use cpor_types::{LineId, Malformed, ReviewCaseName, TenantId};
use std::str::FromStr;
use tonic::Status;

/// Parses the resource name of a case.
pub(super) fn case_name(name: &str) -> Result<ReviewCaseName, Status> {
    resource_name(name)
}

/// Parses the resource name in the request's field `name`.
pub(super) fn resource_name<N: FromStr<Err = Malformed>>(name: &str) -> Result<N, Status> {
    name.parse().map_err(|malformed: Malformed| {
        error::invalid_field("name", FieldViolationReason::Malformed, &malformed.to_string())
    })
}

/// Parses the parent `tenants/{tenant}`. Returns `None` for `tenants/-`, which means all tenants.
pub(super) fn tenant_parent(parent: &str) -> Result<Option<TenantId>, Status> {
    match parent.strip_prefix("tenants/") {
        Some("-") => Ok(None),
        tenant => tenant.unwrap_or(parent).parse().map(Some).map_err(|malformed: Malformed| {
            error::invalid_field("parent", FieldViolationReason::Malformed, &malformed.to_string())
        }),
    }
}

/// Parses the ids of lines (claimed workloads or subscriptions). `field` is the name of the request
/// field, for the error message.
pub(super) fn line_ids(field: &str, ids: &[String]) -> Result<Vec<LineId>, Status> {
    let parse = |id: &String| {
        id.parse().map_err(|malformed: Malformed| {
            error::invalid_field(field, FieldViolationReason::Malformed, &malformed.to_string())
        })
    };
    ids.iter().map(parse).collect()
}
