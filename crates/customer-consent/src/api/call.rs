//! Parsing of what requests have in common: resource names, etags and request ids.

use cpor_durable::{AggregateKey, RequestId};
use cpor_kit::{Caller, status};
use cpor_types::ConsentName;
use prost::Message;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use super::error;

/// Returns the key of the consent with this resource name. A malformed name is reported as not
/// found.
pub(super) fn consent_key(name: &str) -> Result<AggregateKey, Status> {
    let parsed: ConsentName = name.parse().map_err(|_| status::not_found(name))?;
    Ok(AggregateKey::new(parsed.tenant.to_string(), parsed.claim.uuid()))
}

/// Returns the etag of a consent with this version.
pub(super) fn etag(version: u64) -> String {
    format!("{version:x}")
}

/// Returns the version that an etag stands for, or `None` if the request has no etag. An etag that
/// this service did not issue is treated as stale.
pub(super) fn expected_version(tag: &str) -> Result<Option<u64>, Status> {
    if tag.is_empty() {
        return Ok(None);
    }
    let version = u64::from_str_radix(tag, 16).ok().filter(|version| etag(*version) == tag);
    version.map(Some).ok_or_else(error::etag_mismatch)
}

/// Returns the identity of a request that has a request id. `request_without_id` is the same
/// message without the id; its hash detects an id that is reused for a different request.
pub(super) fn request_id(
    caller: &Caller,
    method: &'static str,
    id: &str,
    request_without_id: &impl Message,
) -> Option<RequestId> {
    let body_hash = Sha256::digest(request_without_id.encode_to_vec()).into();
    (!id.is_empty()).then(|| RequestId { caller: caller.id().to_owned(), method, id: id.to_owned(), body_hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_versions_and_foreign_etags_are_stale() {
        assert_eq!(expected_version("").unwrap(), None);
        assert_eq!(expected_version(&etag(31)).unwrap(), Some(31));
        for foreign in ["W/\"1f\"", "1F", "+1", "01", "zz"] {
            assert_eq!(expected_version(foreign).unwrap_err().code(), tonic::Code::Aborted, "{foreign}");
        }
    }
}
