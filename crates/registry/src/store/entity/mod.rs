//! The SeaORM entities of the registry's tables.
pub(crate) mod association;
pub(crate) mod key_holder;
pub(crate) mod partner;
pub(crate) mod partner_location;
pub(crate) mod subscription;
pub(crate) mod tenant;
pub(crate) mod tenant_claim;
pub(crate) mod tenant_domain;
pub(crate) mod workload;
