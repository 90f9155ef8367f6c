//! Mails about a customer who is not reached (R41a): a notice (a mail to the customer contact)
//! bounced, and the reminder before the claim is rejected for that reason (R48).
use super::mail_content::{MailContent, MailContext, Section, Tone};
use cpor_mail::texts::Text;

/// Returns the mail about a notice that bounced; `None` if the customer was reached meanwhile, a
/// new notice is on its way, or the association of the claim is no longer pending.
pub(super) fn bounce_mail(context: &MailContext<'_>) -> Option<MailContent> {
    if !context.submission.is_notice_bounced {
        return None;
    }
    let texts = &context.texts.delivery;
    let lead = texts.bounce_lead.fill(&[("customer", context.customer())]);
    unreached_mail(context, texts.bounce_subject.plain(), &texts.bounce_headline, lead)
}

/// Returns the reminder that the customer must be reached soon; `None` if the customer was reached
/// meanwhile, or the association of the claim is no longer pending.
pub(super) fn reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let due = context.submission.delivery_due?;
    let texts = &context.texts.delivery;
    let lead = texts.reminder_lead.fill(&[("customer", context.customer())]);
    let subject = texts.reminder_subject.fill(&[("day", &context.day(due))]);
    unreached_mail(context, subject, &texts.reminder_headline, lead)
}

/// Creates a mail on what the partner can do, and until when.
fn unreached_mail(context: &MailContext<'_>, subject: String, headline: &Text, lead: String) -> Option<MailContent> {
    let is_unreached = context.submission.is_customer_unreached(context.claim.state.association()?);
    let due = context.submission.delivery_due.filter(|_| is_unreached)?;
    let (common, texts) = (&context.texts.common, &context.texts.delivery);
    let deadline_text = texts.deadline.fill(&[("due", &context.customer_time(due))]);
    let options = [texts.options.plain(), texts.address_is_right.plain()];
    Some(context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::paragraphs(&common.deadline, [deadline_text]).emphasized()),
        Some(Section::paragraphs(&common.what_you_can_do, options)),
    ]))
}
