//! Assessing official associations: pure, no clock, no database, no wire.

mod assessment;
mod evaluate;
mod facts;
mod guide;

#[cfg(test)]
mod tests;

pub(crate) use assessment::{Assessment, Ended, Event, Latest};
pub(crate) use evaluate::{ConditionResult, LineResult, Verdict};
pub(crate) use facts::{Enrolment, Line, MonthOfUse, Opening, Partner, Subscription, UsageByKey};
pub(crate) use guide::{Condition, Guide, GuideError, Guides};
