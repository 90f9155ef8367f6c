//! Plans the awards of an arbitration. An award gives one contested key (a workload or subscription
//! that several companies claim) to one case. The plan contains the effects on each competing case.
//! If the awards are not possible, the result is every reason why.
use super::Award;
use crate::domain::{Competition, Phase, ReviewCase, Rivals};
use cpor_types::{AssociationKey, CaseId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A key that cannot be awarded as requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardRefusal {
    /// The key that cannot be awarded.
    pub key: AssociationKey,
    /// The reason why the key cannot be awarded.
    pub reason: AwardRefusalReason,
}

/// The reason why a key cannot be awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwardRefusalReason {
    /// The key is not contested by the winner: the winner does not compete for it with another
    /// claim or with a legacy association (recorded before claims existed), or a review lead has
    /// decided about it already.
    NotContested,
    /// A winner of another key also competes for this key, and the arbitration does not award it.
    /// All contested keys of a winner must be awarded together.
    NotAwarded,
    /// The arbitration awards the key more than once.
    AwardedTwice,
    /// A case that competes for the key is being approved, or another arbitration of the key is
    /// pending.
    Busy,
    /// Another claim has already been awarded the key and waits in the registry to succeed the
    /// official holder (the company that is on record for the key).
    SuccessorExists,
    /// The registry does not know the key.
    KeyUnknown,
}

/// The verdict for each case that competes for an awarded key.
pub type AwardPlan = BTreeMap<CaseId, Verdict>;

/// The effects of the awards on one case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The keys that the case wins.
    pub won: BTreeSet<AssociationKey>,
    /// The keys that the case loses, by the case that wins them. An approved case keeps them until
    /// the registry ends its associations.
    pub lost: Rivals,
    /// The keys that the case wins, by the rival that loses them.
    pub settled: Rivals,
}

impl Verdict {
    /// Returns the part of the verdict about the keys that the case wins.
    #[must_use]
    pub fn wins(&self) -> Self {
        Self { lost: Rivals::new(), ..self.clone() }
    }

    /// Returns the part of the verdict about the keys that the case loses, except for those that
    /// their winners have given up.
    #[must_use]
    pub fn losses_without(&self, given_up: &BTreeSet<AssociationKey>) -> Self {
        let kept = |(winner, keys): (&CaseId, &BTreeSet<AssociationKey>)| {
            let keys: BTreeSet<_> = keys.difference(given_up).cloned().collect();
            (!keys.is_empty()).then_some((*winner, keys))
        };
        Self { lost: self.lost.iter().filter_map(kept).collect(), ..Self::default() }
    }
}

/// Plans these awards. `cases` must contain the winners and all cases that compete for a key
/// with a winner.
///
/// # Errors
/// Returns every reason why the awards are not possible.
pub fn plan_awards(awards: &[Award], cases: &[ReviewCase]) -> Result<AwardPlan, Vec<AwardRefusal>> {
    let contested_keys_of = |case: &ReviewCase| contested_keys(case, cases);
    let mut refusals = Vec::new();
    let mut refuse = |key: &AssociationKey, reason| refusals.push(AwardRefusal { key: key.clone(), reason });
    let mut winner_by_key = BTreeMap::new();
    for Award { key, winner } in awards {
        if winner_by_key.insert(key, *winner).is_some() {
            refuse(key, AwardRefusalReason::AwardedTwice);
        }
        let is_competing_winner = |case: &ReviewCase| case.id == *winner && contested_keys_of(case).contains(key);
        if !cases.iter().any(is_competing_winner) {
            refuse(key, AwardRefusalReason::NotContested);
        }
        if cases.iter().any(|case| case.phase() == Phase::Approving && case.competing_keys().contains(key)) {
            refuse(key, AwardRefusalReason::Busy);
        }
    }
    let winners = cases.iter().filter(|case| awards.iter().any(|award| award.winner == case.id));
    for key in winners.flat_map(contested_keys_of).collect::<BTreeSet<_>>() {
        if !winner_by_key.contains_key(&key) {
            refuse(&key, AwardRefusalReason::NotAwarded);
        }
    }
    if refusals.is_empty() { Ok(verdicts(&winner_by_key, cases)) } else { Err(refusals) }
}

/// Returns the contested keys of a case, with its rivals taken from `cases` instead of from the
/// last competition check.
fn contested_keys(case: &ReviewCase, cases: &[ReviewCase]) -> BTreeSet<AssociationKey> {
    let competition = Competition { rivals: case.rivals_among(cases), ..case.competition.clone() };
    let lines = ReviewCase { competition, ..case.clone() }.contested_lines();
    case.competing_lines().filter(|line| lines.contains(&line.id)).map(|line| line.key.clone()).collect()
}

fn verdicts(winner_by_key: &BTreeMap<&AssociationKey, CaseId>, cases: &[ReviewCase]) -> AwardPlan {
    let mut plan = AwardPlan::new();
    for case in cases {
        for key in case.competing_keys() {
            let Some(winner) = winner_by_key.get(&key).copied() else { continue };
            if winner == case.id {
                plan.entry(winner).or_default().won.insert(key);
            } else {
                plan.entry(winner).or_default().settled.entry(case.id).or_default().insert(key.clone());
                plan.entry(case.id).or_default().lost.entry(winner).or_default().insert(key);
            }
        }
    }
    plan
}
