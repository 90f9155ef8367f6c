//! The SeaORM entities of the tables.
#![expect(unreachable_pub, reason = "SeaORM's traits require public models, which other crates do not use")]
pub(crate) mod arbitrated_key;
pub(crate) mod arbitration;
pub(crate) mod case_key;
pub(crate) mod contest_check;
pub(crate) mod pending_approval;
pub(crate) mod review_case;
pub(crate) mod review_note;
pub(crate) mod tenant_contest;
