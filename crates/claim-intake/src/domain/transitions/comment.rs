//! Comments: the one channel between partner and reviewers (R55).
use crate::domain::{
    Claim, Command, Comment, PartnerAction, Refusal, State, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, Timestamp};

impl Claim {
    /// Adds a comment. One of the partner's counts as an answer to the reviewer's request (R21).
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for a deleted draft.
    pub fn comment(&self, comment: Comment, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.admit(Command::Comment)?;
        let mut next = Next::of(self, now);
        if comment.side == ActorSide::Partner {
            next.claim.answer(|action| action.comments += 1);
        }
        next.record(What::Commented, Entry::because(comment.text.clone()).saying(Some(comment)));
        Ok(next.done())
    }

    /// Counts what the partner does while an answer is awaited; in every other state there is nothing to count.
    pub(super) fn answer(&mut self, count: impl FnOnce(&mut PartnerAction)) {
        match &mut self.state {
            State::PartnerActionRequired(_, action) => count(action),
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Approved(..)
            | State::Rejected(..) => {}
        }
    }
}
