//! Conversions from column values to domain values. A stored value that cannot be parsed is
//! reported as an inconsistency, with the table and the key of the row.
use std::fmt::Display;
use std::str::FromStr;

use cpor_bulk_rows::{KeyValue, LoadError};
use cpor_durable::{AggregateKey, StoreError};
use uuid::Uuid;

/// The row that is being read. Errors about inconsistent values contain its table and its key.
#[derive(Clone, Copy)]
pub(crate) struct RowContext<'a> {
    pub(crate) table: &'static str,
    /// The first part of the row's key: a partner id or a tenant id.
    pub(crate) owner: &'a dyn Display,
    /// The second part of the row's key; nil or the tenant's UUID if the key has no further UUID.
    pub(crate) id: Uuid,
}

impl RowContext<'_> {
    /// Parses a text column.
    pub(crate) fn parse_text<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|malformed| self.inconsistent(malformed))
    }

    /// Converts the version column.
    pub(crate) fn parse_version(&self, version: i64) -> Result<u64, StoreError> {
        u64::try_from(version).map_err(|error| self.inconsistent(error))
    }

    /// Returns the error for an inconsistent row. `problem` describes the error in the row.
    pub(crate) fn inconsistent(&self, problem: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &AggregateKey::new(self.owner.to_string(), self.id), problem)
    }
}

/// Returns the error for child rows of tenants that cannot be loaded. The primary key of a child
/// row begins with the tenant's UUID. The next UUID in it, if there is one, is the id in the error.
pub(super) fn tenant_child_error(error: LoadError) -> StoreError {
    let LoadError::Undecodable(row) = error else { return error.into() };
    let mut ids = row.key.iter().filter_map(|value| match value {
        KeyValue::Uuid(id) => Some(*id),
        KeyValue::Text(_) | KeyValue::Int(_) => None,
    });
    let Some(tenant) = ids.next() else { return row.into() };
    let id = ids.next().unwrap_or(tenant);
    RowContext { table: row.table, owner: &tenant, id }.inconsistent(&row.error)
}
