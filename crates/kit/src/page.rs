//! Paging (AIP-158): pages that are bounded by entries and by bytes, and opaque page tokens.
//!
//! A token carries where the next page starts, and a hash of what was asked. It is refused when the other
//! parameters of the request have changed, and it is checked against accidents, not against forgery: whatever it
//! says, a query stays within what its caller may see.
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_proto::options::v1::ErrorReason;
use prost::{Message, Name};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::{descriptors, status};

/// Entries of a page when the request names no size.
const DEFAULT_SIZE: u64 = 50;
/// Entries that no page exceeds.
const MAX_SIZE: u64 = 1000;
/// Bytes on the wire that no page exceeds, but for one whose only entry does: gRPC clients take 4 MiB.
const MAX_BYTES: usize = 1 << 20;
/// Bytes of the hash in a token.
const BINDING: usize = 12;

/// How many entries a page gets: 0 (and less) means 50, more than 1000 means 1000.
#[must_use]
pub fn size(page_size: i32) -> u64 {
    match u64::try_from(page_size) {
        Ok(0) | Err(_) => DEFAULT_SIZE,
        Ok(size) => size.min(MAX_SIZE),
    }
}

/// What a page token belongs to: the method's request with everything but `page_size` and `page_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding([u8; BINDING]);

impl Binding {
    /// The binding of one request. `page_size` may change from page to page (AIP-158), the rest may not.
    #[must_use]
    pub fn of<T: Message + Name>(request: &T) -> Self {
        let mut hash = Sha256::new();
        hash.update(T::full_name());
        hash.update([0]);
        hash.update(without_paging(request));
        let digest: [u8; 32] = hash.finalize().into();
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&digest[..BINDING]);
        Self(binding)
    }

    /// A page of at most `size` of these entries, as the wire has them, each with where a page after it would start; and the token of the next
    /// page, empty when there is none. Lists read one entry more than was asked for, to know. What a page has no room for in bytes is on the next.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn page<C: Serialize, M: Message>(
        &self,
        size: u64,
        entries: impl IntoIterator<Item = (C, M)>,
    ) -> Result<(Vec<M>, String), Status> {
        let (mut page, mut bytes, mut last) = (Vec::new(), 0, None);
        for (cursor, entry) in entries {
            bytes += entry.encoded_len();
            if let Some(last) = last.filter(|_| page.len() as u64 >= size || bytes > MAX_BYTES) {
                return Ok((page, self.encode(&last)?));
            }
            page.push(entry);
            last = Some(cursor);
        }
        Ok((page, String::new()))
    }

    /// The token of the page that starts after `cursor`. Only what has no serde form fails, which a cursor of plain
    /// fields cannot; it is then logged and answered INTERNAL.
    ///
    /// # Errors
    /// INTERNAL when the cursor cannot be serialized.
    pub fn encode<C: Serialize>(&self, cursor: &C) -> Result<String, Status> {
        let body = serde_json::to_vec(cursor).map_err(|error| status::internal(&error))?;
        let mut bytes = self.seal(&body).to_vec();
        bytes.extend_from_slice(&body);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The cursor in a token; `None` for the empty token, which asks for the first page.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with reason `INVALID_PAGE_TOKEN` when the token is of another request, or of no request.
    pub fn decode<C: DeserializeOwned>(&self, token: &str) -> Result<Option<C>, Status> {
        if token.is_empty() {
            return Ok(None);
        }
        self.open(token).map(Some).ok_or_else(|| {
            let message = "the page token does not belong to this request: repeat the first page's parameters, or start anew without it";
            status::refused(Code::InvalidArgument, ErrorReason::InvalidPageToken.as_str_name(), message, &[("field", "page_token")])
        })
    }

    fn open<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, body) = bytes.split_at_checked(BINDING)?;
        if self.seal(body) != seal {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    fn seal(&self, body: &[u8]) -> [u8; BINDING] {
        let digest: [u8; 32] = Sha256::new().chain_update(self.0).chain_update(body).finalize().into();
        let mut seal = [0; BINDING];
        seal.copy_from_slice(&digest[..BINDING]);
        seal
    }
}

/// The request's bytes with its paging fields cleared.
fn without_paging<T: Message + Name>(request: &T) -> Vec<u8> {
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
    fn sizes_are_coerced() {
        assert_eq!([-1, 0, 1, 1000, 1001, i32::MAX].map(size), [50, 50, 1, 1000, 1000, 1000]);
    }

    /// The lengths of the entries of each page.
    fn walk(size: u64, lengths: &[usize]) -> Vec<Vec<usize>> {
        let binding = Binding::of(&request("partners/contoso", 10, ""));
        let (mut pages, mut start) = (Vec::new(), 0);
        loop {
            let entries = lengths.iter().enumerate().skip(start).map(|(at, length)| (at + 1, "x".repeat(*length)));
            let (page, next) = binding.page(size, entries).unwrap();
            pages.push(page.iter().map(String::len).collect());
            match binding.decode(&next).unwrap() {
                Some(place) => start = place,
                None => return pages,
            }
        }
    }

    #[test]
    fn a_page_ends_with_its_last_entry_or_its_last_byte() {
        assert_eq!(walk(2, &[]), [Vec::<usize>::new()]);
        assert_eq!(walk(2, &[1, 2]), [[1, 2]], "the last page has no token");
        assert_eq!(walk(2, &[1, 2, 3]), [vec![1, 2], vec![3]]);
        let (half, large) = (MAX_BYTES / 2, MAX_BYTES * 2);
        assert_eq!(walk(9, &[half, half, half, 1]), [vec![half], vec![half], vec![half, 1]]);
        assert_eq!(walk(9, &[1, large, large, 1]), [vec![1], vec![large], vec![large], vec![1]], "one at least");
    }

    #[test]
    fn a_token_comes_back_as_its_cursor() {
        let token = Binding::of(&request("partners/contoso", 10, "")).encode(&("2026-01-01", 7)).unwrap();
        let next = Binding::of(&request("partners/contoso", 25, &token));
        assert_eq!(next.decode::<(String, i32)>(&token).unwrap(), Some(("2026-01-01".to_owned(), 7)));
        assert_eq!(next.decode::<(String, i32)>("").unwrap(), None);
    }

    #[test]
    fn foreign_and_tampered_tokens_are_refused() {
        let ours = Binding::of(&request("partners/contoso", 10, ""));
        let token = ours.encode(&7).unwrap();
        let mut tampered = URL_SAFE_NO_PAD.decode(&token).unwrap();
        *tampered.last_mut().unwrap() ^= 1;
        let other = Binding::of(&request("partners/fabrikam", 10, ""));
        let attempts = [
            (other, token),
            (ours, URL_SAFE_NO_PAD.encode(tampered)),
            (ours, "AAAA".to_owned()),
            (ours, "not base64!".to_owned()),
        ];
        for (binding, token) in attempts {
            let refused = binding.decode::<i32>(&token).unwrap_err();
            assert_eq!(
                (refused.code(), status::reason(&refused).as_deref()),
                (Code::InvalidArgument, Some("INVALID_PAGE_TOKEN")),
                "{token}"
            );
        }
    }
}
