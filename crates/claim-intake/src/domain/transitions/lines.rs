//! What competition does to a claim's lines (R27a, R37).
use super::{
    apply::{Applied, At},
    close::End,
};
use crate::domain::{
    Awards, Claim, Comment, FactKind, LostLine, StateKind, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, CommentId, LineId, PrimaryRejection, Timestamp};

/// What the partner is told (R37), without a word on who the rival is.
const BEGUN: &str = "Another company claims some of what this claim claims, or has it on record. Reviewers look at both; until it is decided their \
                     clocks stand still. You may add evidence where the claim's state allows it.";
const OVER: &str = "Nobody competes with this claim any more. The review goes on.";
/// To the partner of an approved claim, which may have won or is to be superseded.
const SETTLED: &str = "The competition for what this claim holds is over.";

impl Awards {
    /// What became of the line, as the history says it; `None`: it was not contested.
    fn of(&self, line: LineId) -> Option<&'static str> {
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
    pub(super) fn lines_awarded(
        &self,
        submission: &Submission,
        awards: &Awards,
        said: Option<Comment>,
        at: &At<'_>,
    ) -> Applied {
        let entry = self.awarded(at.entry().saying(said), awards);
        let lost = &awards.lost;
        let loses = self.content.lines.iter().any(|line| lost.contains(&line.id));
        if self.state.kind() == StateKind::Approved || !loses {
            return Ok(Some(self.noted(What::Reported(FactKind::LinesAwarded), entry, at.now)));
        }
        let left = self.without(lost, at);
        if !left.content.lines.is_empty() {
            let mut next = Next::of(&left, at.now);
            next.record(What::LinesLost, entry);
            return Ok(Some(next.done()));
        }
        let remedy = at.rules.remedy(submission, at.time)?;
        let primary = PrimaryRejection::LostToCompetingClaim;
        let mut end = End::by_fact(FactKind::LinesAwarded, primary, at.time, remedy);
        end.comment.clone_from(&at.reason);
        Ok(Some(left.close(submission, end, entry, at.now)))
    }

    fn awarded(&self, entry: Entry, awards: &Awards) -> Entry {
        let lines = self.content.lines.iter().enumerate();
        let awarded = lines.filter_map(|(place, line)| Some((place, line, awards.of(line.id)?)));
        awarded.fold(entry, |entry, (place, line, to)| entry.changing(&format!("lines[{place}]"), line.to_string(), to))
    }

    /// This claim without the lines that it lost.
    fn without(&self, lost: &[LineId], at: &At<'_>) -> Self {
        let mut left = self.clone();
        let gone = left.content.lines.extract_if(.., |line| lost.contains(&line.id));
        let gone: Vec<_> = gone.map(|line| LostLine { line, time: at.time }).collect();
        left.lost_lines.extend(gone);
        left
    }

    /// These lines are contested now and no others; answers the entry with what changed.
    pub(super) fn contest(&mut self, contested: &[LineId], mut entry: Entry) -> Entry {
        for (place, line) in self.content.lines.iter_mut().enumerate() {
            let now = contested.contains(&line.id);
            if now != line.contested {
                let field = format!("lines[{place}].contested");
                entry = entry.changing(&field, line.contested.to_string(), now.to_string());
                line.contested = now;
            }
        }
        entry
    }

    /// R37: the partner is told when competition begins and when it is over.
    pub(super) fn competition_changed(
        &self,
        submission: &Submission,
        contested: &[LineId],
        notice: CommentId,
        due: Option<Timestamp>,
        at: &At<'_>,
    ) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        next.claim.state = self.state.with_submission(submission.clocked(due));
        let entry = next.claim.contest(contested, at.entry().clocked(submission, due));
        let is_contested = |claim: &Self| claim.content.lines.iter().any(|line| line.contested);
        let text = match (is_contested(self), is_contested(&next.claim)) {
            (false, true) => Some(BEGUN),
            (true, false) if self.state.kind() == StateKind::Approved => Some(SETTLED),
            (true, false) => Some(OVER),
            (true, true) | (false, false) => None,
        };
        let said = text.map(|text| Comment {
            id: notice,
            side: ActorSide::System,
            text: text.to_owned(),
            time: at.time,
            evidence: None,
            line: None,
        });
        next.record(What::Reported(FactKind::CompetitionChanged), entry.saying(said));
        next.done()
    }
}
