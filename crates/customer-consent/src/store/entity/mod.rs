//! The SeaORM entities of this service, one module for each table.

pub(super) mod consent;
pub(super) mod link_token;
