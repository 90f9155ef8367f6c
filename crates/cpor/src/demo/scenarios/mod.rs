//! The scenarios of the demo. They run in order, because later ones depend on the time and on the
//! claims of earlier ones.
//!
//! Contoso and Northwind are partners; Fabrikam, Litware and Tailspin are customers. A claim says
//! that a partner sold a product to a customer or drives its use. When a reviewer approves a claim,
//! the partner holds the claimed subscriptions and workloads. If the customer does not decline
//! within the consent window, the partner is officially on record for them: its *association*.

mod competition;
mod later_changes;
mod review_outcomes;

use super::{system::DemoSystem, timeline::Timeline};

/// The length of the consent window (seven days) and one more day, in seconds.
const CONSENT_WINDOW_AND_A_DAY: i64 = 8 * 86_400;

/// The proof of execution for pre-sales to Fabrikam.
const POE_DOCX: &[u8] = include_bytes!("../../../../../examples/poe-presales-fabrikam.docx");

/// The proof of execution for usage at Litware.
const POE_PDF: &[u8] = include_bytes!("../../../../../examples/poe-usage-litware.pdf");

/// Runs all scenarios.
///
/// # Errors
/// Returns an error if a call that should succeed is refused, if a call that should be refused
/// succeeds, or if a claim is not in the expected state.
pub(super) async fn run_all(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    review_outcomes::run_claim_approved_at_first_review(system, timeline).await?;
    review_outcomes::run_claim_returned_to_partner(system, timeline).await?;
    review_outcomes::run_claim_declined_by_customer(system, timeline).await?;
    review_outcomes::run_approval_refused_for_held_subscription(system, timeline).await?;
    competition::run_rejection_disputed_and_overturned(system, timeline).await?;
    let mut power_apps = competition::run_two_claims_for_one_subscription(system, timeline).await?;
    let mut customer_service = competition::run_legacy_association_superseded(system, timeline).await?;
    competition::run_holder_defends_association(system, timeline, &mut customer_service).await?;
    later_changes::run_program_guide_revised(system, timeline).await?;
    later_changes::run_decline_after_consent_window(system, timeline).await?;
    later_changes::run_subscription_expires(system, timeline, &mut power_apps).await?;
    later_changes::run_earnings_exported(system, timeline).await?;
    later_changes::run_quarter_paid(system, timeline).await?;
    later_changes::run_customer_not_reached(system, timeline).await
}
