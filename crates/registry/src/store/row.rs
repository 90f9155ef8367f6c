//! Conversions between column values and domain values. A stored value that does not parse is
//! reported as an inconsistency with the table and the key of the row.
use std::fmt::Display;
use std::str::FromStr;

use cpor_durable::{AggregateKey, StoreError};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The row that is being read. Errors about inconsistent values contain its table and its key.
#[derive(Clone, Copy)]
pub(crate) struct RowContext<'a> {
    pub(crate) table: &'static str,
    /// The first part of the row's key: a partner id or a tenant id.
    pub(crate) owner: &'a dyn Display,
    pub(crate) id: Uuid,
}

impl RowContext<'_> {
    /// Parses a text column.
    pub(crate) fn parse_text<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|malformed| self.inconsistent(malformed))
    }

    /// Parses a JSON column.
    pub(crate) fn parse_json<T: DeserializeOwned>(&self, json: serde_json::Value) -> Result<T, StoreError> {
        serde_json::from_value(json).map_err(|error| self.inconsistent(error))
    }

    /// Converts the version column.
    pub(crate) fn parse_version(&self, version: i64) -> Result<u64, StoreError> {
        u64::try_from(version).map_err(|error| self.inconsistent(error))
    }

    /// The error for an inconsistent row; `problem` describes what is wrong with it.
    pub(crate) fn inconsistent(&self, problem: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &AggregateKey::new(self.owner.to_string(), self.id), problem)
    }
}
