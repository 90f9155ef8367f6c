//! The SeaORM entities of this service, one module for each table, and the types of their columns.

pub(crate) mod association_state;
pub(crate) mod claim;
pub(crate) mod claim_line;
pub(crate) mod claim_state;
pub(crate) mod claimed_area;
pub(crate) mod comment;
pub(crate) mod document_state;
pub(crate) mod entry_audience;
pub(crate) mod evidence;
pub(crate) mod history;
pub(crate) mod history_root;
pub(crate) mod history_root_leaf;
pub(crate) mod json;
pub(crate) mod line_activity;
pub(crate) mod owner_log;
pub(crate) mod side;
pub(crate) mod waits_for;
