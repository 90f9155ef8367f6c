//! Mails about a customer who is not reached (R41a): a notice (a mail to the customer contact)
//! bounced, and the reminder before the claim is rejected for that reason (R48).
use super::mail_content::{MailContent, MailContext, Section, Tone};

/// Returns the mail about a notice that bounced; `None` if the customer was reached meanwhile, or a
/// new notice is on its way.
pub(super) fn bounce_mail(context: &MailContext<'_>) -> Option<MailContent> {
    if !context.submission.is_notice_bounced {
        return None;
    }
    let lead = format!(
        "Your claim for {} is approved, but the mail system of the customer has not accepted the e-mail to the customer contact.",
        context.customer()
    );
    unreached_mail(context, "The customer was not reached", "The e-mail to the customer bounced", lead)
}

/// Returns the reminder that the customer must be reached soon; `None` if the customer was reached
/// meanwhile.
pub(super) fn reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let due = context.submission.delivery_due?;
    let lead = format!(
        "This is a reminder: your claim for {} is approved, but the mail system of the customer has not accepted an e-mail yet.",
        context.customer()
    );
    let subject = format!("Reminder: reach the customer by {}", context.day(due));
    unreached_mail(context, &subject, "The customer must be reached soon", lead)
}

/// Creates a mail on what the partner can do, and until when.
fn unreached_mail(context: &MailContext<'_>, subject: &str, headline: &str, lead: String) -> Option<MailContent> {
    let is_unreached = context.submission.is_customer_unreached(context.claim.state.association()?);
    let due = context.submission.delivery_due.filter(|_| is_unreached)?;
    let deadline_text = format!(
        "If no e-mail to the customer is accepted until {}, the claim is rejected and what was reserved for you is free again.",
        context.customer_time(due)
    );
    let options_text = "Check the name and the e-mail address of the customer contact and correct them (UpdateClaim). The customer is then notified \
                        anew, and the time in which the customer can decline begins when that e-mail is accepted. You can also withdraw the claim \
                        (WithdrawClaim). Only an administrator of your company can do this.";
    let again_text = "If the address is right, ask the customer to look at its mail system. A reviewer or an operator can send the e-mail again.";
    Some(context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::paragraphs("Deadline", [deadline_text]).emphasized()),
        Some(Section::paragraphs("What you can do", [options_text, again_text])),
    ]))
}
