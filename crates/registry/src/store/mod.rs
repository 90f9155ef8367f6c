//! The registry's tables and the two aggregates that live in them.
pub(crate) mod association;
mod claim;
pub(crate) mod entity;
pub(crate) mod migration;
pub(crate) mod partner;
mod possessions;
pub(crate) mod query;
pub(crate) mod row;
pub(crate) mod tenant;

pub(crate) use partner::PartnerStore;
pub(crate) use tenant::TenantStore;
