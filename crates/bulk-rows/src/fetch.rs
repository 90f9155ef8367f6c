//! Runs queries of SeaORM and decodes rows. If a row cannot be decoded, the error names it.
use std::fmt;

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult as _, QueryResult, QuerySelect as _, QueryTrait as _, Select,
};

use crate::values::{KeyValue, primary_key_from_row};

/// The reason why rows could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// A row contains a value that its entity does not allow, such as JSON of another form or an
    /// unknown enum text.
    #[error(transparent)]
    Undecodable(#[from] UndecodableRow),
}

/// A row that cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("row ({key}) of table {table} cannot be decoded: {error}", key = Key(.key))]
pub struct UndecodableRow {
    /// The name of the table.
    pub table: &'static str,
    /// The values of the row's primary key, or empty if they cannot be read either.
    pub key: Vec<KeyValue>,
    /// The error, which names the column.
    pub error: DbErr,
}

/// Displays the values of a primary key, separated by commas.
struct Key<'a>(&'a [KeyValue]);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Decodes a row that contains all columns of `E`.
///
/// # Errors
/// Returns an error if a column cannot be decoded.
pub fn decode_row<E: EntityTrait>(row: &QueryResult) -> Result<E::Model, UndecodableRow> {
    E::Model::from_query_result(row, "").map_err(|error| UndecodableRow {
        table: E::default().table_name(),
        key: primary_key_from_row::<E>(row).unwrap_or_default(),
        error,
    })
}

/// Runs a query that selects the rows of an entity. It does the same as [`Select::all`], except
/// that the error for a row that cannot be decoded names the row.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn fetch_all<E: EntityTrait>(
    db: &impl ConnectionTrait,
    query: Select<E>,
) -> Result<Vec<E::Model>, LoadError> {
    let rows = db.query_all(&query.into_query()).await?;
    rows.iter().map(|row| decode_row::<E>(row).map_err(LoadError::from)).collect()
}

/// Runs a query that selects at most one row of an entity. It does the same as [`Select::one`],
/// except that the error for a row that cannot be decoded names the row.
///
/// # Errors
/// Returns an error if the database fails or the row cannot be decoded.
pub async fn fetch_one<E: EntityTrait>(
    db: &impl ConnectionTrait,
    query: Select<E>,
) -> Result<Option<E::Model>, LoadError> {
    let row = db.query_one(&query.limit(1).into_query()).await?;
    row.as_ref().map(|row| decode_row::<E>(row).map_err(LoadError::from)).transpose()
}

/// This conversion is for functions that do not distinguish the two errors.
impl From<LoadError> for DbErr {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Db(error) => error,
            LoadError::Undecodable(row) => Self::Type(row.to_string()),
        }
    }
}
