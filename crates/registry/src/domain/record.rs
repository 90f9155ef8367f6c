//! What is remembered of a claim, for ever: first answers and tombstones.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{AssociationKey, CaseId, DecisionId, LineId};
use serde::{Deserialize, Serialize};

use super::reason::Reason;

/// What is remembered of a claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClaimRecord {
    /// First answers, by decision: repeating a decision gets the same.
    pub(crate) decisions: BTreeMap<DecisionId, Answered>,
    /// The tombstones: cases that are over, and for which a late decision is refused. `None`: the claim as a whole.
    pub(crate) closed: BTreeSet<Option<CaseId>>,
}

/// The answer to a decision about a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The claim's case that decided; `None` where it did not say.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) decision: Decision,
}

/// What is remembered of a claim and leaves no room for a decision about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precluded {
    /// The decision has been answered, and that answer stands.
    Answered,
    /// The claim, or this case of it, is over.
    Closed,
}

impl ClaimRecord {
    /// The record with what was decided after it, by somebody who did not know it.
    pub(crate) fn with(mut self, news: &Self) -> Result<Self, Precluded> {
        if news.decisions.keys().any(|decision| self.decisions.contains_key(decision)) {
            return Err(Precluded::Answered);
        }
        if news.decisions.values().any(|answered| self.is_closed(answered.review_case)) {
            return Err(Precluded::Closed);
        }
        self.decisions.extend(news.decisions.clone());
        self.closed.extend(&news.closed);
        Ok(self)
    }

    /// Whether nothing is decided any more for this case. For one that is not named that is so when any has been closed.
    pub(crate) fn is_closed(&self, review_case: Option<CaseId>) -> bool {
        match review_case {
            None => !self.closed.is_empty(),
            Some(_) => self.closed.contains(&review_case) || self.closed.contains(&None),
        }
    }

    /// The answer to a decision, where there is one.
    pub(crate) fn decision(&self, decision_id: DecisionId) -> Option<&Decision> {
        self.decisions.get(&decision_id).map(|answered| &answered.decision)
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// All lines are held.
    Held,
    /// None is.
    Refused(Vec<LineRefusal>),
    /// Every key is awarded (R37): one outcome for each award, in their order.
    Awarded(Vec<AwardOutcome>),
    /// None is.
    NotAwarded(Vec<AwardRefusal>),
}

/// Why a line cannot be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineRefusal {
    /// `None`: the claim as a whole.
    pub(crate) line_id: Option<LineId>,
    pub(crate) reason: Reason,
}

impl LineRefusal {
    /// The refusal of the claim as a whole.
    pub(crate) fn whole(reason: Reason) -> Self {
        Self { line_id: None, reason }
    }
}

/// What stood in a winner's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AwardOutcome {
    /// Nothing.
    Cleared,
    /// A pending hold of another company, which has ended.
    Yielded,
    /// An official holder, who stays until the winner's association becomes official.
    Successor,
}

/// Why a key cannot be awarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwardRefusal {
    pub(crate) key: AssociationKey,
    pub(crate) reason: Reason,
}
