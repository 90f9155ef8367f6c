//! Logs that watches follow: their positions, their queries, and how a watch reads them. A *watch*
//! is a response stream that sends a client each new entry of a *log*: a table whose rows are
//! numbered in the order of commits.
use cpor_bulk_rows::{fetch_all, fetch_one};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use tonic::Status;

use crate::StoreError;

/// A position in a log. Watch cursors contain it in serialized form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogPosition {
    /// The sequence number of the last entry before this position; 0 at the beginning.
    pub sequence: i64,
    /// A number that identifies that entry. By it, a watch notices that the log was restored from a
    /// backup and then continued with different entries.
    pub mark: u64,
}

impl LogPosition {
    /// The position before the first entry.
    pub const BEGINNING: Self = Self { sequence: 0, mark: 0 };
}

/// A query for the entries of a log, which are rows of `E`.
pub struct LogQuery<'db, E: EntityTrait> {
    db: &'db DatabaseConnection,
    query: Select<E>,
    /// The column with the sequence numbers of the entries.
    sequence: E::Column,
}

impl<'db, E: EntityTrait> LogQuery<'db, E> {
    /// Starts a query for those rows of `query` that have a number in the column `sequence`. A
    /// unique index must begin with the columns by which `query` selects and end with `sequence`.
    pub fn new(db: &'db DatabaseConnection, query: Select<E>, sequence: E::Column) -> Self {
        Self { db, query: query.filter(sequence.is_not_null()), sequence }
    }

    /// Reads the last entry, with one indexed read.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be decoded.
    pub async fn last_entry(self) -> Result<Option<E::Model>, StoreError> {
        Ok(fetch_one(self.db, self.query.order_by_desc(self.sequence)).await?)
    }

    /// Reads the entry with this sequence number, with one indexed read.
    ///
    /// # Errors
    /// Returns an error if the database fails or the row cannot be decoded.
    pub async fn entry_at(self, sequence: i64) -> Result<Option<E::Model>, StoreError> {
        Ok(fetch_one(self.db, self.query.filter(self.sequence.eq(sequence))).await?)
    }

    /// Reads at most `limit` entries after a sequence number, the oldest first.
    ///
    /// # Errors
    /// Returns an error if the database fails or a row cannot be decoded.
    pub async fn entries_after(self, sequence: i64, limit: u64) -> Result<Vec<E::Model>, StoreError> {
        let query = self.query.filter(self.sequence.gt(sequence)).order_by_asc(self.sequence).limit(limit);
        Ok(fetch_all(self.db, query).await?)
    }
}

/// The entries that a read of a log has found, in order. Each has the position after it, and its
/// message, or `None` if the caller may not see the entry.
pub type LogPage<M> = Vec<(LogPosition, Option<M>)>;

/// A log that watches follow, as one caller may see it.
pub trait WatchedLog: Send + Sync + 'static {
    /// A message of the response stream. Its default is a heartbeat without a cursor.
    type Message: Default + Send;

    /// Puts a cursor into a message.
    fn set_cursor(message: &mut Self::Message, cursor: String);

    /// Reads the position after the last entry; `None` if the log is empty.
    ///
    /// # Errors
    /// Returns an error if the database fails or a row is inconsistent.
    fn last_position(&self) -> impl Future<Output = Result<Option<LogPosition>, StoreError>> + Send;

    /// Reads the position after the entry with this sequence number; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the database fails or a row is inconsistent.
    fn position_at(&self, sequence: i64) -> impl Future<Output = Result<Option<LogPosition>, StoreError>> + Send;

    /// Reads at most `limit` entries after a sequence number, the oldest first.
    ///
    /// # Errors
    /// Returns the status with which the stream ends.
    fn entries_after(
        &self,
        sequence: i64,
        limit: u64,
    ) -> impl Future<Output = Result<LogPage<Self::Message>, Status>> + Send;
}
