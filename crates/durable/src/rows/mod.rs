//! Statements for stores. Each handles many rows in one round trip and works on SQLite and on
//! PostgreSQL.
//!
//! The table of an aggregate has the columns `owner` (text), `id` (UUID) and `version` (big
//! integer) and the primary key (`owner`, `id`). The tables of its child rows have the same two
//! values, under any name, as the first columns of their primary keys. Times are stored as
//! [`Micros`].
mod counter;
mod input_rows;
mod micros;
mod model_values;
mod select;
mod sql;
mod write;

pub use counter::increment_counters;
pub(crate) use input_rows::{Column, ColumnKind, InputRows};
pub use micros::Micros;
pub use model_values::{to_bigint, to_json};
pub use select::{load_by_id, load_children, load_locked};
pub(crate) use sql::Sql;
pub use write::{delete, insert, insert_new, save, upsert};
