//! Fields of requests to values of the domain.
use std::str::FromStr;

use cpor_types::{Malformed, TenantId, TenantName};

use super::error::Refusal;

/// The tenants of all that the caller may see.
const ANY_TENANT: &str = "tenants/-";

/// A field that must be given.
pub(super) fn required<T: FromStr<Err = Malformed>>(field: &'static str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|malformed| Refusal::Malformed { field, malformed })
}

/// A field that may be empty.
pub(super) fn optional<T: FromStr<Err = Malformed>>(field: &'static str, text: &str) -> Result<Option<T>, Refusal> {
    if text.is_empty() { Ok(None) } else { required(field, text).map(Some) }
}

/// The tenant that a list is of; `None`: of all.
pub(super) fn parent(parent: &str) -> Result<Option<TenantId>, Refusal> {
    if parent == ANY_TENANT {
        return Ok(None);
    }
    required::<TenantName>("parent", parent).map(|name| Some(name.tenant))
}
