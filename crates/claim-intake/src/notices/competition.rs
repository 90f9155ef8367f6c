//! Mails about competition (R37). A line of a claim, which is about one workload or subscription,
//! is *contested* while another company claims or holds the same. A review lead then awards it to
//! one company. The mails never contain the name of the other company. A *statement* is the
//! partner's answer to a reviewer's question about a contested line; it decides nothing.
use super::mail_content::{MailContent, MailContext, Section, Tone};
use crate::domain::StatementRequest;
use cpor_mail::texts::Text;

/// Returns the mail that says that lines (claimed workloads or subscriptions) are contested: other
/// companies claim or hold the same. `None` if none is contested any more, or if the claim is
/// rejected.
pub(super) fn competition_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let contested = context.contested_lines();
    if contested.is_empty() || context.claim.state.rejection().is_some() {
        return None;
    }
    let (common, texts) = (&context.texts.common, &context.texts.competition);
    let lead = texts.lead.fill(&[("customer", context.customer())]);
    let clocks_run = context.submission.policy_values.review_clocks_run_while_competing;
    let clocks_text = if clocks_run { &texts.clocks_run } else { &texts.clocks_stopped };
    let procedure_text = format!("{} {}", texts.procedure.plain(), clocks_text.plain());
    let mail = context.new_mail(Tone::Neutral, texts.subject.plain(), &texts.headline, lead);
    Some(mail.with_sections([
        Some(Section::bullet_points(&common.what_is_contested, contested)),
        Some(Section::paragraphs(&common.what_happens_now, [procedure_text])),
        Some(Section::paragraphs(&common.what_you_can_do, [texts.options.plain()])),
    ]))
}

/// Returns the mail about a request for a statement (R37a), the answer of the partner of an
/// approved claim to a question about contested lines; `None` if the claim no longer waits for it.
pub(super) fn statement_request_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let statement = context.submission.open_statement()?;
    let is_reported = statement.request_time == context.data.time;
    let texts = &context.texts.statement;
    is_reported.then(|| statement_mail(context, statement, &texts.request_subject, &texts.request_headline))
}

/// Returns the reminder of a request for a statement; `None` if the claim no longer waits for it.
pub(super) fn statement_reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let statement = context.submission.open_statement()?;
    let is_reminded = statement.window.reminder_time.is_none() && statement.request_time < context.data.time;
    let texts = &context.texts.statement;
    is_reminded.then(|| statement_mail(context, statement, &texts.reminder_subject, &texts.reminder_headline))
}

fn statement_mail(
    context: &MailContext<'_>,
    statement: &StatementRequest,
    subject: &Text,
    headline: &Text,
) -> MailContent {
    let (common, texts) = (&context.texts.common, &context.texts.statement);
    let due = statement.window.deadline.due;
    let subject = subject.fill(&[("day", &context.day(due))]);
    let lead = texts.lead.fill(&[("customer", context.customer())]);
    let deadline_text = texts.deadline.fill(&[("due", &context.time(due))]);
    context.new_mail(Tone::ActionRequired, subject, headline, lead).with_sections([
        Some(Section::bullet_points(&common.what_is_contested, context.contested_lines())),
        Section::quote(&common.reviewer_wrote, &statement.comment),
        Some(Section::paragraphs(&common.deadline, [deadline_text]).emphasized()),
        Some(Section::paragraphs(&common.how_to_answer, [texts.answer.plain()])),
    ])
}

/// Returns the mail about the lines that were awarded to another company; `None` if the claim is
/// rejected, or if no line is lost since that time, because a dispute has restored it.
pub(super) fn lines_lost_mail(context: &MailContext<'_>) -> Option<MailContent> {
    if context.claim.state.rejection().is_some() {
        return None;
    }
    let lost_lines = context.claim.lost_lines.iter().filter(|lost| lost.time == context.data.time);
    let lost_lines = context.line_labels(lost_lines.map(|lost| &lost.line));
    if lost_lines.is_empty() {
        return None;
    }
    let texts = &context.texts.lines_lost;
    let lead = texts.lead.fill(&[("when", &context.time(context.data.time)), ("customer", context.customer())]);
    let mail = context.new_mail(Tone::Negative, texts.subject.plain(), &texts.headline, lead);
    let remaining_lines = context.line_labels(&context.claim.content.lines);
    Some(mail.with_sections([
        Some(Section::bullet_points(&texts.lost, lost_lines)),
        Some(Section::bullet_points(&texts.remaining, remaining_lines)),
    ]))
}
