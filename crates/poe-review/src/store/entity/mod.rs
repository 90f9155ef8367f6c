//! The tables.
pub(crate) mod case_key;
pub(crate) mod pending_approval;
pub(crate) mod review_case;
