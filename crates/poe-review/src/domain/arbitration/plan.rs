//! What awards come to for each case that competes for the keys, or everything that stands in their way.
use super::Award;
use crate::domain::{Contest, Phase, ReviewCase, Rivals};
use cpor_types::{AssociationKey, CaseId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Why a key cannot be awarded so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardFault {
    /// The key.
    pub key: AssociationKey,
    /// What is wrong with it.
    pub problem: AwardProblem,
}

/// What can be wrong with an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwardProblem {
    /// The winner does not compete for the key.
    NotContested,
    /// A contested key of a case that is named is not awarded.
    NotAwarded,
    /// The key is awarded twice.
    AwardedTwice,
    /// A case that competes for the key is being approved, or another arbitration of it is under way.
    Busy,
    /// The registry knows a successor of its holder already.
    SuccessorExists,
    /// The registry does not know it.
    Unknown,
}

/// What the awards come to, by case.
pub type Plan = BTreeMap<CaseId, Verdict>;

/// What the awards come to for one case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Keys that it wins.
    pub won: BTreeSet<AssociationKey>,
    /// Keys that it loses, by the case that wins them. An approved case keeps them on record until the registry ends its
    /// associations.
    pub lost: Rivals,
    /// What is settled with each rival by its winning.
    pub settled: Rivals,
}

/// What these awards come to for `cases`, which are the winners and all live cases with a contended key of theirs.
///
/// # Errors
/// Everything that stands in the way, at once.
pub fn plan(awards: &[Award], cases: &[ReviewCase]) -> Result<Plan, Vec<AwardFault>> {
    let contested = |case: &ReviewCase| contested_keys(case, cases);
    let mut faults = Vec::new();
    let mut fault = |key: &AssociationKey, problem| faults.push(AwardFault { key: key.clone(), problem });
    let mut awarded = BTreeMap::new();
    for Award { key, winner } in awards {
        if awarded.insert(key, *winner).is_some() {
            fault(key, AwardProblem::AwardedTwice);
        }
        let competes = |case: &ReviewCase| case.id == *winner && contested(case).contains(key);
        if !cases.iter().any(competes) {
            fault(key, AwardProblem::NotContested);
        }
        if cases.iter().any(|case| case.phase() == Phase::Approving && case.contended_keys().contains(key)) {
            fault(key, AwardProblem::Busy);
        }
    }
    let winners = cases.iter().filter(|case| awards.iter().any(|award| award.winner == case.id));
    for key in winners.flat_map(contested).collect::<BTreeSet<_>>() {
        if !awarded.contains_key(&key) {
            fault(&key, AwardProblem::NotAwarded);
        }
    }
    if faults.is_empty() { Ok(verdicts(&awarded, cases)) } else { Err(faults) }
}

/// The keys that a case competes for, as the cases are now.
fn contested_keys(case: &ReviewCase, cases: &[ReviewCase]) -> BTreeSet<AssociationKey> {
    let contest = Contest { rivals: case.rivals_among(cases), ..case.contest.clone() };
    let lines = ReviewCase { contest, ..case.clone() }.contested_lines();
    case.contending().filter(|line| lines.contains(&line.id)).map(|line| line.key.clone()).collect()
}

fn verdicts(awarded: &BTreeMap<&AssociationKey, CaseId>, cases: &[ReviewCase]) -> Plan {
    let mut plan = Plan::new();
    for case in cases {
        for key in case.contended_keys() {
            let Some(winner) = awarded.get(&key).copied() else { continue };
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
