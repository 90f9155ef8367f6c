//! The registry's tables, and how tenants and partners are loaded from and saved to them. The
//! module `children` stores the rows that belong to a tenant.
pub(crate) mod association;
pub(crate) mod catalog_record;
pub(crate) mod children;
mod claim;
pub(crate) mod entity;
pub(crate) mod lists;
pub(crate) mod migration;
pub(crate) mod partner;
pub(crate) mod query;
pub(crate) mod row;
pub(crate) mod tenant;
#[cfg(test)]
mod tests;

pub(crate) use catalog_record::CatalogStore;
pub(crate) use partner::PartnerStore;
pub(crate) use tenant::TenantStore;
