//! The permanent record of a claim at a tenant: the outcomes of reviewers' decisions about it, and
//! its closed review cases.
//!
//! A reviewer's decision asks the registry to *hold* the *lines* of a claim: to reserve the *keys*
//! (workloads or subscriptions of the tenant) that the lines are about for the claim's partner. A
//! review lead's decision *awards* keys that claims of several companies compete for. An
//! association is *official* when its partner is on record for the key.
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
    /// The review case that made the decision, or `None` when the request does not name it.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) decision: DecisionOutcome,
}

/// The reason why a decision cannot be added to the record of its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordConflict {
    /// The decision is already recorded. Its recorded outcome stays valid.
    AlreadyDecided,
    /// The claim, or the review case that made the decision, is closed.
    CaseClosed,
}

impl ClaimRecord {
    /// Adds the decisions and closed cases of `additions`. They were made without knowledge of this
    /// stored record, so they can conflict with it.
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

    /// Returns whether this review case, or the claim as a whole, is closed. With `None`, any
    /// closed case counts.
    pub(crate) fn is_closed(&self, review_case: Option<CaseId>) -> bool {
        match review_case {
            None => !self.closed.is_empty(),
            Some(_) => self.closed.contains(&review_case) || self.closed.contains(&None),
        }
    }

    /// Returns the recorded outcome of a decision, if there is one.
    pub(crate) fn decision(&self, decision_id: DecisionId) -> Option<&DecisionOutcome> {
        self.decisions.get(&decision_id).map(|recorded| &recorded.decision)
    }
}

/// The outcome of a request to hold lines or to award keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DecisionOutcome {
    /// All lines of the claim are held.
    Held,
    /// No line of the claim is held. Contains every reason.
    Refused(Vec<LineRefusal>),
    /// All keys are awarded (R37). Contains one outcome for each award, in the order of the awards.
    Awarded(Vec<AwardOutcome>),
    /// No key is awarded. Contains every reason.
    NotAwarded(Vec<AwardRefusal>),
}

/// The reason why a line cannot be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineRefusal {
    /// The line, or `None` when the reason concerns the claim as a whole.
    pub(crate) line_id: Option<LineId>,
    pub(crate) reason: Reason,
}

impl LineRefusal {
    /// Returns the refusal of the claim as a whole.
    pub(crate) fn whole_claim(reason: Reason) -> Self {
        Self { line_id: None, reason }
    }
}

/// The effect of an award on the company that held the key before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AwardOutcome {
    /// No other company held the key. It is reserved for the winner.
    Unopposed,
    /// Another company held the key, but its association was not official yet (a pending hold). The
    /// hold has ended, and the key is reserved for the winner.
    PendingHoldEnded,
    /// The winner is the *successor*, the claim that was awarded the key and does not hold it alone
    /// yet: another company's association is official, and that company remains the holder until
    /// the winner's association becomes official.
    SucceedsHolder,
}

/// The reason why a key cannot be awarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwardRefusal {
    pub(crate) key: AssociationKey,
    pub(crate) reason: Reason,
}
