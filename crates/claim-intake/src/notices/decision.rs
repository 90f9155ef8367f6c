//! Mails about the decision on a claim: rejections and how to dispute them (R28, R31–R33),
//! withdrawals (R25) and approvals (R23).
use super::{
    label_text::further_reason_text,
    mail_content::{MailContent, MailContext, Section, Tone},
};
use crate::domain::{Association, Finality, Rejection, Remedy};
use cpor_types::PrimaryRejectionReason;

/// The advice when the rejection can no longer be disputed (R33).
const NEW_CLAIM_TEXT: &str = "Only a new claim with updated proof of execution helps.";

/// Returns the mail about the rejection of the claim; `None` if the rejection that the mail is
/// about is no longer the claim's present one.
pub(super) fn rejection_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let rejection = context.claim.state.rejection().filter(|rejection| rejection.time == context.data.time)?;
    let (customer, when) = (context.customer(), context.time(rejection.time));
    let lead = format!("Your claim for {customer} was rejected on {when}. {}", primary_reason_text(rejection));
    Some(rejection_mail_with(context, rejection, "Claim rejected", "Your claim was rejected", lead))
}

/// Returns the reminder that the dispute window ends soon; `None` if the claim can no longer be
/// disputed.
pub(super) fn dispute_reminder_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_reminded = |rejection: &&Rejection| match &rejection.remedy {
        Remedy::Dispute(window) => window.reminder_time.is_none() && rejection.time < context.data.time,
        Remedy::Missed(_) | Remedy::Final(_) => false,
    };
    let rejection = context.claim.state.rejection().filter(is_reminded)?;
    let due = rejection.dispute_window()?.due;
    let (customer, when) = (context.customer(), context.time(rejection.time));
    let lead = format!(
        "This is a reminder: your claim for {customer} was rejected on {when}, and the time to dispute the rejection ends soon. {}",
        primary_reason_text(rejection)
    );
    let subject = format!("Reminder: dispute by {}", context.day(due));
    Some(rejection_mail_with(context, rejection, &subject, "The time to dispute ends soon", lead))
}

/// Creates a mail with the reasons of the rejection and what the partner can do about it.
fn rejection_mail_with(
    context: &MailContext<'_>,
    rejection: &Rejection,
    subject: &str,
    headline: &str,
    lead: String,
) -> MailContent {
    let further_reasons: Vec<_> =
        rejection.further_reasons.iter().map(|reason| further_reason_text(*reason).to_owned()).collect();
    let comment_heading = match rejection.primary {
        PrimaryRejectionReason::CustomerDeclined => "What the customer wrote",
        PrimaryRejectionReason::PartnerRequest => "What your company wrote",
        PrimaryRejectionReason::InsufficientPoe
        | PrimaryRejectionReason::LostToCompetingClaim
        | PrimaryRejectionReason::CustomerNotReached => "What the reviewer wrote",
    };
    let ended_section =
        rejection.ended_association.as_ref().and_then(|association| ended_association_section(context, association));
    context.new_mail(Tone::Negative, subject, headline, lead).with_sections([
        (!further_reasons.is_empty()).then(|| Section::bullet_points("Further reasons", further_reasons)),
        Section::quote(comment_heading, &rejection.comment),
        ended_section,
        Some(remedy_section(context, rejection)),
        Some(Section::paragraphs("Where to see the reason", [WHERE_TO_SEE_TEXT])),
    ])
}

/// The sentence that lists the API methods by which the partner can read about the rejection.
const WHERE_TO_SEE_TEXT: &str = "You can read the reason in the claim (GetClaim), all comments (ListComments), and everything that happened to the claim \
                     (ListHistory).";

/// Returns the sentence that states the primary reason (R31).
const fn primary_reason_text(rejection: &Rejection) -> &'static str {
    match rejection.primary {
        PrimaryRejectionReason::PartnerRequest => "Your company withdrew it.",
        PrimaryRejectionReason::InsufficientPoe => "The reason: the proof of execution is not sufficient.",
        PrimaryRejectionReason::CustomerDeclined => match &rejection.remedy {
            Remedy::Final(Finality::NoExplicitApproval) => {
                "The reason: the customer had declined before, and did not approve when asked again."
            }
            Remedy::Dispute(_) | Remedy::Missed(_) | Remedy::Final(_) => "The reason: the customer declined.",
        },
        PrimaryRejectionReason::CustomerNotReached => {
            "The reason: the mail system of the customer accepted no e-mail about the claim in time, so the customer was not reached."
        }
        PrimaryRejectionReason::LostToCompetingClaim => {
            "The reason: everything that it still claimed was awarded to another company's claim."
        }
    }
}

/// Returns the section about the association that ended with the rejection; `None` if it had
/// already ended before.
fn ended_association_section(context: &MailContext<'_>, association: &Association) -> Option<Section> {
    let text = match association {
        Association::Official { since } => format!(
            "The association that was on record since {} has ended. You can no longer read the customer's usage data.",
            context.time(*since)
        ),
        Association::Pending | Association::Granted { .. } => {
            "The association that was pending will not become official, and what was reserved for you is free again."
                .to_owned()
        }
        Association::Ended { .. } => return None,
    };
    Some(Section::paragraphs("The association", [text]))
}

/// Returns the section on how to dispute the rejection, or why it is final (R28, R33).
fn remedy_section(context: &MailContext<'_>, rejection: &Rejection) -> Section {
    let reason = match &rejection.remedy {
        Remedy::Dispute(window) => return dispute_section(context, &context.time(window.deadline.due)),
        Remedy::Missed(due) => format!("You could dispute it until {}.", context.time(*due)),
        Remedy::Final(Finality::PartnerRequest) => "A withdrawal cannot be disputed.".to_owned(),
        Remedy::Final(Finality::NoDisputeLeft) => {
            "The claim has been disputed as often as its policy allows.".to_owned()
        }
        Remedy::Final(Finality::NoExplicitApproval) => {
            "The customer was asked twice and has not approved the claim.".to_owned()
        }
    };
    Section::paragraphs("This is final", [format!("{reason} {NEW_CLAIM_TEXT}")]).emphasized()
}

/// Returns the section on how to dispute the rejection, and until when.
fn dispute_section(context: &MailContext<'_>, due: &str) -> Section {
    let window_text = format!(
        "You can dispute this until {due}. After that, only a new claim with updated proof of execution helps."
    );
    let procedure_text = "Upload new evidence (UploadEvidence), explain why you disagree, or both. Then dispute the rejection (DisputeClaim): the claim is \
               reviewed again. Only an administrator of your company can dispute it.";
    let approval_text =
        "Because the customer declined, a disputed claim becomes official only if the customer approves it explicitly.";
    let approval_text = context.submission.needs_explicit_approval().then_some(approval_text);
    let paragraphs = [window_text.as_str(), procedure_text].into_iter().chain(approval_text);
    Section::paragraphs("If you disagree", paragraphs).emphasized()
}

/// Returns the mail about a decline by the customer after the claim was rejected. The decline
/// affects a later dispute (R28).
pub(super) fn decline_after_rejection_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let is_current = context.submission.declined == Some(context.data.time);
    let window = context.claim.state.rejection().and_then(Rejection::dispute_window).filter(|_| is_current)?;
    let lead = format!(
        "{} declined your claim on {}. The claim was already rejected, so its state does not change.",
        context.customer(),
        context.time(context.data.time)
    );
    let mail = context.new_mail(Tone::Neutral, "The customer declined", "The customer declined your claim", lead);
    Some(mail.with_sections([Some(dispute_section(context, &context.time(window.due)))]))
}

/// Returns the mail about the withdrawal of the claim (R25). The partner contact may be a different
/// person from the user who withdrew the claim.
pub(super) fn withdrawal_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let rejection = context.claim.state.rejection().filter(|rejection| rejection.time == context.data.time)?;
    let (customer, when) = (context.customer(), context.time(rejection.time));
    let lead = format!("Your company withdrew its claim for {customer} on {when}.");
    let ended_section =
        rejection.ended_association.as_ref().and_then(|association| ended_association_section(context, association));
    let mail = context.new_mail(Tone::Neutral, "Claim withdrawn", "Your company withdrew this claim", lead);
    let comment_section = Section::quote("What your company wrote", &rejection.comment);
    Some(mail.with_sections([ended_section, comment_section, Some(remedy_section(context, rejection))]))
}

/// Returns the mail about the approval of the claim (R23), which says what the customer has to do
/// next (R40–R42).
pub(super) fn approval_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let association = context.claim.state.association()?;
    let lead = format!("Your claim for {} was approved by a reviewer.", context.customer());
    let next_text = match association {
        Association::Granted { .. } | Association::Official { .. } => {
            // Under a policy that counts the consent window from the notice at submission, the
            // window may have passed before the approval (R61).
            let customer_text = match context.submission.explicit_approval {
                Some(_) => "The customer has approved too.",
                None => "The customer did not decline in time.",
            };
            format!("{customer_text} The association is being put on record; you will get a mail when it is official.")
        }
        Association::Pending if context.submission.needs_explicit_approval() => format!(
            "The customer had declined before, so silence is not enough this time: the association becomes official only if the customer \
             approves it {}. Otherwise the claim is rejected, and that rejection is final.",
            consent_window_text(context)
        ),
        Association::Pending => format!(
            "The customer is notified by e-mail and does not need to do anything. If it does not decline {}, the association becomes official, and you get a mail.",
            consent_window_text(context)
        ),
        Association::Ended { .. } => return None,
    };
    let exclusive = context.submission.policy_values.revenue_association_exclusive;
    let is_exclusive = context.claim.content.activities.iter().any(|activity| activity.is_exclusive_under(exclusive));
    let hold_text = "What you claim is reserved for you: no other company's claim for it can be approved. You can read usage data once the association is \
                     official.";
    let mail = context.new_mail(Tone::Positive, "Claim approved", "Your claim was approved", lead);
    let hold_section =
        (is_exclusive && *association == Association::Pending).then(|| Section::paragraphs("Until then", [hold_text]));
    Some(mail.with_sections([Some(Section::paragraphs("What happens now", [next_text]).emphasized()), hold_section]))
}

/// Returns when the consent window ends, or how long it is if it has not opened yet (R41).
fn consent_window_text(context: &MailContext<'_>) -> String {
    match context.submission.consent_due {
        Some(due) => format!("by {}", context.customer_time(due)),
        None => format!("within {} of the day on which its mail system accepts the notice", context.consent_window),
    }
}
