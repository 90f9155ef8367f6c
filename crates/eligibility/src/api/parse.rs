//! Parses fields of requests.
use std::str::FromStr;

use cpor_types::{Malformed, TenantId, TenantName, trim_blanks};

use super::error::Refusal;

/// The parent that stands for all tenants.
const ANY_TENANT: &str = "tenants/-";

/// Parses a field that must not be empty.
pub(super) fn required<T: FromStr<Err = Malformed>>(field: &'static str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|malformed| Refusal::Malformed { field, malformed })
}

/// Parses a field. Returns `None` if it is empty.
pub(super) fn optional<T: FromStr<Err = Malformed>>(field: &'static str, text: &str) -> Result<Option<T>, Refusal> {
    if text.is_empty() { Ok(None) } else { required(field, text).map(Some) }
}

/// Returns the reference of a payment without blanks around it, or `None` if it is blank.
pub(super) fn reference(text: &str) -> Option<String> {
    let reference = trim_blanks(text);
    (!reference.is_empty()).then(|| reference.to_owned())
}

/// Parses the `parent` of a list request, which is a tenant. Returns `None` for all tenants.
pub(super) fn tenant_parent(parent: &str) -> Result<Option<TenantId>, Refusal> {
    if parent == ANY_TENANT {
        return Ok(None);
    }
    required::<TenantName>("parent", parent).map(|name| Some(name.tenant))
}
