//! What an arbitration comes to for a case (R37).
use super::{
    CaseEvent, Closing, Contest, ReviewCase, State,
    arbitration::{Arbitration, Verdict},
    case::transition,
};
use cpor_durable::Transition;
use cpor_types::{AssociationKey, Calendar, LineId, PrimaryRejection, Timestamp};
use std::collections::BTreeSet;

impl ReviewCase {
    /// Takes over what a lead has awarded: what it has won is contested no more; an open case loses the lines of others,
    /// and is over when none is left (R27a). An approved case keeps its lines until their associations end. `succeeding` are the
    /// keys whose holders stay on record until the winner's association is official. Doing so again changes nothing.
    #[must_use]
    pub fn awarded(
        &self,
        arbitration: &Arbitration,
        verdict: &Verdict,
        succeeding: &BTreeSet<AssociationKey>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let lines = |keys: &BTreeSet<AssociationKey>| -> Vec<LineId> {
            self.contending().filter(|line| keys.contains(&line.key)).map(|line| line.id).collect()
        };
        let (won, succeeding) = (lines(&verdict.won), lines(&verdict.won.intersection(succeeding).cloned().collect()));
        let lost = lines(&verdict.lost.values().flatten().cloned().collect());
        let (lost, kept) = if self.phase().is_open() { (lost, Vec::new()) } else { (Vec::new(), lost) };
        let mut next = Self { contest: self.contest.settling(verdict), ..self.clone() };
        next.snapshot.lines.retain(|line| !lost.contains(&line.id));
        next.ended.extend(lost.iter().copied());
        if next.snapshot.lines.is_empty() {
            next.state = State::Closed(Closing { primary_reason: PrimaryRejection::LostToCompetingClaim });
        }
        (next != *self).then(|| {
            let comment = arbitration.comment.clone();
            let event = CaseEvent::Awarded { decision_id: arbitration.id, won, succeeding, lost, kept, comment };
            transition(self, next.timed(now, calendar), event)
        })
    }
}

impl Contest {
    fn settling(&self, verdict: &Verdict) -> Self {
        let mut next = self.clone();
        next.settled_legacy.extend(verdict.won.iter().cloned());
        for (rival, keys) in verdict.settled.iter().chain(&verdict.lost) {
            next.settled.entry(*rival).or_default().extend(keys.iter().cloned());
        }
        next
    }
}
