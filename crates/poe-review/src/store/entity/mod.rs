//! The tables.
#![expect(unreachable_pub, reason = "SeaORM's traits want public models; the crate keeps them to itself")]
pub(crate) mod case_key;
pub(crate) mod pending_approval;
pub(crate) mod review_case;
