//! What competition does to a claim's lines (R27a, R37).
use super::{
    apply::{Applied, At},
    close::End,
};
use crate::domain::{
    Claim, Comment, FactKind, LostLine, StateKind, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{ActorSide, CommentId, LineId, PrimaryRejection, Timestamp};

/// What the partner is told (R37), without a word on who the rival is.
const BEGUN: &str = "Another company claims some of what this claim claims, or has it on record. Reviewers look at both; until it is decided their \
                     clocks stand still. You may add evidence where the claim's state allows it.";
const OVER: &str = "Nobody competes with this claim any more. The review goes on.";

impl Claim {
    /// R37. Of an approved claim the registry tells which associations end: here it is history.
    pub(super) fn lines_awarded(
        &self,
        submission: &Submission,
        won: &[LineId],
        lost: &[LineId],
        said: Option<Comment>,
        at: &At<'_>,
    ) -> Applied {
        let entry = self.awarded(at.entry().saying(said), won, "awarded to this claim");
        let entry = self.awarded(entry, lost, "awarded to another claim");
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

    fn awarded(&self, entry: Entry, lines: &[LineId], to: &str) -> Entry {
        let places = self.content.lines.iter().enumerate().filter(|(_, line)| lines.contains(&line.id));
        places.fold(entry, |entry, (place, line)| entry.changing(&format!("lines[{place}]"), line.to_string(), to))
    }

    /// This claim without the lines that it lost.
    fn without(&self, lost: &[LineId], at: &At<'_>) -> Self {
        let mut left = self.clone();
        let gone = left.content.lines.extract_if(.., |line| lost.contains(&line.id));
        let gone: Vec<_> = gone.map(|line| LostLine { line, time: at.time }).collect();
        left.lost_lines.extend(gone);
        left
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
        let mut entry = at.entry();
        for (place, line) in next.claim.content.lines.iter_mut().enumerate() {
            let now = contested.contains(&line.id);
            if now != line.contested {
                let field = format!("lines[{place}].contested");
                entry = entry.changing(&field, line.contested.to_string(), now.to_string());
                line.contested = now;
            }
        }
        let is_contested = |claim: &Self| claim.content.lines.iter().any(|line| line.contested);
        let text = match (is_contested(self), is_contested(&next.claim)) {
            (false, true) => Some(BEGUN),
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
