//! The SeaORM entities of this service, one module for each table, and the types of their columns.

pub(crate) mod assessment;
pub(crate) mod assessment_key;
pub(crate) mod assessment_month;
pub(crate) mod bodies;
pub(crate) mod catalog_fact;
pub(crate) mod declined_payment;
pub(crate) mod earning;
pub(crate) mod earning_status;
pub(crate) mod guide_catalog;
pub(crate) mod ledger_end;
pub(crate) mod partner_record;
pub(crate) mod payout;
pub(crate) mod payout_line;
pub(crate) mod payout_state;
pub(crate) mod usage_month;
pub(crate) mod usage_replaced;
