//! The rows of an import file, and the batches in which they are sent.

use std::collections::HashMap;

use cpor_proto::claims::v1::{BatchCreateClaimsRow, Claim};
use cpor_types::ClaimName;
use prost::Message as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    columns::Fields,
    imported_claims::{EarlierClaim, EarlierClaims, row_keys},
    results::{Outcome, RowError},
    send::content_id,
};

/// The maximum number of rows in one call.
const BATCH_ROWS: usize = 1_000;

/// The size of the claims in one call, in bytes, from which no further row is added. It leaves room
/// for the last row, because by default a server accepts 4 MiB.
const BATCH_BYTES: usize = 3 << 20;

/// A claim of the file. In a sheet it can consist of several rows.
#[derive(Debug)]
pub(super) struct Row {
    /// The line of the file in which the claim begins.
    pub(super) line: u64,
    /// The claim, or all errors in it.
    pub(super) claim: Result<Claim, Vec<FieldError>>,
    /// The fields that the row replaces in a claim that exists.
    pub(super) fields: Fields,
    /// The existing claim that the row names.
    pub(super) existing: Option<ClaimName>,
    /// The partner's own id of the claim: the value of the column `claim` if it is not the resource
    /// name of a claim. Empty if there is none.
    pub(super) id: String,
    /// The fields of the claim that could be parsed, without lines, also if the row is malformed.
    pub(super) parsed: Claim,
}

/// An error in a column or field of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// The column or field. Empty if the error is about the row as a whole.
    pub(crate) field: String,
    /// The stable reason, for example `MALFORMED`.
    pub(crate) reason: String,
    pub(crate) description: String,
}

impl FieldError {
    /// Creates the error for a column or field that cannot be parsed.
    pub(crate) fn malformed(field: &str, description: impl Into<String>) -> Self {
        let reason = cpor_proto::options::v1::FieldViolationReason::Malformed.as_str_name().to_owned();
        Self { field: field.to_owned(), reason, description: description.into() }
    }
}

/// A row that was parsed and can be sent.
#[derive(Debug)]
pub(super) struct RequestRow {
    /// The line of the file in which the row begins.
    pub(super) line: u64,
    pub(super) row: BatchCreateClaimsRow,
}

/// A row that replaces fields of an existing claim.
#[derive(Debug)]
pub(super) struct UpdateRow {
    /// The line of the file in which the row begins.
    pub(super) line: u64,
    /// The resource name of the claim.
    pub(super) name: ClaimName,
    /// The fields that the row replaces.
    pub(super) fields: Fields,
    /// The claim as the row describes it.
    pub(super) claim: Claim,
    /// Whether the row is the same as at the import that created the claim; `None` if the row
    /// itself names the claim.
    pub(super) is_repeated: Option<bool>,
}

impl UpdateRow {
    /// Returns the row that creates the claim anew, because the draft of an earlier import was
    /// deleted. The request id also depends on the name of the deleted draft; with the id of the
    /// earlier import the server would return that draft.
    pub(super) fn into_request(self) -> RequestRow {
        let Self { line, name, claim, .. } = self;
        let request_id = content_id("import", &[claim.encode_to_vec(), name.to_string().into_bytes()].concat());
        RequestRow { line, row: BatchCreateClaimsRow { claim: Some(claim), request_id } }
    }
}

/// Rows that are sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The rows that create drafts, in one call.
    pub(super) creates: Vec<RequestRow>,
    /// The rows that update claims.
    pub(super) updates: Vec<UpdateRow>,
    /// The results of malformed rows, which are not sent.
    pub(super) refused: Vec<Outcome>,
    /// The keys by which rows that do not name a claim are recognized in later imports, by the
    /// line of the row (see [`row_keys`]).
    pub(super) keys: HashMap<u64, Vec<String>>,
}

impl Batch {
    /// Adds a row. Returns the size of its claim in bytes, or 0 if the row cannot be sent.
    fn push(&mut self, row: Row, earlier: &EarlierClaims, request_ids: &mut RequestIds) -> usize {
        let Row { line, claim, fields, existing, id, parsed: _ } = row;
        match (claim, existing) {
            (Ok(claim), None) => {
                let (size, request_id) = (claim.encoded_len(), request_ids.next_for(&claim));
                self.keys.insert(line, row_keys(&id, &claim));
                match earlier.get(&line).cloned() {
                    Some(EarlierClaim { name, is_repeated }) => {
                        self.updates.push(UpdateRow { line, name, fields, claim, is_repeated: Some(is_repeated) });
                    }
                    None => {
                        let row = BatchCreateClaimsRow { claim: Some(claim), request_id };
                        self.creates.push(RequestRow { line, row });
                    }
                }
                size
            }
            (Ok(claim), Some(name)) => {
                self.updates.push(UpdateRow { line, name, fields, claim, is_repeated: None });
                0
            }
            (Err(errors), _) => {
                self.refused.push(Outcome::refused(line, RowError::malformed(errors)));
                0
            }
        }
    }

    fn len(&self) -> usize {
        self.creates.len() + self.updates.len() + self.refused.len()
    }
}

/// Groups rows into batches. `earlier` has the claims that rows created in earlier imports. The
/// iterator ends with the first error in reading the file.
pub(super) fn batches(mut rows: super::Rows, earlier: EarlierClaims) -> impl Iterator<Item = anyhow::Result<Batch>> {
    let mut request_ids = RequestIds::default();
    std::iter::from_fn(move || {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            match rows.next() {
                Some(Ok(row)) => bytes += batch.push(row, &earlier, &mut request_ids),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        (batch.len() > 0).then_some(Ok(batch))
    })
}

/// Derives request ids from the content of claims. Equal claims in one file get different ids,
/// because a counter is appended. The map from the hash of a claim to its counter needs 20 bytes
/// for each distinct claim.
#[derive(Default)]
struct RequestIds(HashMap<[u8; 16], u32>);

impl RequestIds {
    /// Returns the request id of the next row with this claim.
    fn next_for(&mut self, claim: &Claim) -> String {
        let hash = Sha256::digest(claim.encode_to_vec());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        let count = self.0.entry(key).or_default();
        *count += 1;
        format!("import-{:032x}-{count}", u128::from_be_bytes(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, display_name: &str) -> Row {
        let claim = Claim { display_name: display_name.into(), ..Claim::default() };
        let parsed = claim.clone();
        Row { line, claim: Ok(claim), fields: Fields::default(), existing: None, id: String::new(), parsed }
    }

    fn ids(names: &[&str]) -> Vec<String> {
        let rows: Vec<_> = names.iter().map(|name| Ok(row(1, name))).collect();
        let batch = batches(Box::new(rows.into_iter()), EarlierClaims::new()).next().unwrap().unwrap();
        batch.creates.into_iter().map(|row| row.row.request_id).collect()
    }

    #[test]
    fn request_ids_depend_on_content_and_not_on_position() {
        let (first, second) = (ids(&["a", "b", "a"]), ids(&["b", "new", "a", "a"]));
        assert_eq!((&first[0], &first[1], &first[2]), (&second[2], &second[0], &second[3]));
        assert_ne!(first[0], first[2]);
        assert!(first.iter().all(|id| id.len() <= 64), "{first:?}");
    }

    #[test]
    fn batches_are_bounded_by_rows_and_by_bytes() {
        let sizes = |rows: Vec<Row>| -> Vec<usize> {
            let all = batches(Box::new(rows.into_iter().map(Ok)), EarlierClaims::new());
            all.map(|batch| batch.unwrap()).map(|batch| batch.len()).collect()
        };
        assert_eq!(sizes((0..2_001).map(|line| row(line, "x")).collect()), [1_000, 1_000, 1]);
        let large = "x".repeat(1 << 20);
        assert_eq!(sizes((0..5).map(|line| row(line, &large)).collect()), [3, 2]);
        let invalid = Row { claim: Err(vec![FieldError::malformed("state", "is odd")]), ..row(2, "") };
        assert_eq!(sizes(vec![invalid]), [1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}
