//! The conventions of list requests (filter, order and pages), and CSV lines for exports.
//!
//! | module | what it does |
//! |---|---|
//! | [`csv`] | Writes CSV lines for exports, safe to open in a spreadsheet. |
//! | [`filter`] | Parses the `filter` parameter of list requests (AIP-160). |
//! | [`order`] | Parses the `order_by` parameter of list requests (AIP-132). |
//! | [`page`] | Cuts lists into pages and creates page tokens (AIP-158). |

pub mod csv;
pub mod filter;
pub mod order;
pub mod page;
