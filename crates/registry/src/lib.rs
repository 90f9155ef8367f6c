//! The association registry: the directory of partners and customers, the catalog, and who is on record for what.
#![expect(dead_code, reason = "wip")]
mod domain;
