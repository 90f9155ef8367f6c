//! The SeaORM entities of this service, one module for each table, and the types of their columns.

pub(super) mod consent;
pub(super) mod consent_body;
pub(super) mod consent_state;
pub(super) mod holder_link;
pub(super) mod legacy_holder;
pub(super) mod link_token;
