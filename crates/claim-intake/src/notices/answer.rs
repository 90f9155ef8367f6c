//! A reviewer needs something, and the partner has time to answer (R20–R22, R48).
use super::{
    letter::{Letter, Mood, Section, Setting, named},
    words::asked_for,
};
use crate::domain::PartnerAction;
use cpor_types::EditsAfterSubmission;

pub(super) fn asked(setting: &Setting<'_>) -> Option<Letter> {
    let action = setting.claim.state.partner_action().filter(|action| action.request_time == setting.about.time)?;
    let lead = format!(
        "A reviewer has looked at your claim for {} and needs something from you before it can be decided.",
        setting.customer()
    );
    let subject = format!("Action required by {}", setting.day(action.response.deadline.due));
    Some(letter(setting, action, &subject, "The reviewer needs something from you", lead))
}

pub(super) fn reminder(setting: &Setting<'_>) -> Option<Letter> {
    let reminded =
        |action: &&PartnerAction| action.response.remind.is_none() && action.request_time < setting.about.time;
    let action = setting.claim.state.partner_action().filter(reminded)?;
    let lead = format!(
        "This is a reminder: a reviewer has asked you for something about your claim for {}, and you have not answered yet.",
        setting.customer()
    );
    let subject = format!("Reminder: answer by {}", setting.day(action.response.deadline.due));
    Some(letter(setting, action, &subject, "Your answer is due soon", lead))
}

fn letter(setting: &Setting<'_>, action: &PartnerAction, subject: &str, headline: &str, lead: String) -> Letter {
    let reasons = action.reasons.iter().map(|reason| asked_for(*reason).to_owned());
    let lines = &setting.claim.content.lines;
    let removed = named(lines.iter().filter(|line| action.remove_lines.contains(&line.id)));
    let removed = (!removed.is_empty()).then(|| Section::listing("To be removed from the claim", removed));
    let due = setting.time(action.response.deadline.due);
    let until = format!(
        "You have until {due}. A claim that has not been resubmitted by then is rejected for insufficient proof of execution."
    );
    setting.letter(Mood::Act, subject, headline, lead).with([
        Some(Section::listing("What is asked for", reasons)),
        removed,
        Section::quoting("What the reviewer wrote", &action.comment),
        Some(Section::saying("Until when", [until]).strong()),
        Some(Section::saying("How to answer", [how(setting).to_owned(), RESUBMIT.to_owned()])),
    ])
}

/// What the claim's policy leaves to the partner (R29).
const fn how(setting: &Setting<'_>) -> &'static str {
    match setting.submission.leeway.edits {
        EditsAfterSubmission::Nothing => {
            "Upload the evidence that is missing (UploadEvidence), or write a comment to the reviewer (CreateComment)."
        }
        EditsAfterSubmission::WhilePartnerActs | EditsAfterSubmission::UntilReview => {
            "Upload the evidence that is missing (UploadEvidence), correct the claim (UpdateClaim), or write a comment to the reviewer \
             (CreateComment)."
        }
    }
}

const RESUBMIT: &str = "Then resubmit the claim (ResubmitClaim): it goes back to the same reviewer. This needs an administrator of your company.";
