//! Contested keys, awarded by a lead in one step (R37).
use cpor_types::{Activity, AssociationKey, CaseId, ClaimName, DecisionId, Timestamp};

use super::association::{Association, AssociationState, EndReason};
use super::reason::Reason;
use super::record::{Answered, AwardOutcome, AwardRefusal, Decision};
use super::tenant::{Changed, Successor, Tenant, TenantEvent};

/// A lead's decision on keys of one customer.
#[derive(Clone, Debug)]
pub(crate) struct Arbitration {
    pub(crate) decision_id: DecisionId,
    /// At least one, each key once.
    pub(crate) awards: Vec<Award>,
}

/// One key, awarded to one claim.
#[derive(Clone, Debug)]
pub(crate) struct Award {
    pub(crate) key: AssociationKey,
    pub(crate) winner: ClaimName,
    /// The winner's case, where it was said.
    pub(crate) review_case: Option<CaseId>,
    pub(crate) activities: Vec<Activity>,
}

impl Arbitration {
    /// The refusal of every key that goes to this claim, or of every key.
    pub(crate) fn refused(&self, winner: Option<&ClaimName>, reason: Reason) -> Vec<AwardRefusal> {
        let awards = self.awards.iter().filter(|award| winner.is_none_or(|winner| award.winner == *winner));
        awards.map(|award| AwardRefusal { key: award.key.clone(), reason }).collect()
    }
}

impl Tenant {
    /// Awards every key or none, once: `None` when this decision was answered since the tenant was loaded. The answer is
    /// remembered with each winner.
    pub(crate) fn arbitrate(&self, arbitration: &Arbitration, now: Timestamp) -> Option<Changed> {
        let Arbitration { decision_id, awards } = arbitration;
        if awards.iter().any(|award| self.decision(&award.winner, *decision_id).is_some()) {
            return None;
        }
        let refusals: Vec<_> = awards.iter().filter_map(|award| self.award_refusal(award)).collect();
        let (mut next, mut events) = (self.clone(), Vec::new());
        let decision = if refusals.is_empty() {
            Decision::Awarded(awards.iter().map(|award| next.award(award, now, &mut events)).collect())
        } else {
            Decision::NotAwarded(refusals)
        };
        for Award { winner, review_case, .. } in awards {
            let answered = Answered { review_case: *review_case, decision: decision.clone() };
            next.claims.entry(winner.clone()).or_default().decisions.insert(*decision_id, answered);
        }
        Some((next, events))
    }

    fn award_refusal(&self, award: &Award) -> Option<AwardRefusal> {
        let closed = self.claims.get(&award.winner).is_some_and(|record| record.is_closed(award.review_case));
        let taken = self.successors.get(&award.key).is_some_and(|successor| successor.claim != award.winner);
        let reason = if closed {
            Reason::ClaimClosed
        } else if !self.directory.has(&award.key) {
            Reason::KeyUnknown
        } else if taken && award.is_exclusive() {
            Reason::SuccessorExists
        } else {
            return None;
        };
        Some(AwardRefusal { key: award.key.clone(), reason })
    }

    /// A pending hold of another company yields at once; an official holder stays, and the winner is its successor.
    fn award(&mut self, award: &Award, now: Timestamp, events: &mut Vec<TenantEvent>) -> AwardOutcome {
        if !award.is_exclusive() {
            return AwardOutcome::Cleared;
        }
        let rival = |found: &Association| {
            found.key == award.key && found.holds_key() && *found.partner() != award.winner.partner
        };
        let yielded =
            self.end(EndReason::Superseded, now, |found| rival(found) && found.state == AssociationState::Pending);
        let outcome = if self.associations.values().any(rival) {
            let successor = Successor { claim: award.winner.clone(), review_case: award.review_case };
            self.successors.insert(award.key.clone(), successor);
            AwardOutcome::Successor
        } else if yielded.is_empty() {
            AwardOutcome::Cleared
        } else {
            AwardOutcome::Yielded
        };
        events.extend(yielded);
        outcome
    }
}

impl Award {
    fn is_exclusive(&self) -> bool {
        self.activities.iter().any(|activity| activity.is_exclusive())
    }
}

#[cfg(test)]
mod tests;
