//! Associations that end while the claim stays approved (R37, R39). An association puts the partner
//! on record for the workload or subscription of a line. It is superseded when it ends in favour of
//! another company that won the line. A *line* is the part of a claim that is about one workload or
//! subscription of the customer.
use super::apply::FactContext;
use crate::domain::{
    Association, AssociationEnd, Claim, EndReason, EventKind, FactKind, State, Submission, claim::TransitionBuilder,
};
use cpor_durable::Transition;
use cpor_types::LineId;

impl Claim {
    /// Applies the registry's report that associations ended. An end by expiry or supersession is
    /// stored with the lines. Every other end is a consequence of the claim's own rejection, and is
    /// only recorded in the history.
    pub(super) fn apply_association_ended(
        &self,
        submission: &Submission,
        reason: EndReason,
        lines: &[LineId],
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        match (reason, self.state.association()) {
            (EndReason::Expired | EndReason::Superseded, Some(association)) => {
                self.end_lines(submission, association, reason, lines, context)
            }
            (EndReason::Expired | EndReason::Superseded, None)
            | (EndReason::Declined | EndReason::Withdrawn | EndReason::Rejected, _) => {
                Some(self.record_only(EventKind::FactApplied(FactKind::AssociationEnded), context.entry(), context.now))
            }
        }
    }

    /// Ends the associations of `lines`. If a later end of a line was recorded before, the earlier
    /// end replaces it (R47): for example, another company turns out to have been on record before
    /// the subscription ended. Returns `None` if the report ends none of the lines: each had ended
    /// at that time or earlier, or is not on the claim.
    fn end_lines(
        &self,
        submission: &Submission,
        association: &Association,
        reason: EndReason,
        lines: &[LineId],
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        let since = association.official_time();
        let status_before = association.as_str();
        let mut builder = TransitionBuilder::new(self, context.now);
        let (mut entry, mut ended) = (context.entry(), Vec::new());
        for (index, line) in builder.claim.content.lines.iter_mut().enumerate() {
            let can_end = line.association_end.as_ref().is_none_or(|end| context.effective_time < end.until);
            if can_end && lines.contains(&line.id) {
                entry = match &line.association_end {
                    None => entry.with_change(&format!("lines[{index}].association_state"), status_before, "ended"),
                    Some(end) => {
                        let field = format!("lines[{index}].association_end_reason");
                        entry.with_change(&field, end.reason.to_string(), reason.to_string())
                    }
                };
                line.association_end = Some(AssociationEnd { reason, since, until: context.effective_time });
                (line.contested, line.contested_since, line.awarded_to_rival) = (false, None, None);
                ended.push(line.id);
            }
        }
        if ended.is_empty() {
            return None;
        }
        builder.claim.lapse_statement_without_contest();
        let submission = builder.claim.state.submission().unwrap_or(submission).clone();
        let have_all_ended = builder.claim.content.lines.iter().all(|line| line.association_end.is_some());
        if have_all_ended {
            builder.claim.state = State::Approved(submission, Association::Ended { since });
            if status_before != "ended" {
                entry = entry.with_change("association_state", status_before, "ended");
            }
        }
        builder.record(EventKind::LinesEnded { lines: ended, all: have_all_ended }, entry);
        Some(builder.build())
    }
}
