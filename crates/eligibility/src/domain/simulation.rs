//! What a draft would change of the answers that there are.
use cpor_types::{Money, Month};

use super::{
    assessment::Answer,
    earning::Totals,
    evaluate::{ConditionResult, LineResult},
};

/// One line and activity of one month that a draft would answer otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) month: Month,
    pub(crate) before: LineResult,
    pub(crate) after: LineResult,
    /// Names of the conditions that hold in one answer and do not in the other, or are in one alone.
    pub(crate) conditions: Vec<String>,
}

/// What was looked at, and what the draft would change in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) looked_at: u64,
    pub(crate) changed: u64,
    pub(crate) before: Totals,
    pub(crate) after: Totals,
}

impl Summary {
    /// Counts an answer and what it would be; answers the lines whose verdict or amount differs.
    pub(crate) fn compare(&mut self, before: &Answer, after: &Answer) -> Vec<Difference> {
        let mut differences = Vec::new();
        for old in &before.results {
            let Some(new) = after.result(old.line, old.activity) else { continue };
            let amounts: [Option<Money>; 2] = [old.earned.amount(), new.earned.amount()];
            self.looked_at += 1;
            self.before.add(amounts[0]);
            self.after.add(amounts[1]);
            if (old.verdict, amounts[0]) != (new.verdict, amounts[1]) {
                self.changed += 1;
                let conditions = changed(&old.conditions, &new.conditions);
                differences.push(Difference {
                    month: before.month,
                    before: old.clone(),
                    after: new.clone(),
                    conditions,
                });
            }
        }
        differences
    }
}

fn changed(before: &[ConditionResult], after: &[ConditionResult]) -> Vec<String> {
    let held = |among: &[ConditionResult], name: &str| {
        among.iter().find(|condition| condition.name == name).map(|condition| condition.held)
    };
    let gone = before.iter().filter(|old| held(after, &old.name) != Some(old.held));
    let new = after.iter().filter(|new| held(before, &new.name).is_none());
    gone.chain(new).map(|condition| condition.name.clone()).collect()
}
