//! Assessing official associations: pure, no clock, no database, no wire.

mod assessment;
mod earning;
mod evaluate;
mod facts;
mod guide;
mod payout;
mod simulation;
mod span;
mod usage;

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod tests;

pub(crate) use assessment::{Answer, Assessment, Basis, Event};
pub(crate) use earning::{Earned, Earning, Pay, Reason};
pub(crate) use evaluate::{ConditionResult, LineResult, Verdict};
#[cfg(test)]
pub(crate) use facts::ClaimRef;
pub(crate) use facts::{Ended, Enrolment, Line, MonthOfUse, Opening, Partner, PartnerRecord, Subscription, UsageByKey};
pub(crate) use guide::{
    ConditionText, Guide, GuideDocument, GuideFault, Guides, NoneInForce, Rate, Shelf, ShelfRefusal, Shelved, Standing,
    Unit,
};
pub(crate) use payout::{Payout, PayoutPeriod, PeriodNotOver};
pub(crate) use simulation::{Difference, Summary};
pub(crate) use usage::{Counts, Import, Imported, Measures, Stored, Usage, UsageId, UsageRefusal};
