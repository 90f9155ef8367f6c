//! Comments, the only channel between the partner and the reviewers (R55). A *line* is the part of
//! a claim that is about one workload or subscription of the customer. A *statement* is the
//! partner's answer to a reviewer's question about a line that another company also claims; it
//! decides nothing.
use crate::domain::{
    Claim, Command, Comment, EventKind, Line, PartnerAction, Refusal, State, StatementStatus,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, Timestamp};

impl Claim {
    /// Adds a comment. A comment by the partner counts as an answer to the reviewer's request for
    /// partner action (R21) or for a statement (R37a).
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, and [`Refusal::UnknownTarget`] if the
    /// comment refers to a document or line that is not on the claim.
    pub fn comment(&self, comment: Comment, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::Comment)?;
        self.check_comment_target(&comment)?;
        let mut builder = TransitionBuilder::new(self, now);
        if comment.side == ActorSide::Partner {
            builder.claim.count_response(|request| request.comments += 1);
            builder.claim.set_open_statement_status(StatementStatus::Given);
        }
        let entry = self.with_target_changes(EntryDetails::with_reason(comment.text.expose().to_owned()), &comment);
        builder.record(EventKind::Commented, entry.with_comment(Some(comment)));
        Ok(builder.build())
    }

    /// Adds the document and the line that the comment refers to, as display text, to the history
    /// entry.
    fn with_target_changes(&self, entry: EntryDetails, comment: &Comment) -> EntryDetails {
        let evidence = self.evidence.iter().find(|document| Some(document.id) == comment.evidence);
        let line = self.all_lines().find(|line| Some(line.id) == comment.line);
        let targets =
            [("comment.evidence", evidence.map(ToString::to_string)), ("comment.line", line.map(ToString::to_string))];
        let targets = targets.into_iter().filter_map(|(field, target)| Some((field, target?)));
        targets.fold(entry, |entry, (field, target)| entry.with_change(field, "", target))
    }

    /// Returns the lines of the claim and the lines that it lost.
    fn all_lines(&self) -> impl Iterator<Item = &Line> {
        self.content.lines.iter().chain(self.lost_lines.iter().map(|lost| &lost.line))
    }

    /// R55: refuses a comment that refers to a document or line of another claim. Lines that this
    /// claim lost, and lines whose associations have ended, are allowed.
    fn check_comment_target(&self, comment: &Comment) -> Result<(), Refusal> {
        let is_evidence_known =
            comment.evidence.is_none_or(|id| self.evidence.iter().any(|document| document.id == id));
        let is_line_known = comment.line.is_none_or(|id| self.all_lines().any(|line| line.id == id));
        let unknown: Vec<_> = [("evidence", is_evidence_known), ("line_id", is_line_known)]
            .into_iter()
            .filter(|(_, is_known)| !is_known)
            .collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(Refusal::UnknownTarget(unknown.into_iter().map(|(field, _)| field).collect())),
        }
    }

    /// Applies `increment` to the counters of what the partner has done since the reviewer's
    /// request for partner action. Does nothing unless the claim is in PARTNER_ACTION_REQUIRED.
    pub(super) fn count_response(&mut self, increment: impl FnOnce(&mut PartnerAction)) {
        match &mut self.state {
            State::PartnerActionRequired(_, action) => increment(action),
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Approved(..)
            | State::Rejected(..)
            | State::Disputed(_) => {}
        }
    }
}
