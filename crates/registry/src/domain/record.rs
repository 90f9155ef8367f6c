//! The permanent record of a claim at a tenant: the outcomes of its decisions, and the review cases
//! that are closed.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{AssociationKey, CaseId, DecisionId, LineId};
use serde::{Deserialize, Serialize};

use super::reason::Reason;

/// The permanent record of one claim. It is never deleted, because a decision can arrive or be
/// repeated at any time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClaimRecord {
    /// The outcome of each decision. A repeated decision gets the recorded outcome again.
    pub(crate) decisions: BTreeMap<DecisionId, RecordedDecision>,
    /// The closed review cases, for which later decisions are refused. `None` stands for the claim
    /// as a whole.
    pub(crate) closed: BTreeSet<Option<CaseId>>,
}

/// The outcome of a decision, with the review case that made the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedDecision {
    /// The review case that made the decision, or `None` when the request does not contain it.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) decision: Decision,
}

/// Why a decision cannot be added to the record of its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordConflict {
    /// The decision is already recorded. Its recorded outcome stays valid.
    AlreadyDecided,
    /// The claim, or the review case that made the decision, is closed.
    CaseClosed,
}

impl ClaimRecord {
    /// Adds decisions and closed cases that were decided before this record was read.
    ///
    /// # Errors
    /// Returns a [`RecordConflict`] when a new decision is already recorded or its case is closed.
    pub(crate) fn merge(mut self, additions: &Self) -> Result<Self, RecordConflict> {
        if additions.decisions.keys().any(|decision| self.decisions.contains_key(decision)) {
            return Err(RecordConflict::AlreadyDecided);
        }
        if additions.decisions.values().any(|recorded| self.is_closed(recorded.review_case)) {
            return Err(RecordConflict::CaseClosed);
        }
        self.decisions.extend(additions.decisions.clone());
        self.closed.extend(&additions.closed);
        Ok(self)
    }

    /// Whether this review case, or the claim as a whole, is closed. With `None`, any closed
    /// case counts.
    pub(crate) fn is_closed(&self, review_case: Option<CaseId>) -> bool {
        match review_case {
            None => !self.closed.is_empty(),
            Some(_) => self.closed.contains(&review_case) || self.closed.contains(&None),
        }
    }

    /// The recorded outcome of a decision, if there is one.
    pub(crate) fn decision(&self, decision_id: DecisionId) -> Option<&Decision> {
        self.decisions.get(&decision_id).map(|recorded| &recorded.decision)
    }
}

/// The outcome of a request to hold lines or to award contested keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// All lines of the claim are held.
    Held,
    /// No line of the claim is held. Carries every reason.
    Refused(Vec<LineRefusal>),
    /// All keys are awarded (R37). Carries one outcome for each award, in the order of the awards.
    Awarded(Vec<AwardOutcome>),
    /// No key is awarded. Carries every reason.
    NotAwarded(Vec<AwardRefusal>),
}

/// Why a line cannot be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineRefusal {
    /// The line, or `None` when the reason concerns the claim as a whole.
    pub(crate) line_id: Option<LineId>,
    pub(crate) reason: Reason,
}

impl LineRefusal {
    /// The refusal of the claim as a whole.
    pub(crate) fn whole_claim(reason: Reason) -> Self {
        Self { line_id: None, reason }
    }
}

/// The effect of an award on the company that held the key before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AwardOutcome {
    /// No other company held the key.
    Cleared,
    /// Another company had a pending hold, which has ended.
    Yielded,
    /// Another company holds the key officially and remains the holder until the winner's
    /// association becomes official.
    Successor,
}

/// Why a key cannot be awarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwardRefusal {
    pub(crate) key: AssociationKey,
    pub(crate) reason: Reason,
}
