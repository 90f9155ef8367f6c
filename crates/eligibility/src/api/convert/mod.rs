//! Converts domain types to proto messages. Program guides are also converted from proto messages.
mod earnings;
mod guide;
mod payouts;

pub(super) use earnings::{to_earning, to_monthly_earning};
pub(super) use guide::{parse_revises, to_document, to_field_violation, to_program_guide};
pub(super) use payouts::{parse_date, parse_reported_payout, parse_required_date, to_payout, to_payout_state};

use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{WireEnum as _, eligibility::v1 as wire};
use cpor_types::{AssessmentName, Month, ProductName, Program, ProgramGuideId, ProgramGuideName, TenantId, TenantKey};

use crate::{
    domain::{Assessment, ConditionResult, LineResult, Measures, MonthlyResult, ResultDifference, SimulationSummary},
    store::usage::UsageRevision,
};

/// Converts an assessment with the result of one month. `result` is `None` if no month has been
/// assessed yet.
pub(super) fn to_assessment(assessment: &Assessment, result: Option<MonthlyResult>) -> wire::Assessment {
    let facts = assessment.facts();
    let name = AssessmentName { tenant: facts.tenant, claim: facts.claim.claim };
    let message = wire::Assessment {
        name: name.to_string(),
        claim: facts.claim.name().to_string(),
        next_assess_time: assessment.next_assess_time().map(to_wire_time),
        official_time: Some(to_wire_time(facts.official_time)),
        end_time: assessment.association_end().map(|end| to_wire_time(end.time)),
        state: assessment_state(assessment).into(),
        ..wire::Assessment::default()
    };
    let Some(MonthlyResult { month, guide, assess_time, results }) = result else { return message };
    wire::Assessment {
        results: results.into_iter().map(|result| to_line_result(facts.tenant, result)).collect(),
        month: month.to_string(),
        guide: guide_name(&guide),
        assess_time: Some(to_wire_time(assess_time)),
        ..message
    }
}

fn assessment_state(assessment: &Assessment) -> wire::AssessmentState {
    match (assessment.association_end(), &assessment.latest) {
        (Some(_), _) => wire::AssessmentState::Ended,
        (None, Some(_)) => wire::AssessmentState::Assessed,
        (None, None) => wire::AssessmentState::Pending,
    }
}

/// Converts a difference between the stored result of a claim and its result under a draft guide.
pub(super) fn to_difference(assessment: &Assessment, difference: ResultDifference) -> wire::GuideDifference {
    let facts = assessment.facts();
    wire::GuideDifference {
        claim: facts.claim.name().to_string(),
        month: difference.month.to_string(),
        before: Some(to_line_result(facts.tenant, difference.before)),
        after: Some(to_line_result(facts.tenant, difference.after)),
        changed_conditions: difference.changed_conditions,
    }
}

pub(super) fn to_summary(summary: &SimulationSummary) -> wire::SimulationSummary {
    wire::SimulationSummary {
        compared_count: to_count(summary.compared),
        changed_count: to_count(summary.changed),
        amounts_before: summary.amounts_before.sums().map(Into::into).collect(),
        amounts_after: summary.amounts_after.sums().map(Into::into).collect(),
    }
}

/// Converts a count. A count beyond the range of `i64` becomes `i64::MAX`.
pub(super) fn to_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn to_line_result(tenant: TenantId, result: LineResult) -> wire::LineResult {
    let LineResult { line, key, product, activity, program, verdict, conditions, earned, earning_count: _ } = result;
    wire::LineResult {
        line_id: line.to_string(),
        key: TenantKey { tenant, key }.to_string(),
        product: ProductName { product }.to_string(),
        activity: activity.to_number(),
        program: program.map_or(0, Program::to_number),
        verdict: verdict.to_number(),
        conditions: conditions.into_iter().map(to_condition_result).collect(),
        monthly_earning: Some(to_monthly_earning(&earned)),
    }
}

fn to_condition_result(result: ConditionResult) -> wire::ConditionResult {
    let ConditionResult { name, held, facts, explanation } = result;
    wire::ConditionResult { condition: name, satisfied: held, facts: facts.into_iter().collect(), explanation }
}

fn guide_name(guide: &ProgramGuideId) -> String {
    ProgramGuideName { guide: guide.clone() }.to_string()
}

/// Converts a month of usage. `credited_from` is the first month that is credited to the calling
/// partner: the first full month in which it is officially on record (R50).
pub(super) fn to_usage_month(revision: &UsageRevision, credited_from: Option<Month>) -> wire::UsageMonth {
    let UsageRevision { stored, replace_time } = revision;
    let id = &stored.usage.id;
    let month = wire::UsageMonth {
        key: id.key.to_string(),
        month: id.month.to_string(),
        credited: replace_time.is_none() && credited_from.is_some_and(|first| id.month >= first),
        import_time: Some(to_wire_time(stored.import_time)),
        revision: to_count(stored.revision),
        replace_time: replace_time.map(to_wire_time),
        ..wire::UsageMonth::default()
    };
    match stored.usage.measures {
        Measures::Workload { active_users, paid_available_units } => {
            wire::UsageMonth { active_users, paid_available_units, ..month }
        }
        Measures::Subscription { seats_sold, consumption } => wire::UsageMonth { seats_sold, consumption, ..month },
    }
}
