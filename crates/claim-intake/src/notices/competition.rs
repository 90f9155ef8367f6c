//! Mails about competition (R37). A line of a claim, which is about one workload or subscription,
//! is *contested* while another company claims or holds the same. A review lead then awards it to
//! one company. The mails never contain the name of the other company.
use super::mail_content::{MailContent, MailContext, Section, Tone, line_labels};
use crate::domain::StatementRequest;

/// Returns the mail that says that lines are contested; `None` if none is contested any more.
pub(super) fn competition_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let contested = line_labels(context.claim.content.lines.iter().filter(|line| line.contested));
    if contested.is_empty() || context.claim.state.rejection().is_some() {
        return None;
    }
    let lead = format!(
        "Another company claims some of what you claim for {}, or is on record for it. Neither of you learns who the other is.",
        context.customer()
    );
    let procedure_text = "Reviewers look at both proofs of execution, and may ask both companies for more. A review lead then awards each contested line to \
               one company.";
    let clocks_text = if context.submission.policy_values.review_clocks_run_while_competing {
        "The review deadlines run meanwhile."
    } else {
        "The review deadlines are stopped until then."
    };
    let options_text = "You do not need to do anything if your proof of execution is complete. You may write a comment (CreateComment) and, if the claim's state allows \
               it, add evidence (UploadEvidence). An approved claim accepts evidence while the competition lasts.";
    let mail = context.new_mail(Tone::Neutral, "A competing claim", "Another company claims the same", lead);
    Some(mail.with_sections([
        Some(Section::bullet_points("What is contested", contested)),
        Some(Section::paragraphs("What happens now", [format!("{procedure_text} {clocks_text}")])),
        Some(Section::paragraphs("What you can do", [options_text])),
    ]))
}

/// Returns the mail about a request for a statement (R37a); `None` if the claim no longer waits for
/// it.
pub(super) fn statement_request_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let statement = context.submission.open_statement()?;
    let is_reported = statement.request_time == context.data.time;
    let subject = format!("Your statement is requested by {}", context.day(statement.window.deadline.due));
    is_reported.then(|| statement_mail(context, statement, &subject, "A reviewer asks for your statement"))
}

/// Returns the reminder of a request for a statement; `None` if the claim no longer waits for it.
pub(super) fn statement_reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let statement = context.submission.open_statement()?;
    let is_reminded = statement.window.reminder_time.is_none() && statement.request_time < context.data.time;
    let subject = format!("Reminder: your statement is requested by {}", context.day(statement.window.deadline.due));
    is_reminded.then(|| statement_mail(context, statement, &subject, "Your statement is due soon"))
}

fn statement_mail(
    context: &MailContext<'_>,
    statement: &StatementRequest,
    subject: &str,
    headline: &str,
) -> MailContent {
    let lead = format!(
        "You are on record for {}, or your claim for it is approved. Another company claims some of the same, and a reviewer asks for \
         your statement before this is decided. Neither of you learns who the other is.",
        context.customer()
    );
    let contested = line_labels(context.claim.content.lines.iter().filter(|line| line.contested));
    let due = context.time(statement.window.deadline.due);
    let deadline_text =
        format!("You have until {due}. If you do not answer, the decision is made without your statement.");
    let answer_text =
        "Write a comment to the reviewers (CreateComment), or add a document that shows your work (UploadEvidence).";
    context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::bullet_points("What is contested", contested)),
        Section::quote("What the reviewer wrote", &statement.comment),
        Some(Section::paragraphs("Deadline", [deadline_text]).emphasized()),
        Some(Section::paragraphs("How to answer", [answer_text])),
    ])
}

/// Returns the mail about the lines that were awarded to another company; `None` if the claim was
/// rejected.
pub(super) fn lines_lost_mail(context: &MailContext<'_>) -> Option<MailContent> {
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
