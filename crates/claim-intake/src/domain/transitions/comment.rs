//! Comments: the one channel between partner and reviewers (R55).
use crate::domain::{
    Claim, Command, Comment, Line, PartnerAction, Refusal, State, What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, Timestamp};

impl Claim {
    /// Adds a comment. One of the partner's counts as an answer to the reviewer's request (R21).
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a deleted draft, [`Refusal::UnknownTarget`] where it points at what is not on the claim.
    pub fn comment(&self, comment: Comment, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::Comment)?;
        self.check_comment_target(&comment)?;
        let mut builder = TransitionBuilder::new(self, now);
        if comment.side == ActorSide::Partner {
            builder.claim.count_response(|action| action.comments += 1);
        }
        let entry = self.with_target_changes(EntryDetails::with_reason(comment.text.clone()), &comment);
        builder.record(What::Commented, entry.with_comment(Some(comment)));
        Ok(builder.build())
    }

    /// What the comment points at, as the history says it.
    fn with_target_changes(&self, entry: EntryDetails, comment: &Comment) -> EntryDetails {
        let evidence = self.evidence.iter().find(|known| Some(known.id) == comment.evidence);
        let line = self.all_lines().find(|known| Some(known.id) == comment.line);
        let targets =
            [("comment.evidence", evidence.map(ToString::to_string)), ("comment.line", line.map(ToString::to_string))];
        let targets = targets.into_iter().filter_map(|(field, target)| Some((field, target?)));
        targets.fold(entry, |entry, (field, target)| entry.with_change(field, "", target))
    }

    /// Its lines, and those that it lost.
    fn all_lines(&self) -> impl Iterator<Item = &Line> {
        self.content.lines.iter().chain(self.lost_lines.iter().map(|lost| &lost.line))
    }

    /// R55: a comment points at documents and lines of its own claim, those lost or ended included.
    fn check_comment_target(&self, comment: &Comment) -> Result<(), Refusal> {
        let evidence = comment.evidence.is_none_or(|id| self.evidence.iter().any(|known| known.id == id));
        let line = comment.line.is_none_or(|id| self.all_lines().any(|known| known.id == id));
        let unknown: Vec<_> =
            [("evidence", evidence), ("line_id", line)].into_iter().filter(|(_, known)| !known).collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(Refusal::UnknownTarget(unknown.into_iter().map(|(field, _)| field).collect())),
        }
    }

    /// Counts what the partner does while an answer is awaited; in every other state there is nothing to count.
    pub(super) fn count_response(&mut self, count: impl FnOnce(&mut PartnerAction)) {
        match &mut self.state {
            State::PartnerActionRequired(_, action) => count(action),
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
