//! What competition does to a claim's lines (R27a, R37).
use super::{
    apply::{ApplyResult, FactContext},
    close::NewRejection,
};
use crate::domain::{
    Awards, Claim, Comment, FactKind, LostLine, StateKind, Submission, What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, CommentId, LineId, PrimaryRejection, Timestamp};

/// What the partner is told (R37), without a word on who the rival is.
const COMPETITION_BEGUN: &str = "Another company claims some of what this claim claims, or has it on record. Reviewers look at both; until it is decided their \
                     clocks stand still. You may add evidence where the claim's state allows it.";
const COMPETITION_OVER: &str = "Nobody competes with this claim any more. The review goes on.";
/// To the partner of an approved claim, which may have won or is to be superseded.
const COMPETITION_SETTLED: &str = "The competition for what this claim holds is over.";

impl Awards {
    /// What became of the line, as the history says it; `None`: it was not contested.
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
    /// R37. Of an approved claim the registry tells which associations end: here it is history.
    pub(super) fn apply_lines_awarded(
        &self,
        submission: &Submission,
        awards: &Awards,
        said: Option<Comment>,
        context: &FactContext<'_>,
    ) -> ApplyResult {
        let entry = self.with_award_changes(context.entry().with_comment(said), awards);
        let lost = &awards.lost;
        let loses = self.content.lines.iter().any(|line| lost.contains(&line.id));
        if self.state.kind() == StateKind::Approved || !loses {
            return Ok(Some(self.record_only(What::Reported(FactKind::LinesAwarded), entry, context.now)));
        }
        let left = self.without_lines(lost, context);
        if !left.content.lines.is_empty() {
            let mut builder = TransitionBuilder::new(&left, context.now);
            builder.record(What::LinesLost, entry);
            return Ok(Some(builder.build()));
        }
        let remedy = context.rules.remedy(submission, context.time)?;
        let primary = PrimaryRejection::LostToCompetingClaim;
        let mut rejection = NewRejection::by_fact(FactKind::LinesAwarded, primary, context.time, remedy);
        rejection.comment.clone_from(&context.reason);
        Ok(Some(left.close(submission, rejection, entry, context.now)))
    }

    fn with_award_changes(&self, entry: EntryDetails, awards: &Awards) -> EntryDetails {
        let lines = self.content.lines.iter().enumerate();
        let awarded = lines.filter_map(|(place, line)| Some((place, line, awards.outcome_for(line.id)?)));
        awarded
            .fold(entry, |entry, (place, line, to)| entry.with_change(&format!("lines[{place}]"), line.to_string(), to))
    }

    /// This claim without the lines that it lost.
    fn without_lines(&self, lost: &[LineId], context: &FactContext<'_>) -> Self {
        let mut left = self.clone();
        let gone = left.content.lines.extract_if(.., |line| lost.contains(&line.id));
        let gone: Vec<_> = gone.map(|line| LostLine { line, time: context.time }).collect();
        left.lost_lines.extend(gone);
        left
    }

    /// These lines are contested now and no others; answers the entry with what changed.
    pub(super) fn set_contested(&mut self, contested: &[LineId], mut entry: EntryDetails) -> EntryDetails {
        for (place, line) in self.content.lines.iter_mut().enumerate() {
            let now = contested.contains(&line.id);
            if now != line.contested {
                let field = format!("lines[{place}].contested");
                entry = entry.with_change(&field, line.contested.to_string(), now.to_string());
                line.contested = now;
            }
        }
        entry
    }

    /// R37: the partner is told when competition begins and when it is over.
    pub(super) fn apply_competition_changed(
        &self,
        submission: &Submission,
        contested: &[LineId],
        notice: CommentId,
        due: Option<Timestamp>,
        context: &FactContext<'_>,
    ) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        builder.claim.state = self.state.with_submission(submission.with_review_due(due));
        let entry = builder.claim.set_contested(contested, context.entry().with_review_due(submission, due));
        let is_contested = |claim: &Self| claim.content.lines.iter().any(|line| line.contested);
        let text = match (is_contested(self), is_contested(&builder.claim)) {
            (false, true) => Some(COMPETITION_BEGUN),
            (true, false) if self.state.kind() == StateKind::Approved => Some(COMPETITION_SETTLED),
            (true, false) => Some(COMPETITION_OVER),
            (true, true) | (false, false) => None,
        };
        let said = text.map(|text| Comment {
            id: notice,
            side: ActorSide::System,
            text: text.to_owned(),
            time: context.time,
            evidence: None,
            line: None,
        });
        builder.record(What::Reported(FactKind::CompetitionChanged), entry.with_comment(said));
        builder.build()
    }
}
