//! Domain to wire, and where the wire brings it, back.
mod earning;
mod guide;

pub(super) use earning::{earned, entry, money};
pub(super) use guide::{document, faulty, guide, revises};

use cpor_proto::eligibility::v1 as wire;
use cpor_types::{
    AssessmentName, Month, ProductName, ProgramGuideId, ProgramGuideName, TenantId, TenantKey, Timestamp,
};

use crate::{
    domain::{Answer, Assessment, ConditionResult, Difference, LineResult, Measures, Summary, Verdict},
    store::usage::Listed,
};

/// An assessment with the answer for a month, once it has any.
pub(super) fn assessment(assessment: &Assessment, answer: Option<Answer>) -> wire::Assessment {
    let about = assessment.about();
    let name = AssessmentName { tenant: about.tenant, claim: about.claim.claim };
    let answer = answer.map(|Answer { month, guide, assess_time, results }| {
        let results = results.into_iter().map(|result| line(about.tenant, result)).collect();
        (results, month.to_string(), guide_name(&guide), timestamp(assess_time))
    });
    let (results, month, guide, assess_time) = match answer {
        Some((results, month, guide, time)) => (results, month, guide, Some(time)),
        None => Default::default(),
    };
    wire::Assessment {
        name: name.to_string(),
        claim: about.claim.name().to_string(),
        results,
        month,
        guide,
        assess_time,
        next_assess_time: assessment.next_time().map(timestamp),
        official_time: Some(timestamp(about.official_time)),
        end_time: assessment.ended().map(|ended| timestamp(ended.time)),
    }
}

/// A difference that a draft would make to a claim.
pub(super) fn difference(assessment: &Assessment, difference: Difference) -> wire::GuideDifference {
    let about = assessment.about();
    wire::GuideDifference {
        claim: about.claim.name().to_string(),
        month: difference.month.to_string(),
        before: Some(line(about.tenant, difference.before)),
        after: Some(line(about.tenant, difference.after)),
        changed_conditions: difference.conditions,
    }
}

/// What a simulation came to.
pub(super) fn summary(summary: &Summary) -> wire::SimulationSummary {
    wire::SimulationSummary {
        looked_at: count(summary.looked_at),
        changed: count(summary.changed),
        amounts_before: summary.before.sums().map(money).collect(),
        amounts_after: summary.after.sums().map(money).collect(),
    }
}

/// A count, as the wire has it.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn line(tenant: TenantId, result: LineResult) -> wire::LineResult {
    let LineResult { line, key, product, activity, program, verdict: answer, conditions, earned, booked: _ } = result;
    wire::LineResult {
        line_id: line.to_string(),
        key: TenantKey { tenant, key }.to_string(),
        product: ProductName { product }.to_string(),
        activity: self::activity(activity).into(),
        program: program.map(|program| program.to_string()).unwrap_or_default(),
        verdict: verdict(answer).into(),
        conditions: conditions.into_iter().map(condition_result).collect(),
        earned: Some(self::earned(&earned)),
    }
}

fn condition_result(result: ConditionResult) -> wire::ConditionResult {
    let ConditionResult { name, held, facts, explanation } = result;
    wire::ConditionResult { condition: name, held, facts: facts.into_iter().collect(), explanation }
}

fn activity(activity: cpor_types::Activity) -> wire::Activity {
    match activity {
        cpor_types::Activity::Usage => wire::Activity::Usage,
        cpor_types::Activity::PreSales => wire::Activity::PreSales,
        cpor_types::Activity::RevenueAssociation => wire::Activity::RevenueAssociation,
    }
}

fn verdict(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Eligible => wire::Verdict::Eligible,
        Verdict::NotEligible => wire::Verdict::NotEligible,
        Verdict::RecognitionOnly => wire::Verdict::RecognitionOnly,
    }
}

fn guide_name(guide: &ProgramGuideId) -> String {
    ProgramGuideName { guide: guide.clone() }.to_string()
}

/// A month of usage. `credited_from` is the first month that counts for the caller, if any does (R50).
pub(super) fn usage(listed: &Listed, credited_from: Option<Month>) -> wire::UsageMonth {
    let Listed { stored, replaced } = listed;
    let id = &stored.usage.id;
    let month = wire::UsageMonth {
        key: id.key.to_string(),
        month: id.month.to_string(),
        credited: replaced.is_none() && credited_from.is_some_and(|first| id.month >= first),
        import_time: Some(timestamp(stored.import_time)),
        revision: count(stored.revision),
        replace_time: replaced.map(timestamp),
        ..wire::UsageMonth::default()
    };
    match stored.usage.measures {
        Measures::Workload { active_users, paid_available_units } => {
            wire::UsageMonth { active_users, paid_available_units, ..month }
        }
        Measures::Subscription { seats_sold, consumption } => wire::UsageMonth { seats_sold, consumption, ..month },
    }
}

/// A time, as the wire has it.
pub(super) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}
