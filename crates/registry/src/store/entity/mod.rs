//! The SeaORM entities of the registry, one module for each table, and the types of their columns.
pub(crate) mod activity;
pub(crate) mod association;
pub(crate) mod catalog_record;
pub(crate) mod claim_record;
pub(crate) mod domains;
pub(crate) mod end_reason;
pub(crate) mod key_holder;
pub(crate) mod partner;
pub(crate) mod partner_location;
pub(crate) mod partner_profile;
pub(crate) mod purchase_channel;
pub(crate) mod subscription;
pub(crate) mod subscription_status;
pub(crate) mod tenant;
pub(crate) mod tenant_claim;
pub(crate) mod tenant_domain;
pub(crate) mod workload;
