//! Assessing official associations: pure, no clock, no database, no wire.

mod assessment;
mod evaluate;
mod facts;
mod guide;
mod usage;

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod tests;

pub(crate) use assessment::{Assessment, Event, Latest};
pub(crate) use evaluate::{ConditionResult, LineResult, Verdict};
#[cfg(test)]
pub(crate) use facts::ClaimRef;
pub(crate) use facts::{Enrolment, Line, MonthOfUse, Opening, Partner, PartnerRecord, Subscription, UsageByKey};
pub(crate) use guide::{Condition, Guide, GuideError, Guides, NoneInForce};
pub(crate) use usage::{Counts, Import, Imported, Measures, Stored, Usage, UsageId, UsageRefusal};
