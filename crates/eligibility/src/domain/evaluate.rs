//! Evaluates the conditions of a program guide for the lines of a claim, and calculates the amount
//! that each line earns in a month. A *program guide* contains the conditions and rates of payment.
//! A *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*). A line is *credited* for a month if the partner was officially on record during the
//! whole month.

use std::collections::BTreeMap;

use cel::{Context, Value, objects::Key};
use cpor_types::{Activity, AssociationKey, LineId, Month, ProductId, Program, Timestamp, Verdict, program_for};
use serde::{Deserialize, Serialize};

use super::{
    MonthlyResult,
    earning::{EarnedAmount, NoEarningReason, PaidAmount},
    facts::{AssociationFacts, LineFacts, SubscriptionFacts, UsageByKey, UsageGrowth},
    guide::{Condition, Guide},
};

/// The result for one line, activity and month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LineResult {
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    pub(crate) activity: Activity,
    /// The program that would pay; `None` for recognition-only lines.
    pub(crate) program: Option<Program>,
    /// Whether the line is eligible for payment.
    pub(crate) verdict: Verdict,
    /// The results of the guide's conditions that apply to the program.
    pub(crate) conditions: Vec<ConditionResult>,
    /// The amount that the line earns in the month according to this evaluation (R54). The ledger
    /// can contain another amount until the difference is recorded.
    pub(crate) earned: EarnedAmount,
    /// The number of earnings that the ledger contains for this line, activity and month.
    /// [`evaluate`] sets 0; `compute_earnings` sets the number.
    pub(crate) earning_count: u32,
}

impl LineResult {
    /// Returns the names of the conditions that do not hold.
    pub(crate) fn failed_conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter(|condition| !condition.held).map(|condition| condition.name.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConditionResult {
    pub(crate) name: String,
    /// Whether the condition holds.
    pub(crate) held: bool,
    /// The values of the facts that the condition is about, by dotted path, as CEL literals.
    pub(crate) facts: BTreeMap<String, String>,
    /// The guide's explanation of a failed condition; empty if the condition holds.
    pub(crate) explanation: String,
}

/// The guide, usage and month that lines are evaluated with.
#[derive(Clone, Copy)]
pub(crate) struct EvaluationInputs<'a> {
    pub(crate) guide: &'a Guide,
    pub(crate) usage: &'a UsageByKey,
    pub(crate) month: Month,
    /// The current time, or the last instant of a month that is over.
    pub(crate) as_of: Timestamp,
    /// Whether the partner declined payment for the claim: its lines are then recognised, and never
    /// paid (R54b).
    pub(crate) is_payment_declined: bool,
    /// The result of the month at its last assessment.
    pub(crate) previous: Option<&'a MonthlyResult>,
}

/// Evaluates each activity of each line whose association had not ended before the month (R52). If
/// the end is reported late, the ledger may already contain an earning of the line for the month.
/// Such a line is evaluated too, so that the earning is corrected (R47).
pub(crate) fn evaluate(inputs: EvaluationInputs<'_>, facts: &AssociationFacts) -> Vec<LineResult> {
    let has_earned = |line: &LineFacts| {
        let mut results = inputs.previous.into_iter().flat_map(|previous| &previous.results);
        results.any(|result| result.line == line.line && result.earning_count > 0)
    };
    let is_associated = |line: &LineFacts| line.end.as_ref().is_none_or(|end| end.time >= inputs.month.start());
    let lines = facts.lines.iter().filter(|line| is_associated(line) || has_earned(line));
    let pairs = lines.flat_map(|line| facts.activities.iter().map(move |activity| (line, *activity)));
    pairs.map(|(line, activity)| evaluate_line(inputs, facts, line, activity)).collect()
}

fn evaluate_line(
    inputs: EvaluationInputs<'_>,
    facts: &AssociationFacts,
    line: &LineFacts,
    activity: Activity,
) -> LineResult {
    // R7 lists the allowed pairs of solution area and activity. Any other pair cannot become
    // official and earns nothing.
    let program = program_for(facts.solution_area, activity).ok().flatten().filter(|_| line.is_incentivized);
    let conditions = program.map(|program| {
        let months = inputs.usage.months_until(&line.key, inputs.month);
        let growth = UsageGrowth::since(facts.official_time, months);
        let values = fact_values(facts, line, program, growth, inputs.as_of);
        let conditions = inputs.guide.conditions_for(program);
        conditions.map(|condition| evaluate_condition(condition, &values)).collect::<Vec<_>>()
    });
    let verdict = match &conditions {
        None => Verdict::RecognitionOnly,
        Some(_) if inputs.is_payment_declined => Verdict::RecognitionOnly,
        Some(conditions) if conditions.iter().all(|condition| condition.held) => Verdict::Eligible,
        Some(_) => Verdict::NotEligible,
    };
    let mut result = LineResult {
        line: line.line,
        key: line.key.clone(),
        product: line.product.clone(),
        activity,
        program,
        verdict,
        conditions: conditions.unwrap_or_default(),
        earned: EarnedAmount::Nothing(NoEarningReason::RecognitionOnly),
        earning_count: 0,
    };
    if let Some(program) = program {
        let is_credited = line.is_credited(facts.official_time, inputs.month);
        result.earned = calculate_amount(inputs, &result, program, is_credited)
            .map_or_else(EarnedAmount::Nothing, EarnedAmount::Paid);
    }
    result
}

/// Calculates units times rate, or returns the reason why the line earns nothing (R54).
fn calculate_amount(
    inputs: EvaluationInputs<'_>,
    result: &LineResult,
    program: Program,
    is_credited: bool,
) -> Result<PaidAmount, NoEarningReason> {
    if inputs.is_payment_declined {
        return Err(NoEarningReason::PaymentDeclined);
    }
    if !is_credited {
        return Err(NoEarningReason::NotCredited);
    }
    let failed: Vec<String> = result.failed_conditions().map(str::to_owned).collect();
    if !failed.is_empty() {
        return Err(NoEarningReason::ConditionsFailed(failed));
    }
    let measures = inputs.usage.measures_in(&result.key, inputs.month);
    let measures = measures.ok_or(NoEarningReason::UsageMissing)?;
    let rate = inputs.guide.rate_for(program, &result.product).ok_or(NoEarningReason::NoRate)?;
    let units = measures.units(rate.unit).ok_or(NoEarningReason::NoRate)?;
    let amount = rate.amount.times(units).ok_or(NoEarningReason::AmountTooLarge)?;
    Ok(PaidAmount { unit: rate.unit, units, rate: rate.amount, amount })
}

/// The values of the facts that conditions can use, by name. The constant `FACTS` in
/// `guide::fact_types` declares their types.
type FactValues = BTreeMap<&'static str, Value>;

fn evaluate_condition(condition: &Condition, values: &FactValues) -> ConditionResult {
    let mut context = Context::default();
    for (name, value) in values {
        context.add_variable_from_value(*name, value.clone());
    }
    let held = condition.expression.holds(&context);
    let facts = condition.shown_facts.iter().map(|path| (path.clone(), cel_literal(&value_at(values, path))));
    // If usage figures are missing, it is unknown whether usage has grown, so the guide's
    // explanation would mislead.
    let is_missing = |path: &String| path.starts_with("usage.") && value_at(values, path) == Value::Null;
    let missing: Vec<&str> = condition.shown_facts.iter().filter(|path| is_missing(path)).map(String::as_str).collect();
    let explanation = match missing.as_slice() {
        [] => condition.explanation.clone(),
        missing => format!(
            "Usage has not been imported for the months that this condition needs: {} is unknown.",
            missing.join(" and ")
        ),
    };
    ConditionResult {
        name: condition.name.clone(),
        held,
        facts: facts.collect(),
        explanation: if held { String::new() } else { explanation },
    }
}

/// Returns the values of all facts for a line at the time `now`.
fn fact_values(
    facts: &AssociationFacts,
    line: &LineFacts,
    program: Program,
    growth: UsageGrowth,
    now: Timestamp,
) -> FactValues {
    let enrolled = facts.partner.enrolled_programs(now);
    let enrolled: Vec<Value> = enrolled.map(|program| text_value(program.as_str())).collect();
    let region = text_value(&facts.partner.location_region);
    let (baseline, latest) = (optional_int(growth.baseline), optional_int(growth.latest));
    BTreeMap::from([
        ("program", text_value(program.as_str())),
        ("now", time_value(now)),
        ("claim", map_value([("submit_time", time_value(facts.submit_time))])),
        ("association", map_value([("official_time", time_value(facts.official_time))])),
        ("partner", map_value([("enrolled", enrolled.into()), ("region", region)])),
        ("tenant", map_value([("region", text_value(&facts.tenant_region))])),
        ("subscription", line.subscription.as_ref().map_or(Value::Null, subscription_value)),
        ("usage", map_value([("baseline", baseline), ("latest", latest)])),
    ])
}

fn subscription_value(subscription: &SubscriptionFacts) -> Value {
    map_value([
        ("status", text_value(&subscription.status)),
        ("channel", text_value(&subscription.channel)),
        ("purchase_time", time_value(subscription.purchase_time)),
        ("end_time", subscription.end_time.map_or(Value::Null, time_value)),
    ])
}

fn map_value<const N: usize>(entries: [(&str, Value); N]) -> Value {
    std::collections::HashMap::from(entries.map(|(name, value)| (name.to_owned(), value))).into()
}

fn text_value(text: &str) -> Value {
    text.to_owned().into()
}

fn time_value(time: Timestamp) -> Value {
    Value::Timestamp(time.fixed_offset())
}

fn optional_int(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Int)
}

/// Returns the value at a dotted path such as `partner.region`; null if there is none.
fn value_at(values: &FactValues, path: &str) -> Value {
    let (root, field) = path.split_once('.').unwrap_or((path, ""));
    match values.get(root) {
        Some(Value::Map(map)) if !field.is_empty() => map.map.get(&Key::from(field)).cloned().unwrap_or(Value::Null),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

/// Formats a value as a CEL literal.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "conditions name single facts, never whole records, so no other kind of value occurs"
)]
fn cel_literal(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Int(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.as_str()),
        Value::Timestamp(time) => format!("timestamp({:?})", cpor_types::rfc3339(time.to_utc())),
        Value::List(list) => format!("[{}]", list.iter().map(cel_literal).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}
