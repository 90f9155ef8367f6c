//! The decisions of the registry as pure functions: whether a partner can be on record for a
//! workload or subscription of a tenant. They use no clock, no database and no wire types.
pub(crate) mod arbitration;
pub(crate) mod association;
pub(crate) mod catalog;
pub(crate) mod catalog_record;
pub(crate) mod check;
pub(crate) mod directory;
mod expiry;
pub(crate) mod hold;
pub(crate) mod legacy;
pub(crate) mod partner;
pub(crate) mod reason;
pub(crate) mod record;
pub(crate) mod snapshot;
pub(crate) mod tenant;

#[cfg(test)]
pub(crate) mod fixtures;
