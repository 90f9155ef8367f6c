//! Statements on many rows of one table, for SeaORM entities on SQLite and on PostgreSQL.
//!
//! # What it is for
//!
//! SeaORM inserts many rows with one placeholder for each value, and it has no statement that
//! updates many rows with different values. This crate writes both as one statement, so that a
//! transaction that changes hundreds of rows needs one round trip for each table. Its functions
//! take entities, active models and columns of SeaORM.
//!
//! | function | statement |
//! |---|---|
//! | [`load`], [`load_and_lock`] | select rows by many keys |
//! | [`insert`], [`insert_new`] | insert rows; the second skips rows that exist already |
//! | [`upsert`] | insert or replace rows by primary key |
//! | [`save_versioned`] | insert or update rows that have an expected version |
//! | [`update_columns`] | update some columns of rows by primary key |
//! | [`delete`] | delete rows by primary key |
//! | [`increment_counters`] | increment a counter of each owner |
//! | [`RowReader`] | select one row by primary key, in one statement with the reads that wait |
//! | [`fetch_all`], [`fetch_one`] | run a query of SeaORM; an error in decoding names the row |
//!
//! [`Sql`] and [`InputRows`] are the parts of these statements. Use them for a statement of another
//! shape.
//!
//! # When to use SeaORM instead
//!
//! Use SeaORM whenever the statement concerns one row (`Entity::find_by_id`, `Entity::insert`,
//! `Entity::update`), a list that a condition selects (`Entity::find`), or rows that all get the
//! same values (`Entity::update_many`, `Entity::delete_many`).
//!
//! # The shape of the statements
//!
//! The rows are the common table `s` at the beginning of the statement:
//!
//! ```sql
//! -- PostgreSQL: one array for each column. The text does not depend on the number of rows, so
//! -- the server can reuse its prepared plan.
//! WITH s AS (SELECT "owner", "id" FROM UNNEST($1::text[], $2::uuid[]) AS u("owner", "id"))
//! SELECT … FROM "claim" WHERE ("owner", "id") IN (SELECT s."owner", s."id" FROM s)
//!
//! -- SQLite: a list of values.
//! WITH s("owner", "id") AS (VALUES (?, ?), (?, ?))
//! SELECT … FROM "claim" WHERE ("owner", "id") IN (SELECT s."owner", s."id" FROM s)
//! ```
//!
//! # Limits
//!
//! - Rows are sent in chunks of at most 30,000 values, one statement for each chunk. SQLite allows
//!   32,766 parameters. Within a transaction the chunks take effect together.
//! - Column types: text, integers, booleans, floats, UUIDs, bytes, JSON, dates, and times with time
//!   zone, and everything that SeaORM maps to them, such as an `ActiveEnum` or a newtype. Columns
//!   of primary keys that [`insert_new`] and [`save_versioned`] return are text, integers or UUIDs.
//! - Every column of a row must be set, because all rows of a statement have the same columns.
//! - A statement must not contain two rows with the same primary key, except [`insert_new`].
//! - Times must be within the years 0 to 9999; see [`storable_time`].
mod check;
mod column_kind;
mod counter;
mod fetch;
mod ids;
mod input_rows;
mod row_reader;
mod select;
mod sql;
mod time;
mod values;
mod write;

pub use check::allowed_texts;
pub use counter::increment_counters;
pub use fetch::{LoadError, UndecodableRow, decode_row, fetch_all, fetch_one};
pub use input_rows::InputRows;
pub use row_reader::RowReader;
pub use select::{load, load_and_lock};
pub use sql::Sql;
pub use time::{LATEST_TIME, storable_time};
pub use values::{KeyValue, to_bigint};
pub use write::{delete, insert, insert_new, save_versioned, update_columns, upsert};

/// The parts of other crates that the macros of this crate name.
#[doc(hidden)]
pub mod macro_support {
    pub use sea_orm;
    pub use uuid::Uuid;
}
