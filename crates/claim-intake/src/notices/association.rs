//! Mails about associations: an association became official (R27), or ended while the claim stays
//! approved (R37, R39).
use super::mail_content::{MailContent, MailContext, Section, Tone, line_labels};
use crate::domain::{Association, AssociationEnd, EndReason, Line};
use cpor_types::AssociationKey;

/// Returns the mail that says that the association is official; `None` if it has ended since then.
pub(super) fn official_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let since = match context.claim.state.association()? {
        Association::Official { since } => context.time(*since),
        Association::Pending | Association::Granted { .. } | Association::Ended { .. } => return None,
    };
    let lead = format!("Your company has been on record for {} since {since}.", context.customer());
    let is_paid = context.claim.content.activities.iter().any(|activity| activity.is_paid());
    let usage_text = "You can read the customer's usage of what you claimed (ListUsage) for as long as the association lasts. Usage is credited from the \
                 first full month.";
    let assessment_text = "Each line is now checked against the program guide that is in force, and again every month. The claim and its assessment \
                    (GetAssessment) show whether the line is eligible for incentives and, if it is not, which condition is not met.";
    let recognition_text = "A revenue association is recognised, but it earns no incentives.";
    let mail = context.new_mail(Tone::Positive, "On record", "The association is official", lead);
    Some(mail.with_sections([
        Some(Section::paragraphs("What you can do now", [usage_text])),
        Some(Section::paragraphs("Incentives", [if is_paid { assessment_text } else { recognition_text }])),
    ]))
}

/// Returns the mail about the associations that ended at the time that was stored with the mail.
pub(super) fn ended_mail(context: &MailContext<'_>) -> Option<MailContent> {
    let has_ended_then =
        |line: &&Line| line.association_end.as_ref().is_some_and(|ended| ended.until == context.data.time);
    let lines: Vec<&Line> = context.claim.content.lines.iter().filter(has_ended_then).collect();
    let first = lines.first()?;
    let AssociationEnd { reason, since, .. } = *first.association_end.as_ref()?;
    // The lines of a claim are either all workloads or all subscriptions (R7).
    let is_workload = matches!(first.key(), Some(AssociationKey::Workload(_)));
    let when = context.time(context.data.time);
    let lead = format!("Your association with {} ended on {when} for what is listed below.", context.customer());
    let mail = context.new_mail(Tone::Neutral, "Association ended", "An association has ended", lead);
    let has_other_lines = context.claim.content.lines.iter().any(|line| line.association_end.is_none());
    let rest_text = has_other_lines.then_some("The rest of the claim is not affected.");
    // A pending association gave no access to usage data.
    let usage_text = match since {
        Some(_) => "You can no longer read the customer's usage data for what has ended.",
        None => "The association was not on record yet, so you had no access to usage data.",
    };
    Some(mail.with_sections([
        Some(Section::bullet_points("What ended", line_labels(lines.iter().copied()))),
        Some(Section::paragraphs("Why", [end_reason_text(reason, is_workload)])),
        Some(Section::paragraphs("What this means", [usage_text].into_iter().chain(rest_text))),
    ]))
}

const fn end_reason_text(reason: EndReason, is_workload: bool) -> &'static str {
    match reason {
        EndReason::Expired if is_workload => {
            "The customer's use of the workload has ended. If the customer uses it again, a new claim is needed."
        }
        EndReason::Expired => {
            "The subscription has ended. A subscription that is renewed under a new id needs a new claim."
        }
        EndReason::Superseded => {
            "A review lead decided between your claim and another company's, and awarded it to the other company."
        }
        EndReason::Declined => "The customer declined.",
        EndReason::Withdrawn => "Your company withdrew the claim.",
        EndReason::Rejected => "The claim was rejected.",
    }
}
