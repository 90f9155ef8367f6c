//! Rows, as they are read, and the batches that they are sent in.

use std::collections::HashMap;

use cpor_proto::claims::v1::{BatchCreateClaimsRow, Claim};
use prost::Message as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::results::{Outcome, Refusal};

/// Rows of one call, at most.
const BATCH_ROWS: usize = 1_000;

/// Bytes of one call's claims, about: a server takes 4 MiB unless it is configured otherwise.
const BATCH_BYTES: usize = 3 << 20;

/// A claim of the file.
#[derive(Debug)]
pub(super) struct Row {
    /// The line of the file where it begins.
    pub(super) line: u64,
    /// The claim, or everything that is wrong with how it is written.
    pub(super) claim: Result<Claim, Vec<Fault>>,
}

/// Something that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    /// The column or field; empty where it is the row as a whole.
    pub(super) field: String,
    /// For programs.
    pub(super) reason: String,
    /// For people.
    pub(super) description: String,
}

impl Fault {
    pub(super) fn malformed(field: &str, description: impl Into<String>) -> Self {
        let reason = cpor_proto::options::v1::FieldViolationReason::Malformed.as_str_name().to_owned();
        Self { field: field.to_owned(), reason, description: description.into() }
    }
}

/// A row that can be sent.
#[derive(Debug)]
pub(super) struct Sendable {
    pub(super) line: u64,
    pub(super) row: BatchCreateClaimsRow,
}

/// Rows that are read together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) good: Vec<Sendable>,
    pub(super) bad: Vec<Outcome>,
}

impl Batch {
    fn push(&mut self, row: Row, ids: &mut Ids) -> usize {
        match row.claim {
            Ok(claim) => {
                let size = claim.encoded_len();
                let request_id = ids.of(&claim);
                self.good
                    .push(Sendable { line: row.line, row: BatchCreateClaimsRow { claim: Some(claim), request_id } });
                size
            }
            Err(faults) => {
                self.bad.push(Outcome::refused(row.line, Refusal::malformed(faults)));
                0
            }
        }
    }
}

/// The rows in batches; an error of the file ends them.
pub(super) fn batches(mut rows: super::Rows) -> impl Iterator<Item = anyhow::Result<Batch>> {
    let mut ids = Ids::default();
    std::iter::from_fn(move || {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while batch.good.len() + batch.bad.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            match rows.next() {
                Some(Ok(row)) => bytes += batch.push(row, &mut ids),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        (!batch.good.is_empty() || !batch.bad.is_empty()).then_some(Ok(batch))
    })
}

/// Request ids that follow from what a row says, and from how many before it said the same: 20 bytes are kept of each.
#[derive(Default)]
struct Ids(HashMap<[u8; 16], u32>);

impl Ids {
    fn of(&mut self, claim: &Claim) -> String {
        let hash = Sha256::digest(claim.encode_to_vec());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        let earlier = self.0.entry(key).or_default();
        *earlier += 1;
        format!("import-{:032x}-{earlier}", u128::from_be_bytes(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, display_name: &str) -> Row {
        Row { line, claim: Ok(Claim { display_name: display_name.into(), ..Claim::default() }) }
    }

    fn ids(names: &[&str]) -> Vec<String> {
        let rows: Vec<_> = names.iter().map(|name| Ok(row(1, name))).collect();
        let batch = batches(Box::new(rows.into_iter())).next().unwrap().unwrap();
        batch.good.into_iter().map(|sendable| sendable.row.request_id).collect()
    }

    #[test]
    fn a_rows_id_is_what_it_says_wherever_it_stands() {
        let (first, second) = (ids(&["a", "b", "a"]), ids(&["b", "new", "a", "a"]));
        assert_eq!((&first[0], &first[1], &first[2]), (&second[2], &second[0], &second[3]));
        assert_ne!(first[0], first[2]);
        assert!(first.iter().all(|id| id.len() <= 64), "{first:?}");
    }

    #[test]
    fn batches_are_bounded_by_rows_and_by_bytes() {
        let sizes = |rows: Vec<Row>| -> Vec<usize> {
            let all = batches(Box::new(rows.into_iter().map(Ok)));
            all.map(|batch| batch.unwrap()).map(|batch| batch.good.len() + batch.bad.len()).collect()
        };
        assert_eq!(sizes((0..2_001).map(|line| row(line, "x")).collect()), [1_000, 1_000, 1]);
        let large = "x".repeat(1 << 20);
        assert_eq!(sizes((0..5).map(|line| row(line, &large)).collect()), [3, 2]);
        let bad = Row { line: 2, claim: Err(vec![Fault::malformed("state", "is odd")]) };
        assert_eq!(sizes(vec![bad]), [1]);
        assert!(sizes(Vec::new()).is_empty());
    }
}
