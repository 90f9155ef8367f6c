//! The SeaORM entities of this service, one module for each table, and the types of their columns.
pub(super) mod arbitrated_key;
pub(super) mod arbitration;
pub(super) mod arbitration_body;
pub(super) mod case_body;
pub(super) mod case_key;
pub(super) mod case_log;
pub(super) mod case_log_end;
pub(super) mod case_snapshot;
pub(super) mod case_state;
pub(super) mod competition_check;
pub(super) mod decision_kind;
pub(super) mod pending_decision;
pub(super) mod review_case;
pub(super) mod review_note;
pub(super) mod tenant_competition_lock;
