//! The statements that stores consist of: many rows at once, the same on SQLite and PostgreSQL, one round trip each.
//!
//! An aggregate's table has columns `owner` (text), `id` (uuid) and `version` (big integer), with the primary key
//! (`owner`, `id`). Its children's tables begin with the same two, whatever they call them there. Times are
//! [`Micros`]: whole microseconds since 1970 UTC in a big integer, which both engines order and compare alike.
mod counter;
mod entity;
mod micros;
mod sql;
mod table;

pub use counter::count;
pub(crate) use entity::stored;
pub use entity::{by_id, children, delete, insert, insert_new, lock, save, upsert};
pub use micros::Micros;
pub(crate) use sql::Sql;
pub(crate) use table::{Column, Kind, Table};
