//! Mails about competition (R37). A line of a claim, which is about one workload or subscription,
//! is *contested* while another company claims or holds the same. A review lead then awards it to
//! one company. The mails never contain the name of the other company.
use super::mail_content::{MailContent, NoticeContext, Section, Tone, line_labels};

/// Returns the mail that lines are contested; `None` if no line is contested any more.
pub(super) fn competition_mail(context: &NoticeContext<'_>) -> Option<MailContent> {
    let contested = line_labels(context.claim.content.lines.iter().filter(|line| line.contested));
    if contested.is_empty() || context.claim.state.rejection().is_some() {
        return None;
    }
    let lead = format!(
        "Another company claims some of what you claim for {}, or is on record for it. Neither of you learns who the other is.",
        context.customer()
    );
    let procedure_text = "Reviewers look at both proofs of execution, and may ask both companies for more. A review lead then awards each contested line to \
               one company. The review deadlines are stopped until then.";
    let options_text = "You do not need to do anything if your proof of execution is complete. You may write a comment (CreateComment) and, if the claim's state allows \
               it, add evidence (UploadEvidence).";
    let mail = context.new_mail(Tone::Neutral, "A competing claim", "Another company claims the same", lead);
    Some(mail.with_sections([
        Some(Section::bullet_points("What is contested", contested)),
        Some(Section::paragraphs("What happens now", [procedure_text])),
        Some(Section::paragraphs("What you can do", [options_text])),
    ]))
}

/// Returns the mail about the lines that were awarded to another company; `None` if the claim was
/// rejected.
pub(super) fn lines_lost_mail(context: &NoticeContext<'_>) -> Option<MailContent> {
    if context.claim.state.rejection().is_some() {
        return None;
    }
    let lost_lines = context.claim.lost_lines.iter().filter(|lost| lost.time == context.data.time);
    let lost_lines = line_labels(lost_lines.map(|lost| &lost.line));
    if lost_lines.is_empty() {
        return None;
    }
    let when = context.time(context.data.time);
    let lead =
        format!("On {when} a review lead decided between your claim for {} and another company's.", context.customer());
    let mail =
        context.new_mail(Tone::Negative, "Lines lost", "Part of your claim was awarded to another company", lead);
    let remaining_lines = line_labels(&context.claim.content.lines);
    Some(mail.with_sections([
        Some(Section::bullet_points("What was awarded to another company", lost_lines)),
        Some(Section::bullet_points("What your claim continues with", remaining_lines)),
    ]))
}
