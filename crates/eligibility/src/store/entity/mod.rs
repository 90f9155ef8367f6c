//! The entities of the service's tables.
pub(crate) mod assessment;
pub(crate) mod assessment_key;
pub(crate) mod assessment_month;
pub(crate) mod earning;
pub(crate) mod guide_shelf;
pub(crate) mod partner_record;
pub(crate) mod payout;
pub(crate) mod usage_month;
pub(crate) mod usage_replaced;
