//! A lead's decision on contested keys (R37): committed first, then asked of the registry, then told to the cases. Whoever
//! finds one that is pending can complete it.
mod plan;

pub use plan::{AwardFault, AwardProblem, Plan, Verdict, plan};

use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Actor, AssociationKey, CaseId, Deadline, DecisionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One key, awarded to one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// What is contested.
    pub key: AssociationKey,
    /// Who wins it.
    pub winner: CaseId,
}

/// What the registry made of an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nobody else held the key.
    Cleared,
    /// A pending hold of another has ended.
    Yielded,
    /// An official holder stays on record until the winner's association becomes official.
    Successor,
}

/// An arbitration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arbitration {
    /// The customer: the owner part of its key.
    pub tenant: TenantId,
    /// The decision that the registry is asked under, and the id part of its key.
    pub id: DecisionId,
    /// What is awarded to whom.
    pub awards: Vec<Award>,
    /// What the partners should read; forgotten once it is over (R56), since each claim's history has it then.
    pub comment: String,
    /// The lead: whoever completes the arbitration does it in this name. Forgotten likewise.
    pub by: Actor,
    /// Where it stands.
    pub state: ArbitrationState,
    /// When it was decided.
    pub create_time: Timestamp,
}

/// Where an arbitration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ArbitrationState {
    /// A lead decided; whether that is possible is not judged yet.
    Begun,
    /// It is possible; the registry or the cases do not know it yet.
    Planned {
        /// What it comes to.
        plan: Plan,
    },
    /// Everybody does; one outcome for each award, in their order.
    Done {
        /// What the registry made of each.
        outcomes: Vec<Outcome>,
    },
    /// It could not be done, and has changed nothing.
    Refused {
        /// Everything that stood in the way.
        faults: Vec<AwardFault>,
    },
}

/// What happened to an arbitration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArbitrationEvent {
    /// A lead decided.
    Begun,
    /// It came one step further.
    Judged,
}

impl Arbitration {
    /// Whether somebody must still complete it.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        match self.state {
            ArbitrationState::Begun | ArbitrationState::Planned { .. } => true,
            ArbitrationState::Done { .. } | ArbitrationState::Refused { .. } => false,
        }
    }

    /// The keys whose holders stay on record until the winner's association is official (R37), by the outcome of each award.
    #[must_use]
    pub fn succeeding(&self, outcomes: &[Outcome]) -> BTreeSet<AssociationKey> {
        let awards = self.awards.iter().zip(outcomes);
        awards.filter(|(_, outcome)| **outcome == Outcome::Successor).map(|(award, _)| award.key.clone()).collect()
    }

    /// Begins it.
    #[must_use]
    pub fn begin(self) -> Transition<Self> {
        Transition::new(self, [ArbitrationEvent::Begun])
    }

    /// Takes over what it has come to. What it has planned stays so, and what is over too.
    #[must_use]
    pub fn judged(&self, state: ArbitrationState) -> Option<Transition<Self>> {
        let mut next = Self { state, ..self.clone() };
        if !next.is_pending() {
            next.comment.clear();
            next.by.subject.clear();
        }
        let goes_on = match (&self.state, &next.state) {
            (ArbitrationState::Begun, ArbitrationState::Planned { .. }) => true,
            (ArbitrationState::Begun | ArbitrationState::Planned { .. }, state) => {
                matches!(state, ArbitrationState::Done { .. } | ArbitrationState::Refused { .. })
            }
            (ArbitrationState::Done { .. } | ArbitrationState::Refused { .. }, _) => false,
        };
        goes_on.then(|| Transition::new(next, [ArbitrationEvent::Judged]))
    }
}

impl Aggregate for Arbitration {
    type Event = ArbitrationEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn elapse(&self, _now: Timestamp) -> Option<Elapsed<Self>> {
        None
    }
}
