//! The effects of competition and arbitration on the lines of a claim (R27a, R37). A *policy
//! profile* is a versioned set of values that the business rules leave open (R61).
//!
//! A *line* is the part of a claim that is about one workload or subscription. It is *contested*
//! while another company claims or holds the same. A review lead then awards it to one of them.
use super::{
    apply::{ApplyResult, FactContext},
    close::NewRejection,
};
use crate::domain::{
    Awards, Claim, ClaimStateKind, Comment, EventKind, FactKind, Line, LostLine, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, CommentId, LineId, PrimaryRejectionReason, Timestamp};

/// The comment to the partner when a competition begins (R37), if the policy profile stops the
/// deadlines of the review meanwhile. Like the following texts, it does not reveal the competing
/// company.
const COMPETITION_BEGUN: &str = "Another company claims some of what this claim claims, or is on record for it. Reviewers look at both sides; the review \
                     deadlines are stopped until the competition is decided. You may add evidence where the claim's state allows it.";
/// The comment to the partner when a competition begins, if the policy profile lets the deadlines
/// of the review run meanwhile.
const COMPETITION_BEGUN_CLOCKS_RUN: &str = "Another company claims some of what this claim claims, or is on record for it. Reviewers look at both sides; the \
                     review deadlines run meanwhile. You may add evidence where the claim's state allows it.";
/// The comment to the partner when a competition during the review is over.
const COMPETITION_OVER: &str = "Nobody competes with this claim any more. The review continues.";
/// The comment to the partner of an approved claim when a competition is over. The claim may have
/// won the line, or may later be replaced on record by the winner.
const COMPETITION_SETTLED: &str = "The competition for the lines of this claim is over.";

impl Awards {
    /// Returns the result of the arbitration for the line, as the history contains it; `None` when
    /// the arbitration did not decide about the line.
    fn outcome_for(&self, line: LineId) -> Option<&'static str> {
        if self.succeeding.contains(&line) {
            Some("awarded to this claim, once its association is official; until then another keeps it on record")
        } else if self.won.contains(&line) {
            Some("awarded to this claim")
        } else if self.kept.contains(&line) {
            Some(
                "awarded to another claim, once the association of that one is official; until then this claim keeps it",
            )
        } else {
            self.lost.contains(&line).then_some("awarded to another claim")
        }
    }
}

impl Claim {
    /// R37: a review lead awarded contested lines. If the claim is approved or loses no line, the
    /// awards are only recorded; the registry reports separately which associations of an approved
    /// claim end. Another claim loses the lines that were awarded to others, and is rejected with
    /// the last one (R27a).
    pub(super) fn apply_lines_awarded(
        &self,
        submission: &Submission,
        awards: &Awards,
        comment: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let entry = self.with_award_changes(context.entry().with_comment(comment), awards);
        let lost = &awards.lost;
        let loses_lines = self.content.lines.iter().any(|line| lost.contains(&line.id));
        if self.state.kind() == ClaimStateKind::Approved || !loses_lines {
            return Ok(Some(self.record_only(EventKind::FactApplied(FactKind::LinesAwarded), entry, context.now)));
        }
        let remaining = self.without_lines(lost, context);
        if !remaining.content.lines.is_empty() {
            let mut builder = TransitionBuilder::new(&remaining, context.now);
            builder.record(EventKind::LinesLost, entry);
            return Ok(Some(builder.build()));
        }
        let remedy = context.rules.remedy(submission, context.effective_time)?;
        let primary_reason = PrimaryRejectionReason::LostToCompetingClaim;
        let mut rejection =
            NewRejection::by_fact(FactKind::LinesAwarded, primary_reason, context.effective_time, remedy);
        rejection.comment.clone_from(&context.reason);
        Ok(Some(remaining.close(submission, rejection, entry, context.now)))
    }

    /// Adds the result of the arbitration for each line to the history entry.
    fn with_award_changes(&self, entry: EntryDetails, awards: &Awards) -> EntryDetails {
        let lines = self.content.lines.iter().enumerate();
        let awarded = lines.filter_map(|(index, line)| Some((index, line, awards.outcome_for(line.id)?)));
        awarded.fold(entry, |entry, (index, line, outcome)| {
            entry.with_change(&format!("lines[{index}]"), line.to_string(), outcome)
        })
    }

    /// Returns this claim without the lines that it lost.
    fn without_lines(&self, lost: &[LineId], context: &FactContext<'_>) -> Self {
        let mut remaining = self.clone();
        let removed = remaining.content.lines.extract_if(.., |line| lost.contains(&line.id));
        // A dispute can bring the line back; poe-review then reports whether it is contested.
        let removed = removed.map(|line| LostLine {
            line: Line { contested: false, contested_since: None, ..line },
            time: context.effective_time,
        });
        let removed: Vec<_> = removed.collect();
        remaining.lost_lines.extend(removed);
        remaining
    }

    /// Marks exactly these lines as contested. A line that was contested before keeps its time; for
    /// others, the contest counts from `time`. Returns `entry` with the changes added.
    pub(super) fn set_contested(
        &mut self,
        contested: &[LineId],
        time: Timestamp,
        mut entry: EntryDetails,
    ) -> EntryDetails {
        for (index, line) in self.content.lines.iter_mut().enumerate() {
            let is_contested = contested.contains(&line.id);
            if is_contested != line.contested {
                let field = format!("lines[{index}].contested");
                entry = entry.with_change(&field, line.contested.to_string(), is_contested.to_string());
                line.contested = is_contested;
                line.contested_since = is_contested.then_some(time);
            }
        }
        entry
    }

    /// Marks exactly these lines as awarded to a competing claim. A line that was marked before
    /// keeps its time; for others, the award counts from `time`. Returns `entry` with the changes
    /// added.
    fn set_awarded_to_rival(&mut self, awarded: &[LineId], time: Timestamp, mut entry: EntryDetails) -> EntryDetails {
        for (index, line) in self.content.lines.iter_mut().enumerate() {
            let (was_awarded, is_awarded) = (line.awarded_to_rival.is_some(), awarded.contains(&line.id));
            if is_awarded != was_awarded {
                let field = format!("lines[{index}].awarded_to_rival");
                entry = entry.with_change(&field, was_awarded.to_string(), is_awarded.to_string());
                line.awarded_to_rival = is_awarded.then_some(time);
            }
        }
        entry
    }

    /// Lets [`Claim::new_documents`] start at zero again.
    fn restart_document_count(&mut self) {
        if let Some(submission) = self.state.submission() {
            let document_count_at_start = self.evidence.len();
            self.state = self.state.with_submission(Submission { document_count_at_start, ..submission.clone() });
        }
    }

    /// R37: the set of contested lines changed, or the set of lines that a competing claim has been
    /// awarded and that this approved claim still holds. A comment informs the partner when the
    /// competition begins and when it ends.
    pub(super) fn apply_competition_changed(
        &self,
        submission: &Submission,
        (contested, awarded): (&[LineId], &[LineId]),
        comment_id: CommentId,
        due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(submission.with_review_due(due));
        let entry = context.entry().with_review_due(submission, due);
        let entry = builder.claim.set_contested(contested, context.effective_time, entry);
        let entry = builder.claim.set_awarded_to_rival(awarded, context.effective_time, entry);
        builder.claim.lapse_statement_without_contest();
        let is_approved = self.state.kind() == ClaimStateKind::Approved;
        if is_approved && !self.has_contested_line() {
            // The documents that the partner adds during this competition are counted anew (R14).
            builder.claim.restart_document_count();
        }
        let clocks_run = submission.policy_values.review_clocks_run_while_competing;
        let text = match (self.has_contested_line(), builder.claim.has_contested_line()) {
            (false, true) if clocks_run => Some(COMPETITION_BEGUN_CLOCKS_RUN),
            (false, true) => Some(COMPETITION_BEGUN),
            (true, false) if is_approved => Some(COMPETITION_SETTLED),
            (true, false) => Some(COMPETITION_OVER),
            (true, true) | (false, false) => None,
        };
        let comment = text.map(|text| Comment {
            id: comment_id,
            side: ActorSide::System,
            text: text.into(),
            time: context.effective_time,
            evidence: None,
            line: None,
        });
        builder.record(EventKind::FactApplied(FactKind::CompetitionChanged), entry.with_comment(comment));
        builder.build()
    }
}
