//! The labels of times, lines, partners, activities and reasons in mails.
use crate::domain::{Claim, Line};
use cpor_types::{Activity, Calendar, FurtherRejectionReason, LocalTime, PartnerActionReason, Timestamp};

/// Formats a time in the zone of the calendar: `Monday, 13 April 2026, 09:30 (Europe/Berlin,
/// UTC+02:00)`, or `the end of Monday, 13 April 2026 (…)`.
pub(super) fn time_label(calendar: &Calendar, time: Timestamp) -> String {
    let LocalTime { local, is_end_of_day } = calendar.local_time(time);
    let day = local.format("%A, %-d %B %Y");
    let zone = format!("{}, UTC{}", calendar.zone.name(), local.format("%:z"));
    if is_end_of_day {
        format!("the end of {day} ({zone})")
    } else {
        format!("{day}, {} ({zone})", local.format("%H:%M"))
    }
}

/// Returns the product and the subscription of a line: `Power BI, subscription 0a1b…`.
pub(super) fn line_label(line: &Line) -> String {
    let display_name = line.registry_data.as_ref().map(|data| data.product_display_name.as_str());
    let product = display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| line.product.as_str());
    match line.subscription().as_str() {
        "" => product.to_owned(),
        subscription => format!("{product}, subscription {subscription}"),
    }
}

/// Returns the partner and the MPN (Microsoft Partner Network) id of its location, for example
/// `Contoso, MPN ID 1001`.
pub(super) fn partner_label(claim: &Claim) -> String {
    let mpn_id = claim.content.mpn_id.as_ref().map(|id| format!("MPN ID {id}"));
    let company = Some(claim.directory.partner_display_name.clone()).filter(|name| !name.is_empty());
    company.into_iter().chain(mpn_id).collect::<Vec<_>>().join(", ")
}

/// Returns the label of an activity. The proof-of-execution form uses it, too.
pub(crate) const fn activity_label(activity: Activity) -> &'static str {
    match activity {
        Activity::Usage => "Usage",
        Activity::PreSales => "Pre-sales",
        Activity::RevenueAssociation => "Revenue association",
    }
}

/// Returns the sentence for a reason of a request for partner action (R30).
pub(super) const fn action_reason_text(reason: PartnerActionReason) -> &'static str {
    match reason {
        PartnerActionReason::PoeMissing => {
            "All proof of execution is missing: what was uploaded is the wrong file, or has nothing to do with this claim."
        }
        PartnerActionReason::CustomerAcknowledgementMissing => {
            "The customer's acknowledgement is missing: the proof of execution is not signed by the customer."
        }
        PartnerActionReason::DatesMissingOrOld => {
            "Dates are missing from the proof of execution, or are old in relation to the claim."
        }
        PartnerActionReason::ServiceInsufficientlyDescribed => {
            "Your solution or service is missing from the proof of execution, or is not described well enough."
        }
        PartnerActionReason::ProductsMissing => {
            "Products or workloads that you claim are missing from the proof of execution."
        }
    }
}

/// Returns the sentence for a further reason of a rejection (R32).
pub(super) const fn further_reason_text(reason: FurtherRejectionReason) -> &'static str {
    match reason {
        FurtherRejectionReason::CustomerConsentMissing => {
            "The customer's consent is missing from the proof of execution."
        }
        FurtherRejectionReason::ProductsMissing => "Products are missing from the proof of execution.",
        FurtherRejectionReason::NoPartnerResponse => "The reviewer's request was not answered in time.",
        FurtherRejectionReason::PoeNotAvailable => "The proof of execution is not available.",
    }
}
