//! Lists with the request fields `filter` (AIP-160), `order_by` (AIP-132) and `page_token`
//! (AIP-158), the same for all services.
//!
//! A list is a declaration: its filter fields, its sort keys, its default order. [`TableList`]
//! lists the rows of a table, [`MemoryList`] lists items in memory. Both parse the request to a
//! query, which returns entries. Each entry comes with a [`Cursor`], from which the list can be
//! continued after this entry.
//!
//! | module | what it does |
//! |---|---|
//! | [`csv`] | Writes CSV lines for exports, safe to open in a spreadsheet. |
//! | [`filter`] | Parses the `filter` parameter of list requests (AIP-160). |
//! | [`order`] | Parses the `order_by` parameter of list requests (AIP-132). |
//! | [`page`] | Cuts lists into pages and creates page tokens (AIP-158). |
mod condition;
pub mod csv;
mod cursor;
mod field;
pub mod filter;
mod memory;
pub mod order;
pub mod page;
mod parse;
mod table;

pub use condition::Source;
pub use cursor::{Cursor, CursorValue};
pub use field::{CLAIM_NAME, KEY_NAME, PARTNER_NAME, column, field};
pub use memory::{MemoryList, MemoryQuery};
pub use table::{TableList, TableQuery};
