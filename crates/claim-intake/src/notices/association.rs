//! Mails about associations: an association became official, so that the partner is on record
//! (R27), or ended while the claim stays approved (R37, R39). A *line* is the part of a claim that
//! is about one workload or subscription of the customer.
use super::{
    mail_content::{MailContent, MailContext, Section, Tone},
    translation::EndedTexts,
};
use crate::domain::{Association, AssociationEnd, EndReason, Line};
use cpor_types::AssociationKey;

/// Returns the mail that says that the association is official; `None` if it has ended since then
/// or the claim is no longer approved.
pub(super) fn official_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let since = match context.claim.state.association()? {
        Association::Official { since } => context.time(*since),
        Association::Pending | Association::Granted { .. } | Association::Ended { .. } => return None,
    };
    let texts = &context.texts.official;
    let lead = texts.lead.fill(&[("customer", context.customer()), ("since", &since)]);
    let is_paid = context.claim.content.activities.iter().any(|activity| activity.is_paid());
    let incentives = if is_paid { &texts.assessed } else { &texts.recognised };
    let mail = context.new_mail(Tone::Positive, texts.subject.plain(), &texts.headline, lead);
    Some(mail.with_sections([
        Some(Section::paragraphs(&texts.can_do_heading, [texts.usage.plain()])),
        Some(Section::paragraphs(&texts.incentives, [incentives.plain()])),
    ]))
}

/// Returns the mail about the associations that ended at the time that was stored with the mail;
/// `None` if they turned out not to have ended then (R47).
pub(super) fn ended_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let has_ended_then =
        |line: &&Line| line.association_end.as_ref().is_some_and(|ended| ended.until == context.data.time);
    let lines: Vec<&Line> = context.claim.content.lines.iter().filter(has_ended_then).collect();
    let first = lines.first()?;
    let AssociationEnd { reason, since, .. } = *first.association_end.as_ref()?;
    // The lines of a claim are either all workloads or all subscriptions (R7).
    let is_workload = matches!(first.key(), Some(AssociationKey::Workload(_)));
    let texts = &context.texts.ended;
    let when = context.time(context.data.time);
    let lead = texts.lead.fill(&[("customer", context.customer()), ("when", &when)]);
    let mail = context.new_mail(Tone::Neutral, texts.subject.plain(), &texts.headline, lead);
    let has_other_lines = context.claim.content.lines.iter().any(|line| line.association_end.is_none());
    let rest_text = has_other_lines.then(|| texts.others_stay.plain());
    // A pending association gave no access to usage data.
    let usage_text = match since {
        Some(_) => &texts.usage_lost,
        None => &texts.no_usage_yet,
    };
    Some(mail.with_sections([
        Some(Section::bullet_points(&texts.what, context.line_labels(lines.iter().copied()))),
        Some(Section::paragraphs(&texts.why, [end_reason_text(texts, reason, is_workload)])),
        Some(Section::paragraphs(&texts.meaning, [usage_text.plain()].into_iter().chain(rest_text))),
    ]))
}

fn end_reason_text(texts: &EndedTexts, reason: EndReason, is_workload: bool) -> String {
    let text = match reason {
        EndReason::Expired if is_workload => &texts.expired_workload,
        EndReason::Expired => &texts.expired,
        EndReason::Superseded => &texts.superseded,
        EndReason::Declined => &texts.declined,
        EndReason::Withdrawn => &texts.withdrawn,
        EndReason::Rejected => &texts.rejected,
    };
    text.plain()
}
