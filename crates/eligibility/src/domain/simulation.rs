//! Compares the stored results of claims with the results that a draft of a program guide (the
//! conditions and rates of payment) would give. A line is the part of a claim that is about one
//! workload or subscription.
use cpor_types::{Money, Month};

use super::{
    assessment::MonthlyResult,
    earning::CurrencyTotals,
    evaluate::{ConditionResult, LineResult},
};

/// A line and activity of one month for which a draft guide gives another verdict or amount.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ResultDifference {
    pub(crate) month: Month,
    /// The stored result.
    pub(crate) before: LineResult,
    /// The result according to the draft.
    pub(crate) after: LineResult,
    /// The names of the conditions whose outcome differs, or that only one of the guides has.
    pub(crate) changed_conditions: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SimulationSummary {
    /// The number of compared line results.
    pub(crate) compared: u64,
    /// The number of line results that the draft would change.
    pub(crate) changed: u64,
    /// The totals that the compared lines earn according to the stored results.
    pub(crate) amounts_before: CurrencyTotals,
    /// The totals that the compared lines would earn according to the draft.
    pub(crate) amounts_after: CurrencyTotals,
}

impl SimulationSummary {
    /// Adds the results of one claim and month. Returns the lines whose verdict or amount differs.
    pub(crate) fn compare(&mut self, before: &MonthlyResult, after: &MonthlyResult) -> Vec<ResultDifference> {
        let mut differences = Vec::new();
        for old in &before.results {
            let Some(new) = after.line_result(old.line, old.activity) else { continue };
            let old_amount: Option<Money> = old.earned.amount();
            let new_amount: Option<Money> = new.earned.amount();
            self.compared += 1;
            self.amounts_before.add(old_amount);
            self.amounts_after.add(new_amount);
            if (old.verdict, old_amount) != (new.verdict, new_amount) {
                self.changed += 1;
                differences.push(ResultDifference {
                    month: before.month,
                    before: old.clone(),
                    after: new.clone(),
                    changed_conditions: changed_conditions(&old.conditions, &new.conditions),
                });
            }
        }
        differences
    }
}

/// Returns the names of the conditions whose outcome differs, or that only one of the lists
/// contains.
fn changed_conditions(before: &[ConditionResult], after: &[ConditionResult]) -> Vec<String> {
    let outcome_of = |name: &str, conditions: &[ConditionResult]| {
        conditions.iter().find(|condition| condition.name == name).map(|condition| condition.held)
    };
    let changed_or_removed = before.iter().filter(|old| outcome_of(&old.name, after) != Some(old.held));
    let added = after.iter().filter(|new| outcome_of(&new.name, before).is_none());
    changed_or_removed.chain(added).map(|condition| condition.name.clone()).collect()
}
