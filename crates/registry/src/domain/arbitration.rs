//! Arbitration: a review lead awards contested keys of one tenant in one step (R37). A *key* is one
//! workload or subscription of the tenant; at most one company can hold it. A key is *contested*
//! while claims of several companies compete for it. The holder is *official* when it is on record
//! for the key.
use cpor_types::{Activity, AssociationKey, CaseId, ClaimName, DecisionId, Timestamp};

use super::association::{Association, AssociationState, EndReason};
use super::reason::Reason;
use super::record::{AwardOutcome, AwardRefusal, DecisionOutcome, RecordedDecision};
use super::tenant::{Successor, Tenant, TenantChange, TenantEvent};

/// A review lead's decision about contested keys of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Arbitration {
    /// The id of the decision. A repeated decision returns the first outcome.
    pub(crate) decision_id: DecisionId,
    /// The awards. There is at least one, and each key occurs once.
    pub(crate) awards: Vec<Award>,
}

/// The award of one contested key to one claim, the winner.
#[derive(Clone, Debug)]
pub(crate) struct Award {
    pub(crate) key: AssociationKey,
    /// The claim that is awarded the key.
    pub(crate) winner: ClaimName,
    /// The review case of the winning claim, or `None` when the request does not name it.
    pub(crate) review_case: Option<CaseId>,
    /// The activities of the winning claim, such as usage or pre-sales.
    pub(crate) activities: Vec<Activity>,
    /// Whether the winning claim's policy profile (its set of configured rule values) makes the
    /// activity revenue association exclusive (R34).
    pub(crate) revenue_association_exclusive: bool,
}

impl Arbitration {
    /// Returns refusals, for this reason, of the awards to `winner` (of all awards when `winner` is
    /// `None`).
    pub(crate) fn refusals(&self, winner: Option<&ClaimName>, reason: Reason) -> Vec<AwardRefusal> {
        let awards = self.awards.iter().filter(|award| winner.is_none_or(|winner| award.winner == *winner));
        awards.map(|award| AwardRefusal { key: award.key.clone(), reason }).collect()
    }
}

impl Tenant {
    /// Awards all keys. If any key cannot be awarded, awards none and records the first reason for
    /// each such key. The outcome is recorded for each winning claim.
    ///
    /// Returns `None` if the tenant already contains this decision, for example from an earlier
    /// command in the same transaction.
    pub(crate) fn arbitrate(&self, arbitration: &Arbitration, now: Timestamp) -> Option<TenantChange> {
        let Arbitration { decision_id, awards } = arbitration;
        if awards.iter().any(|award| self.decision(&award.winner, *decision_id).is_some()) {
            return None;
        }
        let refusals: Vec<_> = awards.iter().filter_map(|award| self.award_refusal(award)).collect();
        let (mut next, mut events) = (self.clone(), Vec::new());
        let decision = if refusals.is_empty() {
            DecisionOutcome::Awarded(
                awards.iter().map(|award| next.award(award, *decision_id, now, &mut events)).collect(),
            )
        } else {
            DecisionOutcome::NotAwarded(refusals)
        };
        for Award { winner, review_case, .. } in awards {
            let recorded = RecordedDecision { review_case: *review_case, decision: decision.clone() };
            next.claim_records.entry(winner.clone()).or_default().decisions.insert(*decision_id, recorded);
        }
        Some((next, events))
    }

    /// Returns the first reason for which the key cannot be awarded, if there is one.
    fn award_refusal(&self, award: &Award) -> Option<AwardRefusal> {
        let is_closed = self.claim_records.get(&award.winner).is_some_and(|record| record.is_closed(award.review_case));
        // An earlier award to another claim cannot be replaced while that claim waits to succeed an
        // official holder. Otherwise this award replaces the earlier one.
        let has_other_successor = self.successors.get(&award.key).is_some_and(|successor| {
            let is_succeeded = |association: &Association| {
                association.holds_key() && *association.partner() != successor.claim.partner
            };
            successor.claim != award.winner && self.live_associations_on(&award.key).any(is_succeeded)
        });
        let reason = if is_closed {
            Reason::ClaimClosed
        } else if !self.directory.has_key(&award.key) {
            Reason::KeyUnknown
        } else if has_other_successor && award.is_exclusive() {
            Reason::KeyHasSuccessor
        } else {
            return None;
        };
        Some(AwardRefusal { key: award.key.clone(), reason })
    }

    /// Awards one key. If another company holds the key and its association is not official yet (a
    /// pending hold), that hold ends at once. If its association is official, the company remains
    /// the holder, and the winner becomes its successor. A key without a holder is reserved for the
    /// winner from now on, so that no other claim can be approved before the other review cases
    /// have learned of the decision. An award to a claim without exclusive activities changes
    /// nothing. The events are appended to `events`.
    fn award(
        &mut self,
        award: &Award,
        decision_id: DecisionId,
        now: Timestamp,
        events: &mut Vec<TenantEvent>,
    ) -> AwardOutcome {
        if !award.is_exclusive() {
            return AwardOutcome::Unopposed;
        }
        let is_rival = |association: &Association| {
            association.key == award.key && association.holds_key() && *association.partner() != award.winner.partner
        };
        let ended_holds = self.end_associations(EndReason::Superseded, now, |association| {
            is_rival(association) && association.state == AssociationState::Pending
        });
        let successor = Successor { claim: award.winner.clone(), decision_id, review_case: award.review_case };
        self.successors.insert(award.key.clone(), successor);
        self.remove_completed_successors();
        let outcome = if self.associations.values().any(is_rival) {
            AwardOutcome::SucceedsHolder
        } else if ended_holds.is_empty() {
            AwardOutcome::Unopposed
        } else {
            AwardOutcome::PendingHoldEnded
        };
        events.extend(ended_holds);
        outcome
    }
}

impl Award {
    /// Returns whether an activity of the winning claim excludes other companies from the key.
    fn is_exclusive(&self) -> bool {
        self.activities.iter().any(|activity| activity.is_exclusive_under(self.revenue_association_exclusive))
    }
}

#[cfg(test)]
mod tests;
