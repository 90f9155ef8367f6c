//! Domain to wire.
use cpor_proto::eligibility::v1 as wire;
use cpor_types::{AssessmentName, Month, ProductName, ProgramGuideId, ProgramGuideName, TenantKey, Timestamp};

use crate::domain::{Assessment, Condition, ConditionResult, Guide, Latest, LineResult, Measures, Stored, Verdict};

/// An assessment, with its results once it has any.
pub(super) fn assessment(assessment: Assessment) -> wire::Assessment {
    let next_assess_time = assessment.next_time().map(timestamp);
    let Assessment { about, latest, ended, .. } = assessment;
    let name = AssessmentName { tenant: about.tenant, claim: about.claim.claim };
    let latest = latest.map(|Latest { month, guide, assess_time, results }| {
        let results = results.into_iter().map(|result| line(about.tenant, result)).collect();
        (results, month.to_string(), guide_name(&guide), timestamp(assess_time))
    });
    let (results, month, guide, assess_time) = match latest {
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
        next_assess_time,
        official_time: Some(timestamp(about.official_time)),
        end_time: ended.map(|ended| timestamp(ended.time)),
    }
}

fn line(tenant: cpor_types::TenantId, result: LineResult) -> wire::LineResult {
    let LineResult { line, key, product, activity, program, verdict: answer, conditions } = result;
    wire::LineResult {
        line_id: line.to_string(),
        key: TenantKey { tenant, key }.to_string(),
        product: ProductName { product }.to_string(),
        activity: self::activity(activity).into(),
        program: program.map(|program| program.to_string()).unwrap_or_default(),
        verdict: verdict(answer).into(),
        conditions: conditions.into_iter().map(condition_result).collect(),
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

/// A guide with its conditions.
pub(super) fn guide(guide: &Guide) -> wire::ProgramGuide {
    wire::ProgramGuide {
        name: guide_name(&guide.id),
        display_name: guide.display_name.clone(),
        version: guide.version.clone(),
        effective_start_time: Some(timestamp(guide.effective_start_time)),
        effective_end_time: guide.effective_end_time.map(timestamp),
        conditions: guide.conditions.iter().map(condition).collect(),
    }
}

fn condition(condition: &Condition) -> wire::GuideCondition {
    wire::GuideCondition {
        name: condition.name.clone(),
        programs: condition.programs.iter().map(ToString::to_string).collect(),
        expression: condition.expression.text.clone(),
        explanation: condition.explanation.clone(),
        facts: condition.facts.clone(),
    }
}

fn guide_name(guide: &ProgramGuideId) -> String {
    ProgramGuideName { guide: guide.clone() }.to_string()
}

/// A month of usage. `credited_from` is the first month that counts for the caller, if any does (R50).
pub(super) fn usage(stored: &Stored, credited_from: Option<Month>) -> wire::UsageMonth {
    let id = &stored.usage.id;
    let month = wire::UsageMonth {
        key: id.key.to_string(),
        month: id.month.to_string(),
        credited: credited_from.is_some_and(|first| id.month >= first),
        import_time: Some(timestamp(stored.import_time)),
        ..wire::UsageMonth::default()
    };
    match stored.usage.measures {
        Measures::Workload { active_users, paid_available_units } => {
            wire::UsageMonth { active_users, paid_available_units, ..month }
        }
        Measures::Subscription { seats_sold, consumption } => wire::UsageMonth { seats_sold, consumption, ..month },
    }
}

fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}
