//! The texts for reasons in mails, and the labels of activities in the proof-of-execution form.
use super::translation::{ActionReasonTexts, FurtherReasonTexts};
use cpor_types::{Activity, FurtherRejectionReason, PartnerActionReason};

/// Returns the English label of an activity, for the proof-of-execution form.
pub(crate) const fn activity_label(activity: Activity) -> &'static str {
    match activity {
        Activity::Usage => "Usage",
        Activity::PreSales => "Pre-sales",
        Activity::RevenueAssociation => "Revenue association",
    }
}

/// Returns the sentence for a reason of a request for partner action (R30).
pub(super) fn action_reason_text(texts: &ActionReasonTexts, reason: PartnerActionReason) -> String {
    let text = match reason {
        PartnerActionReason::PoeMissing => &texts.poe_missing,
        PartnerActionReason::CustomerAcknowledgementMissing => &texts.acknowledgement_missing,
        PartnerActionReason::DatesMissingOrOld => &texts.dates_missing_or_old,
        PartnerActionReason::ServiceInsufficientlyDescribed => &texts.service_insufficient,
        PartnerActionReason::ProductsMissing => &texts.products_missing,
    };
    text.plain()
}

/// Returns the sentence for a further reason of a rejection (R32).
pub(super) fn further_reason_text(texts: &FurtherReasonTexts, reason: FurtherRejectionReason) -> String {
    let text = match reason {
        FurtherRejectionReason::CustomerConsentMissing => &texts.consent_missing,
        FurtherRejectionReason::ProductsMissing => &texts.products_missing,
        FurtherRejectionReason::NoPartnerResponse => &texts.no_partner_response,
        FurtherRejectionReason::PoeNotAvailable => &texts.poe_not_available,
    };
    text.plain()
}
