//! Rows to values. A row that no code of ours wrote is an inconsistency that names table and key, never a guess.
use std::fmt::Display;
use std::str::FromStr;

use cpor_durable::{Key, StoreError};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Where a value was read: for the inconsistency, if it is one.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) owner: &'a dyn Display,
    pub(crate) id: Uuid,
}

impl Place<'_> {
    /// A text that has a shape.
    pub(crate) fn text<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, StoreError> {
        text.parse().map_err(|malformed| self.inconsistent(malformed))
    }

    /// A word of a closed list, by its reader.
    pub(crate) fn word<T>(&self, word: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        read(word).ok_or_else(|| self.inconsistent(format!("`{word}` is none of its words")))
    }

    /// A value of a JSON column.
    pub(crate) fn json<T: DeserializeOwned>(&self, json: serde_json::Value) -> Result<T, StoreError> {
        serde_json::from_value(json).map_err(|error| self.inconsistent(error))
    }

    /// A count of changes.
    pub(crate) fn version(&self, version: i64) -> Result<u64, StoreError> {
        u64::try_from(version).map_err(|error| self.inconsistent(error))
    }

    pub(crate) fn inconsistent(&self, what: impl Display) -> StoreError {
        StoreError::inconsistent(self.table, &Key::new(self.owner.to_string(), self.id), what)
    }
}

/// A value for a JSON column.
pub(super) fn json(value: &impl serde::Serialize) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(value).map_err(|error| sea_orm::DbErr::Json(error.to_string()).into())
}

/// A count of changes, as the databases store it.
pub(super) fn version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(|error| sea_orm::DbErr::Type(error.to_string()).into())
}
