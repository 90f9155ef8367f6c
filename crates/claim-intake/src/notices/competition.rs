//! Claims that compete (R37). Never a word on who the rival is.
use super::letter::{Letter, Mood, Section, Setting, named};

pub(super) fn begun(setting: &Setting<'_>) -> Option<Letter> {
    let contested = named(setting.claim.content.lines.iter().filter(|line| line.contested));
    if contested.is_empty() || setting.claim.state.rejection().is_some() {
        return None;
    }
    let lead = format!(
        "Another company claims some of what you claim for {}, or has it on record. Neither of you learns who the other is.",
        setting.customer()
    );
    let now = "Reviewers look at both proofs of execution, and may ask both companies for more; until it is decided, the clocks of the review stand \
               still. A review lead then awards each contested line to one company.";
    let you = "Nothing, if your proof of execution says it all. You may write a comment (CreateComment) and, where the claim's state allows it, add \
               evidence (UploadEvidence).";
    let letter = setting.letter(Mood::News, "A competing claim", "Another company claims the same", lead);
    Some(letter.with([
        Some(Section::listing("What is contested", contested)),
        Some(Section::saying("What happens now", [now])),
        Some(Section::saying("What you can do", [you])),
    ]))
}

pub(super) fn lost(setting: &Setting<'_>) -> Option<Letter> {
    if setting.claim.state.rejection().is_some() {
        return None;
    }
    let lost = setting.claim.lost_lines.iter().filter(|lost| lost.time == setting.about.time);
    let lost = named(lost.map(|lost| &lost.line));
    if lost.is_empty() {
        return None;
    }
    let when = setting.time(setting.about.time);
    let lead =
        format!("On {when} a review lead decided between your claim for {} and another company's.", setting.customer());
    let letter = setting.letter(Mood::Bad, "Lines lost", "Part of your claim was awarded to another company", lead);
    let left = named(&setting.claim.content.lines);
    Some(letter.with([
        Some(Section::listing("What was awarded to another company", lost)),
        Some(Section::listing("What your claim goes on with", left)),
    ]))
}
