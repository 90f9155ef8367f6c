//! Applies the result of an arbitration to a review case (R37). An arbitration awards contested
//! keys (workloads or subscriptions of a tenant that claims of several companies want) to one case
//! each. A line is the part of a claim that is about one key. A legacy association, which was
//! recorded before claims existed, can hold a contested key, too.
use super::{Arbitration, Verdict};
use crate::domain::{CaseClosure, CaseEvent, Competition, ReviewCase, Rivals, State, case::transition};
use cpor_durable::Transition;
use cpor_types::{AssociationKey, Calendar, LineId, PrimaryRejectionReason, Timestamp};
use std::collections::BTreeSet;

impl ReviewCase {
    /// Applies the verdict of an arbitration to this case. Lines that the case wins are no longer
    /// contested. An open case loses the lines that another case wins, and is closed when no line
    /// is left (R27a). An approved case keeps its lines until their associations end.
    ///
    /// `successor_keys` are the keys whose current holders stay on record until the winner's
    /// association becomes official. If the claim has given up a key that it wins, an event tells
    /// the registry not to reserve the key. Returns `None` if nothing changes, in particular when
    /// the same verdict is applied again, unless there is such a key: its event is then sent again.
    #[must_use]
    pub fn apply_award(
        &self,
        arbitration: &Arbitration,
        verdict: &Verdict,
        successor_keys: &BTreeSet<AssociationKey>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let lines_for = |keys: &BTreeSet<AssociationKey>| -> Vec<LineId> {
            self.competing_lines().filter(|line| keys.contains(&line.key)).map(|line| line.id).collect()
        };
        // The claim may have given up a line since the award was planned. The registry must not
        // reserve such a key.
        let competing_keys = self.competing_keys();
        let (won, given_up): (BTreeSet<_>, BTreeSet<_>) =
            verdict.won.iter().cloned().partition(|key| competing_keys.contains(key));
        let won_lines = lines_for(&won);
        let successor_lines = lines_for(&won.intersection(successor_keys).cloned().collect());
        let lost_keys: BTreeSet<_> = verdict.lost.values().flatten().cloned().collect();
        let lost = lines_for(&lost_keys);
        let (lost_lines, kept_lines) = if self.phase().is_open() { (lost, Vec::new()) } else { (Vec::new(), lost) };
        let mut next = Self { competition: self.competition.with_settled(verdict, &won), ..self.clone() };
        next.competition.awards.retain(|key, _| !lost_keys.contains(key));
        next.competition.awards.extend(won.iter().map(|key| (key.clone(), arbitration.id)));
        if self.phase().is_approved() {
            next.competition.record_awards_to_rivals(&verdict.lost, &verdict.won);
        }
        next.snapshot.lines.retain(|line| !lost_lines.contains(&line.id));
        next.ended_lines.extend(lost_lines.iter().copied());
        if next.snapshot.lines.is_empty() {
            next.state = State::Closed(CaseClosure { primary_reason: PrimaryRejectionReason::LostToCompetingClaim });
        }
        let released = given_up.into_iter().map(|key| CaseEvent::AwardReleased { key, decision_id: arbitration.id });
        let released: Vec<_> = released.collect();
        if next == *self {
            // The verdict was applied before. The registry is told again of the released keys, and
            // ignores the repetition.
            return (!released.is_empty()).then(|| Transition::new(next, released));
        }
        let event = CaseEvent::Awarded {
            decision_id: arbitration.id,
            won_lines,
            successor_lines,
            lost_lines,
            kept_lines,
            comment: arbitration.comment.clone(),
        };
        let mut applied = transition(self, next.with_updated_clocks(now, calendar), event);
        applied.events.extend(released);
        Some(applied)
    }
}

impl Competition {
    /// Returns the competition with the keys of the verdict marked as settled: they are no longer
    /// contested between this case and its rivals in the verdict. `won` are the keys that the case
    /// wins and has not given up.
    fn with_settled(&self, verdict: &Verdict, won: &BTreeSet<AssociationKey>) -> Self {
        let mut next = self.clone();
        next.settled_legacy_keys.extend(won.iter().cloned());
        for (rival, keys) in &verdict.settled {
            next.settled_keys.entry(*rival).or_default().extend(keys.intersection(won).cloned());
        }
        for (rival, keys) in &verdict.lost {
            next.settled_keys.entry(*rival).or_default().extend(keys.iter().cloned());
        }
        next.settled_keys.retain(|_, keys| !keys.is_empty());
        next
    }

    /// Records that an approved case has lost keys to rivals, and that earlier awards of keys that
    /// are awarded anew no longer count.
    fn record_awards_to_rivals(&mut self, lost: &Rivals, won: &BTreeSet<AssociationKey>) {
        let is_awarded_anew = |key: &AssociationKey| won.contains(key) || lost.values().any(|keys| keys.contains(key));
        self.awarded_to_rivals.values_mut().for_each(|keys| keys.retain(|key| !is_awarded_anew(key)));
        for (rival, keys) in lost {
            self.awarded_to_rivals.entry(*rival).or_default().extend(keys.iter().cloned());
        }
        self.awarded_to_rivals.retain(|_, keys| !keys.is_empty());
    }
}
