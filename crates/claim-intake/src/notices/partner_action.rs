//! Mails about a reviewer's request for partner action: the request itself (R20) and the reminder
//! before the response deadline (R22, R48).
use super::{
    label_text::action_reason_text,
    mail_content::{MailContent, MailContext, Section, Tone},
};
use crate::domain::PartnerAction;
use cpor_mail::texts::Text;
use cpor_types::EditsAfterSubmission;

/// Returns the mail about a request; `None` if the claim no longer waits for the answer to it.
pub(super) fn request_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let action = context.claim.state.partner_action().filter(|action| action.request_time == context.data.time)?;
    let texts = &context.texts.partner_action;
    let lead = texts.request_lead.fill(&[("customer", context.customer())]);
    Some(partner_action_mail(context, action, &texts.request_subject, &texts.request_headline, lead))
}

/// Returns the reminder to answer a request; `None` if the claim no longer waits for the answer to
/// it.
pub(super) fn reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_reminded =
        |action: &&PartnerAction| action.response.reminder_time.is_none() && action.request_time < context.data.time;
    let action = context.claim.state.partner_action().filter(is_reminded)?;
    let texts = &context.texts.partner_action;
    let lead = texts.reminder_lead.fill(&[("customer", context.customer())]);
    Some(partner_action_mail(context, action, &texts.reminder_subject, &texts.reminder_headline, lead))
}

/// Creates a mail on what the reviewer requests, until when, and how the partner can answer.
fn partner_action_mail(
    context: &MailContext<'_>,
    action: &PartnerAction,
    subject: &Text,
    headline: &Text,
    lead: String,
) -> MailContent {
    let (common, texts) = (&context.texts.common, &context.texts.partner_action);
    let due = action.response.deadline.due;
    let subject = subject.fill(&[("day", &context.day(due))]);
    let reasons = action.reasons.iter().map(|reason| action_reason_text(&context.texts.action_reason, *reason));
    let lines = &context.claim.content.lines;
    let lines_to_remove = context.line_labels(lines.iter().filter(|line| action.remove_lines.contains(&line.id)));
    let removal_section = (!lines_to_remove.is_empty()).then(|| Section::bullet_points(&texts.remove, lines_to_remove));
    let deadline_text = texts.deadline.fill(&[("due", &context.time(due))]);
    // The claim's policy decides whether the partner may edit the claim (R29).
    let answer_text = match context.submission.policy_values.edits {
        EditsAfterSubmission::Nothing => &texts.answer_with_evidence,
        EditsAfterSubmission::WhilePartnerActs | EditsAfterSubmission::UntilReview => &texts.answer_with_edits,
    };
    context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::bullet_points(&texts.reasons, reasons)),
        removal_section,
        Section::quote(&common.reviewer_wrote, &action.comment),
        Some(Section::paragraphs(&common.deadline, [deadline_text]).emphasized()),
        Some(Section::paragraphs(&common.how_to_answer, [answer_text.plain(), texts.resubmit.plain()])),
    ])
}
