//! Paging of lists (AIP-158): pages with a limited number of entries and bytes, and opaque page
//! tokens.
//!
//! A page token contains the cursor at which the next page starts and a hash of the request. It is
//! refused if other parameters of the request have changed. The hash protects against mistakes, not
//! against forgery: a forged cursor cannot reveal anything, because every query is limited to what
//! the caller may see.
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_proto::options::v1::ErrorReason;
use prost::{Message, Name};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use cpor_call::status;
use cpor_proto::descriptors;

/// The number of entries on a page if the request does not set `page_size`.
const DEFAULT_SIZE: u64 = 50;
/// The maximum number of entries on a page.
const MAX_SIZE: u64 = 1000;
/// The maximum number of encoded bytes on a page, unless a single entry is larger. By default, gRPC
/// clients accept messages of up to 4 MiB.
const MAX_BYTES: usize = 1 << 20;
/// The length of the hashes in page tokens, in bytes.
const HASH_BYTES: usize = 12;

/// Returns the maximum number of entries on a page for the requested `page_size`: 0 and negative
/// sizes mean 50, sizes above 1000 mean 1000.
#[must_use]
pub fn effective_size(page_size: i32) -> u64 {
    match u64::try_from(page_size) {
        Ok(0) | Err(_) => DEFAULT_SIZE,
        Ok(size) => size.min(MAX_SIZE),
    }
}

/// Creates and checks the page tokens of one list request. The tokens are bound to a hash of the
/// request without `page_size` and `page_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageTokens([u8; HASH_BYTES]);

impl PageTokens {
    /// Creates the page tokens for a request. The requests for two pages of one list may differ in
    /// `page_size` and `page_token` (AIP-158) and in no other field.
    #[must_use]
    pub fn for_request<T: Message + Name>(request: &T) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(T::full_name());
        hasher.update([0]);
        hasher.update(encode_without_paging(request));
        Self(truncate(hasher.finalize().into()))
    }

    /// Returns the first page of `entries` and the token of the next page, which is empty if there
    /// is no next page.
    ///
    /// Each entry comes with the cursor at which the list continues after it. Pass one entry more
    /// than `size` if there is one: only then the result has a token for the next page. The page
    /// ends after `size` entries, or earlier if the encoded entries would exceed 1 MiB.
    ///
    /// # Errors
    /// Returns INTERNAL if a cursor cannot be serialized to JSON.
    pub fn paginate<C: Serialize, M: Message>(
        &self,
        size: u64,
        entries: impl IntoIterator<Item = (C, M)>,
    ) -> Result<(Vec<M>, String), Status> {
        let (mut page, mut bytes, mut last_cursor) = (Vec::new(), 0, None);
        for (cursor, entry) in entries {
            bytes += entry.encoded_len();
            if let Some(last_cursor) = last_cursor.filter(|_| page.len() as u64 >= size || bytes > MAX_BYTES) {
                return Ok((page, self.encode(&last_cursor)?));
            }
            page.push(entry);
            last_cursor = Some(cursor);
        }
        Ok((page, String::new()))
    }

    /// Returns the token of the page that starts after `cursor`.
    ///
    /// # Errors
    /// Returns INTERNAL if the cursor cannot be serialized to JSON.
    pub fn encode<C: Serialize>(&self, cursor: &C) -> Result<String, Status> {
        let body = serde_json::to_vec(cursor).map_err(|error| status::internal(&error))?;
        let mut bytes = self.checksum(&body).to_vec();
        bytes.extend_from_slice(&body);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Returns the cursor in a token, or `None` for the empty token, which means the first page.
    ///
    /// # Errors
    /// Returns INVALID_ARGUMENT (`INVALID_PAGE_TOKEN`) if the token is malformed or belongs to
    /// another request.
    pub fn decode<C: DeserializeOwned>(&self, token: &str) -> Result<Option<C>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        self.decode_cursor(token).map(Some).ok_or_else(|| {
            let message = "page_token: must be a token that was returned for the same request parameters";
            let reason = ErrorReason::InvalidPageToken.as_str_name();
            status::with_reason(Code::InvalidArgument, reason, message, &[("field", "page_token")])
        })
    }

    fn decode_cursor<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (checksum, body) = bytes.split_at_checked(HASH_BYTES)?;
        if self.checksum(body) != checksum {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    /// Hashes a serialized cursor (`body`) together with the hash of the request.
    fn checksum(&self, body: &[u8]) -> [u8; HASH_BYTES] {
        truncate(Sha256::new().chain_update(self.0).chain_update(body).finalize().into())
    }
}

/// Returns the first [`HASH_BYTES`] bytes of a SHA-256 digest.
fn truncate(digest: [u8; 32]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&digest[..HASH_BYTES]);
    hash
}

/// Encodes a request with the fields `page_size` and `page_token` cleared.
fn encode_without_paging<T: Message + Name>(request: &T) -> Vec<u8> {
    let bytes = request.encode_to_vec();
    let Some(descriptor) = descriptors::pool().get_message_by_name(&T::full_name()) else { return bytes };
    let Ok(mut dynamic) = prost_reflect::DynamicMessage::decode(descriptor, bytes.as_slice()) else { return bytes };
    dynamic.clear_field_by_name("page_size");
    dynamic.clear_field_by_name("page_token");
    dynamic.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use cpor_proto::claims::v1::ListClaimsRequest;

    use super::*;

    fn request(parent: &str, page_size: i32, page_token: &str) -> ListClaimsRequest {
        ListClaimsRequest {
            parent: parent.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
            ..ListClaimsRequest::default()
        }
    }

    #[test]
    fn coerces_page_sizes() {
        assert_eq!([-1, 0, 1, 1000, 1001, i32::MAX].map(effective_size), [50, 50, 1, 1000, 1000, 1000]);
    }

    /// Pages through entries of the given lengths and returns the lengths on each page.
    fn page_lengths(size: u64, lengths: &[usize]) -> Vec<Vec<usize>> {
        let page_tokens = PageTokens::for_request(&request("partners/contoso", 10, ""));
        let (mut pages, mut start) = (Vec::new(), 0);
        loop {
            let entries =
                lengths.iter().enumerate().skip(start).map(|(index, length)| (index + 1, "x".repeat(*length)));
            let (page, next) = page_tokens.paginate(size, entries).unwrap();
            pages.push(page.iter().map(String::len).collect());
            match page_tokens.decode(&next).unwrap() {
                Some(cursor) => start = cursor,
                None => return pages,
            }
        }
    }

    #[test]
    fn a_page_ends_at_its_entry_or_byte_limit() {
        assert_eq!(page_lengths(2, &[]), [Vec::<usize>::new()]);
        assert_eq!(page_lengths(2, &[1, 2]), [[1, 2]], "the last page has no token");
        assert_eq!(page_lengths(2, &[1, 2, 3]), [vec![1, 2], vec![3]]);
        let (half, large) = (MAX_BYTES / 2, MAX_BYTES * 2);
        assert_eq!(page_lengths(9, &[half, half, half, 1]), [vec![half], vec![half], vec![half, 1]]);
        assert_eq!(
            page_lengths(9, &[1, large, large, 1]),
            [vec![1], vec![large], vec![large], vec![1]],
            "a page has at least one entry"
        );
    }

    #[test]
    fn a_token_decodes_to_its_cursor() {
        let token = PageTokens::for_request(&request("partners/contoso", 10, "")).encode(&("2026-01-01", 7)).unwrap();
        let next = PageTokens::for_request(&request("partners/contoso", 25, &token));
        assert_eq!(next.decode::<(String, i32)>(&token).unwrap(), Some(("2026-01-01".to_owned(), 7)));
        assert_eq!(next.decode::<(String, i32)>("").unwrap(), None);
    }

    #[test]
    fn refuses_foreign_and_tampered_tokens() {
        let tokens = PageTokens::for_request(&request("partners/contoso", 10, ""));
        let token = tokens.encode(&7).unwrap();
        let mut tampered = URL_SAFE_NO_PAD.decode(&token).unwrap();
        *tampered.last_mut().unwrap() ^= 1;
        let other_request = PageTokens::for_request(&request("partners/fabrikam", 10, ""));
        let attempts = [
            (other_request, token),
            (tokens, URL_SAFE_NO_PAD.encode(tampered)),
            (tokens, "AAAA".to_owned()),
            (tokens, "not base64!".to_owned()),
        ];
        for (tokens, token) in attempts {
            let error = tokens.decode::<i32>(&token).unwrap_err();
            assert_eq!(
                (error.code(), status::reason(&error).as_deref()),
                (Code::InvalidArgument, Some("INVALID_PAGE_TOKEN")),
                "{token}"
            );
        }
    }
}
