//! The SeaORM entities of the tables.
pub(crate) mod claim;
pub(crate) mod claim_line;
pub(crate) mod comment;
pub(crate) mod evidence;
pub(crate) mod history;
pub(crate) mod owner_log;
