//! The rules by which official associations are assessed: whether and how much a partner earns for
//! being on record for a workload or subscription. These modules are pure: they use no clock, no
//! database and no wire types.

mod assessment;
mod association_period;
mod earning;
mod evaluate;
mod facts;
mod guide;
mod payout;
mod payout_period;
mod simulation;
mod usage;

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod tests;

pub(crate) use assessment::{Assessment, AssessmentEvent, AssessmentInputs, MonthlyResult};
#[cfg(test)]
pub(crate) use cpor_types::Verdict;
pub(crate) use earning::{EarnedAmount, Earning, NoEarningReason, PaidAmount};
pub(crate) use evaluate::{ConditionResult, LineResult};
#[cfg(test)]
pub(crate) use facts::ClaimRef;
pub(crate) use facts::{
    AssociationEnd, AssociationFacts, CatalogFacts, CatalogVersion, Enrollment, LineFacts, MonthlyUsage, PartnerFacts,
    PartnerRecord, SubscriptionFacts, UsageByKey,
};
pub(crate) use guide::{
    ActiveGuides, CatalogGuide, ConditionSource, Guide, GuideCatalog, GuideDocument, GuideRefusal, GuideState,
    GuideViolation, NoGuideInForce, Rate, UsageUnit,
};
pub(crate) use payout::{Payee, Payout, PayoutCommand, PayoutRefusal, PayoutStateKind, ReportedPayout, ReportedState};
pub(crate) use payout_period::PayoutPeriod;
pub(crate) use simulation::{ResultDifference, SimulationSummary};
pub(crate) use usage::{ImportOutcome, Measures, StoredUsage, Usage, UsageCounts, UsageId, UsageImport, UsageRefusal};
