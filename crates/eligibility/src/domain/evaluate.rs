//! Holding a line against a guide.

use std::collections::BTreeMap;

use cel::{Context, Value, objects::Key};
use cpor_types::{Activity, AssociationKey, LineId, Month, ProductId, Program, Timestamp, program};
use serde::{Deserialize, Serialize};

use super::{
    earning::{Earned, Pay, Reason},
    facts::{Growth, Line, Opening, Subscription, UsageByKey},
    guide::{Condition, Guide},
};

/// The answer for one line and activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// All conditions hold.
    Eligible,
    /// At least one does not.
    NotEligible,
    /// Recognised, never paid (R53).
    RecognitionOnly,
}

impl Verdict {
    /// The stable word that events carry.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::NotEligible => "not_eligible",
            Self::RecognitionOnly => "recognition_only",
        }
    }
}

/// The answer for one line and activity, with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LineResult {
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    pub(crate) activity: Activity,
    /// Absent for recognition only.
    pub(crate) program: Option<Program>,
    pub(crate) verdict: Verdict,
    pub(crate) conditions: Vec<ConditionResult>,
    /// What it earns in the month by this answer (R54).
    pub(crate) earned: Earned,
    /// How many lines of the ledger say so; 0: nothing has been written yet.
    pub(crate) booked: u32,
}

impl LineResult {
    /// The names of the conditions that did not hold.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().filter(|condition| !condition.held).map(|condition| condition.name.as_str())
    }
}

/// What became of one condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConditionResult {
    pub(crate) name: String,
    pub(crate) held: bool,
    /// The facts it saw, as CEL literals.
    pub(crate) facts: BTreeMap<String, String>,
    /// Empty when it held.
    pub(crate) explanation: String,
}

/// By what, and for which month, lines are assessed.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) guide: &'a Guide,
    pub(crate) usage: &'a UsageByKey,
    pub(crate) month: Month,
    /// Now, or the last moment of a month that is over.
    pub(crate) as_of: Timestamp,
}

/// Every line that was associated in the month, for every activity (R52).
pub(crate) fn evaluate(look: Look<'_>, about: &Opening) -> Vec<LineResult> {
    let lasts = |line: &&Line| line.ended.as_ref().is_none_or(|ended| ended.time >= look.month.start());
    let lines = about.lines.iter().filter(lasts);
    let pairs = lines.flat_map(|line| about.activities.iter().map(move |activity| (line, *activity)));
    pairs.map(|(line, activity)| evaluate_line(look, about, line, activity)).collect()
}

fn evaluate_line(look: Look<'_>, about: &Opening, line: &Line, activity: Activity) -> LineResult {
    // A pair that R7 does not list cannot become official; it earns nothing.
    let program = program(about.solution_area, activity).ok().flatten().filter(|_| line.incentivised);
    let conditions = program.map(|program| {
        let growth = Growth::of(look.usage.until(&line.key, look.month), about.official_time);
        let facts = facts(about, line, program, growth, look.as_of);
        look.guide.applies(program).map(|condition| hold(condition, &facts)).collect::<Vec<_>>()
    });
    let verdict = match &conditions {
        None => Verdict::RecognitionOnly,
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
        earned: Earned::Nothing(Reason::RecognitionOnly),
        booked: 0,
    };
    if let Some(program) = program {
        let credited = line.is_credited(about.official_time, look.month);
        result.earned = pay(look, &result, program, credited).map_or_else(Earned::Nothing, Earned::Paid);
    }
    result
}

/// Units times rate, or why it earns nothing (R54).
fn pay(look: Look<'_>, result: &LineResult, program: Program, credited: bool) -> Result<Pay, Reason> {
    if !credited {
        return Err(Reason::NotCredited);
    }
    let failed: Vec<String> = result.failed().map(str::to_owned).collect();
    if !failed.is_empty() {
        return Err(Reason::ConditionsFailed(failed));
    }
    let measures = look.usage.of_month(&result.key, look.month).ok_or(Reason::UsageMissing)?;
    let rate = look.guide.rate(program, &result.product).ok_or(Reason::NoRate)?;
    let units = measures.count(rate.unit).ok_or(Reason::NoRate)?;
    let amount = rate.amount.times(units).ok_or(Reason::AmountTooLarge)?;
    Ok(Pay { unit: rate.unit, units, rate: rate.amount, amount })
}

/// The facts of one line, by name.
type Facts = BTreeMap<&'static str, Value>;

fn hold(condition: &Condition, facts: &Facts) -> ConditionResult {
    let mut context = Context::default();
    for (name, value) in facts {
        context.add_variable_from_value(*name, value.clone());
    }
    let held = condition.expression.holds(&context);
    ConditionResult {
        name: condition.name.clone(),
        held,
        facts: condition.facts.iter().map(|path| (path.clone(), literal(&look_up(facts, path)))).collect(),
        explanation: if held { String::new() } else { condition.explanation.clone() },
    }
}

fn facts(about: &Opening, line: &Line, program: Program, growth: Growth, now: Timestamp) -> Facts {
    let enrolled: Vec<Value> = about.partner.enrolled_at(now).map(|program| text(program.as_str())).collect();
    BTreeMap::from([
        ("program", text(program.as_str())),
        ("now", time(now)),
        ("claim", map([("submit_time", time(about.submit_time))])),
        ("association", map([("official_time", time(about.official_time))])),
        ("partner", map([("enrolled", enrolled.into()), ("region", text(&about.partner.location_region))])),
        ("tenant", map([("region", text(&about.tenant_region))])),
        ("subscription", line.subscription.as_ref().map_or(Value::Null, subscription)),
        ("usage", map([("baseline", number(growth.baseline)), ("latest", number(growth.latest))])),
    ])
}

fn subscription(subscription: &Subscription) -> Value {
    map([
        ("status", text(&subscription.status)),
        ("channel", text(&subscription.channel)),
        ("purchase_time", time(subscription.purchase_time)),
        ("end_time", subscription.end_time.map_or(Value::Null, time)),
    ])
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    std::collections::HashMap::from(entries.map(|(name, value)| (name.to_owned(), value))).into()
}

fn text(text: &str) -> Value {
    text.to_owned().into()
}

fn time(time: Timestamp) -> Value {
    Value::Timestamp(time.fixed_offset())
}

fn number(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Int)
}

fn look_up(facts: &Facts, path: &str) -> Value {
    let (root, field) = path.split_once('.').unwrap_or((path, ""));
    match facts.get(root) {
        Some(Value::Map(map)) if !field.is_empty() => map.map.get(&Key::from(field)).cloned().unwrap_or(Value::Null),
        Some(found) => found.clone(),
        None => Value::Null,
    }
}

/// The value as CEL spells it.
#[expect(clippy::wildcard_enum_match_arm, reason = "facts are made of these kinds alone, see `facts`")]
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Int(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.as_str()),
        Value::Timestamp(time) => format!("timestamp({:?})", cpor_types::rfc3339(time.to_utc())),
        Value::List(list) => format!("[{}]", list.iter().map(literal).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}
