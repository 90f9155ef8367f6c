//! Arbitration (R37): the decision of a review lead on contested keys. A *key* is one workload or
//! subscription of a tenant; at most one company can hold it. A key is *contested* while claims of
//! several companies compete for it. An *award* gives one key to one claim's review case.
//!
//! The decision is committed first. Then the registry carries it out, and the verdicts are applied
//! to the competing cases. A pending arbitration can be completed by any process.
mod apply;
mod plan;

pub use plan::{AwardPlan, AwardRefusal, AwardRefusalReason, Verdict, plan_awards};

use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Actor, AssociationKey, CaseId, Deadline, DecisionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The award of one key to one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// The contested key.
    pub key: AssociationKey,
    /// The case that wins the key.
    pub winner: CaseId,
}

/// The effect of an award in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwardOutcome {
    /// No other claim held the key.
    Unopposed,
    /// Another claim held the key, but its association was not official yet (a pending hold). That
    /// hold has ended.
    PendingHoldEnded,
    /// The winner is the successor: another company is on record for the key (its official holder)
    /// and stays on record until the winner's association becomes official.
    SucceedsHolder,
}

/// An arbitration of one or more keys of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arbitration {
    /// The tenant (customer). It is the first part of the arbitration's storage key.
    pub tenant: TenantId,
    /// The decision id. It identifies the request to the registry, and is the second part of the
    /// storage key.
    pub id: DecisionId,
    /// The awarded keys and their winners.
    pub awards: Vec<Award>,
    /// The review lead's comment to the partners. It is erased when the arbitration ends (R56). By
    /// then, the history of each claim contains it.
    pub comment: String,
    /// The review lead who decided. The commands that complete the arbitration, possibly in another
    /// replica, are recorded with this actor as their author. The actor's subject (user id) is
    /// erased when the arbitration ends.
    pub actor: Actor,
    /// How far the decision has been carried out.
    pub state: ArbitrationState,
    /// The time of the review lead's decision.
    pub create_time: Timestamp,
}

/// How far the decision of an arbitration has been carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ArbitrationState {
    /// The review lead's decision is committed. It is not yet known whether the awards are
    /// possible.
    Begun,
    /// The awards are possible. The registry, or at least one case, has not applied them yet.
    Planned {
        /// The effects of the awards on each competing case.
        plan: AwardPlan,
    },
    /// The registry and all cases have applied the awards.
    Done {
        /// One outcome for each award, in the order of the awards.
        outcomes: Vec<AwardOutcome>,
    },
    /// The awards were not possible. Nothing has changed.
    Refused {
        /// Every reason why the awards were not possible.
        refusals: Vec<AwardRefusal>,
    },
}

/// A domain event of an arbitration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArbitrationEvent {
    /// A review lead has decided.
    Begun,
    /// The arbitration has reached its next state.
    Advanced,
}

impl Arbitration {
    /// Returns whether the arbitration is neither done nor refused.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        match self.state {
            ArbitrationState::Begun | ArbitrationState::Planned { .. } => true,
            ArbitrationState::Done { .. } | ArbitrationState::Refused { .. } => false,
        }
    }

    /// Returns the keys whose holders stay on record until the winner's association becomes
    /// official (R37). `outcomes` has one outcome for each award, in the order of the awards.
    #[must_use]
    pub fn successor_keys(&self, outcomes: &[AwardOutcome]) -> BTreeSet<AssociationKey> {
        let awards = self.awards.iter().zip(outcomes);
        let with_successor = awards.filter(|(_, outcome)| **outcome == AwardOutcome::SucceedsHolder);
        with_successor.map(|(award, _)| award.key.clone()).collect()
    }

    /// Builds the transition that creates this arbitration.
    #[must_use]
    pub fn begin(self) -> Transition<Self> {
        Transition::new(self, [ArbitrationEvent::Begun])
    }

    /// Moves the arbitration to a later state. Returns `None` if `state` does not follow the
    /// current state: an existing plan is never replaced, and an arbitration that has ended does
    /// not change.
    #[must_use]
    pub fn advance(&self, state: ArbitrationState) -> Option<Transition<Self>> {
        let mut next = Self { state, ..self.clone() };
        if !next.is_pending() {
            next.comment.clear();
            next.actor.subject.clear();
        }
        let is_later = match (&self.state, &next.state) {
            (ArbitrationState::Begun, ArbitrationState::Planned { .. }) => true,
            (ArbitrationState::Begun | ArbitrationState::Planned { .. }, state) => {
                matches!(state, ArbitrationState::Done { .. } | ArbitrationState::Refused { .. })
            }
            (ArbitrationState::Done { .. } | ArbitrationState::Refused { .. }, _) => false,
        };
        is_later.then(|| Transition::new(next, [ArbitrationEvent::Advanced]))
    }
}

impl Aggregate for Arbitration {
    type Event = ArbitrationEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn apply_passed_deadline(&self, _now: Timestamp) -> Option<PassedDeadline<Self>> {
        None
    }
}
