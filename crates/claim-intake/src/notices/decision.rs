//! Mails about the decision on a claim: rejections and how to dispute them (R28, R31–R33),
//! withdrawals (R25) and approvals (R23). The *consent window* is the time in which silence of the
//! customer counts as consent. An *association* puts the partner on record for the claimed
//! workloads or subscriptions.
use super::{
    label_text::further_reason_text,
    mail_content::{MailContent, MailContext, Section, Tone},
    translation::RejectionTexts,
};
use crate::domain::{Association, NotDisputableReason, Rejection, Remedy};
use cpor_mail::texts::Text;
use cpor_types::PrimaryRejectionReason;

/// Returns the mail about the rejection of the claim; `None` if the rejection that the mail is
/// about is no longer the claim's present one.
pub(super) fn rejection_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let rejection = context.claim.state.rejection().filter(|rejection| rejection.time == context.data.time)?;
    let texts = &context.texts.rejection;
    Some(rejection_mail_with(context, rejection, texts.subject.plain(), &texts.headline, &texts.lead))
}

/// Returns the reminder that the dispute window ends soon; `None` if the rejection that the
/// reminder is about can no longer be disputed.
pub(super) fn dispute_reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_reminded = |rejection: &&Rejection| match &rejection.remedy {
        Remedy::Dispute(window) => window.reminder_time.is_none() && rejection.time < context.data.time,
        Remedy::WindowPassed(_) | Remedy::NotDisputable(_) => false,
    };
    let rejection = context.claim.state.rejection().filter(is_reminded)?;
    let due = rejection.dispute_window()?.due;
    let texts = &context.texts.rejection;
    let subject = texts.reminder_subject.fill(&[("day", &context.day(due))]);
    Some(rejection_mail_with(context, rejection, subject, &texts.reminder_headline, &texts.reminder_lead))
}

/// Creates a mail with the reasons of the rejection and what the partner can do about it.
fn rejection_mail_with(
    context: &MailContext<'_>,
    rejection: &Rejection,
    subject: String,
    headline: &Text,
    lead: &Text,
) -> MailContent {
    let (common, texts) = (&context.texts.common, &context.texts.rejection);
    let reason = primary_reason_text(texts, rejection).plain();
    let when = context.time(rejection.time);
    let lead = lead.fill(&[("customer", context.customer()), ("when", &when), ("reason", &reason)]);
    let further_reasons: Vec<_> = rejection
        .further_reasons
        .iter()
        .map(|reason| further_reason_text(&context.texts.further_reason, *reason))
        .collect();
    let comment_heading = match rejection.primary_reason {
        PrimaryRejectionReason::CustomerDeclined => &common.customer_wrote,
        PrimaryRejectionReason::PartnerRequest => &common.company_wrote,
        PrimaryRejectionReason::InsufficientPoe
        | PrimaryRejectionReason::LostToCompetingClaim
        | PrimaryRejectionReason::CustomerNotReached => &common.reviewer_wrote,
    };
    let ended_section =
        rejection.ended_association.as_ref().and_then(|association| ended_association_section(context, association));
    context.new_mail(Tone::Negative, subject, headline, lead).with_sections([
        (!further_reasons.is_empty()).then(|| Section::bullet_points(&texts.further_reasons, further_reasons)),
        Section::quote(comment_heading, &rejection.comment),
        ended_section,
        Some(remedy_section(context, rejection)),
        Some(Section::paragraphs(&texts.where_heading, [texts.where_to_see.plain()])),
    ])
}

/// Returns the sentence that states the primary reason (R31).
const fn primary_reason_text<'t>(texts: &'t RejectionTexts, rejection: &Rejection) -> &'t Text {
    match rejection.primary_reason {
        PrimaryRejectionReason::PartnerRequest => &texts.partner_request,
        PrimaryRejectionReason::InsufficientPoe => &texts.insufficient_poe,
        PrimaryRejectionReason::CustomerDeclined => match &rejection.remedy {
            Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval) => &texts.no_explicit_approval,
            Remedy::Dispute(_) | Remedy::WindowPassed(_) | Remedy::NotDisputable(_) => &texts.customer_declined,
        },
        PrimaryRejectionReason::CustomerNotReached => &texts.customer_not_reached,
        PrimaryRejectionReason::LostToCompetingClaim => &texts.lost_to_competing_claim,
    }
}

/// Returns the section about the association that ended with the rejection; `None` if it had
/// already ended before.
fn ended_association_section(context: &MailContext<'_>, association: &Association) -> Option<Section> {
    let texts = &context.texts.rejection;
    let text = match association {
        Association::Official { since } => texts.official_ended.fill(&[("since", &context.time(*since))]),
        Association::Pending | Association::Granted { .. } => texts.pending_ended.plain(),
        Association::Ended { .. } => return None,
    };
    Some(Section::paragraphs(&texts.association, [text]))
}

/// Returns the section on how to dispute the rejection, or why it is final (R28, R33).
fn remedy_section(context: &MailContext<'_>, rejection: &Rejection) -> Section {
    let texts = &context.texts.rejection;
    let reason = match &rejection.remedy {
        Remedy::Dispute(window) => return dispute_section(context, &context.time(window.deadline.due)),
        Remedy::WindowPassed(due) => texts.missed.fill(&[("due", &context.time(*due))]),
        Remedy::NotDisputable(NotDisputableReason::PartnerRequest) => texts.final_withdrawal.plain(),
        Remedy::NotDisputable(NotDisputableReason::NoDisputeLeft) => texts.no_dispute_left.plain(),
        Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval) => texts.not_approved_again.plain(),
    };
    Section::paragraphs(&texts.final_heading, [format!("{reason} {}", texts.new_claim.plain())]).emphasized()
}

/// Returns the section on how to dispute the rejection, and until when.
fn dispute_section(context: &MailContext<'_>, due: &str) -> Section {
    let texts = &context.texts.rejection;
    let approval_text = context.submission.needs_explicit_approval().then(|| texts.explicit_approval_needed.plain());
    let paragraphs = [texts.dispute_until.fill(&[("due", due)]), texts.how_to_dispute.plain()];
    Section::paragraphs(&texts.dispute_heading, paragraphs.into_iter().chain(approval_text)).emphasized()
}

/// Returns the mail about a decline by the customer after the claim was rejected. The decline
/// affects a later dispute (R28).
pub(super) fn decline_after_rejection_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_current = context.submission.declined == Some(context.data.time);
    let window = context.claim.state.rejection().and_then(Rejection::dispute_window).filter(|_| is_current)?;
    let texts = &context.texts.declined;
    let when = context.time(context.data.time);
    let lead = texts.lead.fill(&[("customer", context.customer()), ("when", &when)]);
    let mail = context.new_mail(Tone::Neutral, texts.subject.plain(), &texts.headline, lead);
    Some(mail.with_sections([Some(dispute_section(context, &context.time(window.due)))]))
}

/// Returns the mail about the withdrawal of the claim (R25). The partner contact may be a different
/// person from the user who withdrew the claim.
pub(super) fn withdrawal_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let rejection = context.claim.state.rejection().filter(|rejection| rejection.time == context.data.time)?;
    let texts = &context.texts.withdrawal;
    let when = context.time(rejection.time);
    let lead = texts.lead.fill(&[("customer", context.customer()), ("when", &when)]);
    let ended_section =
        rejection.ended_association.as_ref().and_then(|association| ended_association_section(context, association));
    let mail = context.new_mail(Tone::Neutral, texts.subject.plain(), &texts.headline, lead);
    let comment_section = Section::quote(&context.texts.common.company_wrote, &rejection.comment);
    Some(mail.with_sections([ended_section, comment_section, Some(remedy_section(context, rejection))]))
}

/// Returns the mail about the approval of the claim (R23), which says what the customer has to do
/// next (R40–R42).
pub(super) fn approval_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let association = context.claim.state.association()?;
    let (common, texts) = (&context.texts.common, &context.texts.approval);
    let lead = texts.lead.fill(&[("customer", context.customer())]);
    let next_text = match association {
        Association::Granted { .. } | Association::Official { .. } => {
            // Under a policy that counts the consent window from the notice at submission, the
            // window may have passed before the approval (R61).
            let customer_text = match context.submission.explicit_approval {
                Some(_) => &texts.customer_approved,
                None => &texts.customer_silent,
            };
            texts.being_recorded.fill(&[("customer", &customer_text.plain())])
        }
        Association::Pending => {
            let needs_approval = context.submission.needs_explicit_approval();
            let text = if needs_approval { &texts.explicit_needed } else { &texts.silence_is_enough };
            text.fill(&[("window", &consent_window_text(context))])
        }
        Association::Ended { .. } => return None,
    };
    let exclusive = context.submission.policy_values.revenue_association_exclusive;
    let is_exclusive = context.claim.content.activities.iter().any(|activity| activity.is_exclusive_under(exclusive));
    let mail = context.new_mail(Tone::Positive, texts.subject.plain(), &texts.headline, lead);
    let hold_section = (is_exclusive && *association == Association::Pending)
        .then(|| Section::paragraphs(&texts.until_then, [texts.reserved.plain()]));
    let next_section = Section::paragraphs(&common.what_happens_now, [next_text]).emphasized();
    Some(mail.with_sections([Some(next_section), hold_section]))
}

/// Returns when the consent window ends, or how long it is if it has not opened yet (R41).
fn consent_window_text(context: &MailContext<'_>) -> String {
    let texts = &context.texts.approval;
    match context.submission.consent_due {
        Some(due) => texts.window_until.fill(&[("due", &context.customer_time(due))]),
        None => texts.window_length.fill(&[("length", &context.texts.length(context.consent_window))]),
    }
}
