//! The scenarios of the demo. They run in order, because later ones depend on the time and on the
//! claims of earlier ones.

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
    review_outcomes::run_approved_at_once(system, timeline).await?;
    review_outcomes::run_returned_to_partner(system, timeline).await?;
    review_outcomes::run_declined_by_customer(system, timeline).await?;
    review_outcomes::run_key_already_held(system, timeline).await?;
    competition::run_disputed_rejection(system, timeline).await?;
    let mut power_apps = competition::run_competing_claims(system, timeline).await?;
    let mut customer_service = competition::run_superseded_legacy_association(system, timeline).await?;
    competition::run_defended_association(system, timeline, &mut customer_service).await?;
    later_changes::run_revised_guide(system, timeline).await?;
    later_changes::run_declined_after_the_window(system, timeline).await?;
    later_changes::run_expired_subscription(system, timeline, &mut power_apps).await?;
    later_changes::run_exported_earnings(system, timeline).await?;
    later_changes::run_paid_quarter(system, timeline).await?;
    later_changes::run_unreached_customer(system, timeline).await
}
