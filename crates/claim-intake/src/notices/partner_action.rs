//! Mails about a reviewer's request for partner action: the request itself (R20) and the reminder
//! before the response deadline (R22, R48).
use super::{
    label_text::action_reason_text,
    mail_content::{MailContent, MailContext, Section, Tone, line_labels},
};
use crate::domain::PartnerAction;
use cpor_types::EditsAfterSubmission;

/// Returns the mail about a request; `None` if the claim no longer waits for the answer to it.
pub(super) fn request_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let action = context.claim.state.partner_action().filter(|action| action.request_time == context.data.time)?;
    let lead = format!(
        "A reviewer has looked at your claim for {} and needs something from you before it can be decided.",
        context.customer()
    );
    let subject = format!("Action required by {}", context.day(action.response.deadline.due));
    Some(partner_action_mail(context, action, &subject, "The reviewer needs something from you", lead))
}

/// Returns the reminder to answer a request; `None` if the claim no longer waits for the answer to
/// it.
pub(super) fn reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_reminded =
        |action: &&PartnerAction| action.response.reminder_time.is_none() && action.request_time < context.data.time;
    let action = context.claim.state.partner_action().filter(is_reminded)?;
    let lead = format!(
        "This is a reminder: a reviewer has made a request about your claim for {}, and you have not answered yet.",
        context.customer()
    );
    let subject = format!("Reminder: answer by {}", context.day(action.response.deadline.due));
    Some(partner_action_mail(context, action, &subject, "Your answer is due soon", lead))
}

/// Creates a mail on what the reviewer requests, until when, and how the partner can answer.
fn partner_action_mail(
    context: &MailContext<'_>,
    action: &PartnerAction,
    subject: &str,
    headline: &str,
    lead: String,
) -> MailContent {
    let reasons = action.reasons.iter().map(|reason| action_reason_text(*reason).to_owned());
    let lines = &context.claim.content.lines;
    let lines_to_remove = line_labels(lines.iter().filter(|line| action.remove_lines.contains(&line.id)));
    let removal_section =
        (!lines_to_remove.is_empty()).then(|| Section::bullet_points("What to remove from the claim", lines_to_remove));
    let due = context.time(action.response.deadline.due);
    let deadline_text = format!(
        "You have until {due}. A claim that has not been resubmitted by then is rejected for insufficient proof of execution."
    );
    context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::bullet_points("What the reviewer asks for", reasons)),
        removal_section,
        Section::quote("What the reviewer wrote", &action.comment),
        Some(Section::paragraphs("Deadline", [deadline_text]).emphasized()),
        Some(Section::paragraphs("How to answer", [answer_text(context).to_owned(), RESUBMIT_TEXT.to_owned()])),
    ])
}

/// Returns how the partner can answer. The claim's policy decides whether the partner may edit the
/// claim (R29).
const fn answer_text(context: &MailContext<'_>) -> &'static str {
    match context.submission.policy_values.edits {
        EditsAfterSubmission::Nothing => {
            "Upload the missing evidence (UploadEvidence), or write a comment to the reviewer (CreateComment)."
        }
        EditsAfterSubmission::WhilePartnerActs | EditsAfterSubmission::UntilReview => {
            "Upload the missing evidence (UploadEvidence), correct the claim (UpdateClaim), or write a comment to the reviewer \
             (CreateComment)."
        }
    }
}

/// The sentence on how to resubmit the claim.
const RESUBMIT_TEXT: &str = "Then resubmit the claim (ResubmitClaim). It goes back to the same reviewer. Only an administrator of your company can resubmit it.";
