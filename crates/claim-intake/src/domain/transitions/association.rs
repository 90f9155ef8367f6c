//! Associations that end while the claim stays approved (R37, R39).
use super::apply::At;
use crate::domain::{Association, Claim, EndReason, Ended, FactKind, State, Submission, What, claim::Next};
use cpor_durable::Transition;
use cpor_types::LineId;

impl Claim {
    /// By expiry or supersession the lines' associations are over; any other end follows from what ended the claim itself, and is history.
    pub(super) fn association_ended(
        &self,
        submission: &Submission,
        reason: EndReason,
        lines: &[LineId],
        at: &At<'_>,
    ) -> Option<Transition<Self>> {
        match (reason, self.state.association()) {
            (EndReason::Expired | EndReason::Superseded, Some(association)) => {
                self.lines_ended(submission, association, reason, lines, at)
            }
            (EndReason::Expired | EndReason::Superseded, None)
            | (EndReason::Declined | EndReason::Withdrawn | EndReason::Rejected, _) => {
                Some(self.noted(What::Reported(FactKind::AssociationEnded), at.entry(), at.now))
            }
        }
    }

    /// `None`: they are over already.
    fn lines_ended(
        &self,
        submission: &Submission,
        association: &Association,
        reason: EndReason,
        lines: &[LineId],
        at: &At<'_>,
    ) -> Option<Transition<Self>> {
        let since = association.official_time();
        let before = association.as_str();
        let mut next = Next::of(self, at.now);
        let (mut entry, mut ended) = (at.entry(), Vec::new());
        for (place, line) in next.claim.content.lines.iter_mut().enumerate() {
            if line.ended.is_none() && lines.contains(&line.id) {
                line.ended = Some(Ended { reason, since, until: at.time });
                line.contested = false;
                ended.push(line.id);
                entry = entry.changing(&format!("lines[{place}].association_state"), before, "ended");
            }
        }
        if ended.is_empty() {
            return None;
        }
        let all = next.claim.content.lines.iter().all(|line| line.ended.is_some());
        if all {
            next.claim.state = State::Approved(submission.clone(), Association::Ended { since });
            entry = entry.changing("association_state", before, "ended");
        }
        next.record(What::LinesEnded { lines: ended, all }, entry);
        Some(next.done())
    }
}
