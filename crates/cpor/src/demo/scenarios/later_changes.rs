//! Scenarios 9 to 14: changes after the associations of claims have become official. A program
//! guide is revised, a customer declines late, a subscription ends, the earnings are exported and
//! paid, and a customer is not reached.
//!
//! Contoso is a partner; Fabrikam and Litware are customers. An association puts a partner on
//! record for one subscription or workload of a customer.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    eligibility::v1::PayoutState,
    r#type::v1::{AssociationState, PrimaryRejectionReason},
};

use super::{CONSENT_WINDOW_AND_A_DAY, POE_DOCX};
use crate::demo::{claim::DemoClaim, drafts::*, mailbox, program_manager, system::DemoSystem, timeline::Timeline};

/// A subscription that Fabrikam buys in June 2026.
const BUSINESS_CENTRAL: &str = "62c8e3f4-7d5a-4b9c-8ebf-2a3b4c5d6e7f";

/// Usage at Litware grows by 5 % instead of the required 10 %. A program guide that requires only 5
/// % is simulated and activated.
pub(super) async fn run_program_guide_revised(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading(
        "9  Usage at Litware grows by 5 %: a guide with a lower threshold is simulated on past months and activated",
    );
    system.advance_to("2026-06-02T09:00:00Z").await?;
    system.import_usage(LITWARE, &[("exchange-online", "2026-04", 1820), ("exchange-online", "2026-05", 1915)]).await?;
    system.import_usage(LITWARE, &[("teams", "2026-04", 940), ("teams", "2026-05", 990)]).await?;
    system.wait_until_idle().await?;
    program_manager::create_guide(system, timeline, "gentle-2026").await?;
    let (changed, before, after) = program_manager::simulate_guide(system, timeline, "gentle-2026").await?;
    ensure!(changed > 0 && after > before, "the simulation found no difference");
    program_manager::activate_guide(system, timeline, "gentle-2026", "2026-06").await?;
    timeline.summary.guides += 1;
    Ok(())
}

/// Business Central at Fabrikam: under the policy profile (set of policy values) of 2023 the
/// customer can decline at any time.
pub(super) async fn run_decline_after_consent_window(
    system: &DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    timeline.print_heading(
        "10 From June on the policy profile of 2023 is in force: Fabrikam declines weeks after the consent window",
    );
    let product = "dynamics-365-business-central";
    system.import_subscription(FABRIKAM, BUSINESS_CENTRAL, product, "2027-06-01T00:00:00Z").await?;
    let draft = fabrikam_usage("1001", "Erik Weber", product, BUSINESS_CENTRAL);
    let mut claim =
        DemoClaim::create(system, timeline, "business-central", &system.contoso, "partners/contoso", draft).await?;
    claim.upload("poe-business-central.docx", POE_DOCX).await?;
    claim.submit().await?;
    ensure!(claim.current.policy == "2023@1", "the claim has the policy profile {}", claim.current.policy);
    claim.take_and_start_review().await?;
    claim.approve().await?;
    let mail = mailbox::latest_mail(&system.mail_directory, "jana.dvorakova@fabrikam.example")?;
    claim.wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; the consent window passes").await?;
    claim.wait(2 * CONSENT_WINDOW_AND_A_DAY, "does not respond for two more weeks").await?;
    system.browser.decline(&mail.link, "Contoso works for us no longer.").await.context("declining late")?;
    claim.report("declines", "Fabrikam", "declines with the old link; the association ends at once".into()).await?;
    ensure!(claim.current.association_state() == AssociationState::Ended, "the association did not end");
    timeline.summary.count_claim(&claim.current);
    timeline.summary.declined += 1;
    Ok(())
}

/// The Power Apps subscription of scenario 6 ends. Its association ends after the grace period, and
/// the claim stays approved.
pub(super) async fn run_subscription_expires(
    system: &DemoSystem,
    timeline: &mut Timeline,
    claim: &mut DemoClaim<'_>,
) -> anyhow::Result<()> {
    timeline.print_heading(
        "11 The Power Apps subscription of Fabrikam ends on 1 July; its association ends after the grace period",
    );
    system.advance_to("2026-07-30T09:00:00Z").await?;
    claim.report("in grace", "time", "the subscription has ended; the grace period runs".into()).await?;
    ensure!(claim.current.association_state() == AssociationState::Official, "there was no grace period");
    system.advance_to("2026-07-31T09:00:00Z").await?;
    let note = "the grace period is over: the association ends, the claim stays approved";
    claim.report("expires", "time", note.into()).await?;
    ensure!(claim.current.association_state() == AssociationState::Ended, "the association did not end");
    timeline.summary.expired += 1;
    Ok(())
}

/// The program manager exports all earnings.
pub(super) async fn run_earnings_exported(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading("12 The earnings until July are exported");
    let months = [("exchange-online", "2026-06", 1930), ("teams", "2026-06", 1000)];
    system.import_usage(LITWARE, &months).await?;
    system.wait_until_idle().await?;
    let exported = program_manager::export_earnings(system, timeline).await?;
    ensure!(exported > 0, "the export is empty");
    timeline.summary.earnings = exported;
    Ok(())
}

/// The program manager pays what the third quarter earned (R54a).
pub(super) async fn run_quarter_paid(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading("13 The third quarter ends, and its earnings are paid");
    system.advance_to("2026-10-01T09:00:00Z").await?;
    let payout = program_manager::pay_quarter(system, timeline, "2026-Q3").await?;
    ensure!(payout.state() == PayoutState::Sent && payout.line_count > 0, "the payout was not sent: {payout:?}");
    let paid = program_manager::count_earnings(system, &format!("payout = {} AND status = PAID", payout.name)).await?;
    ensure!(paid == payout.line_count, "{paid} of {} lines are paid", payout.line_count);
    Ok(())
}

/// Business Central at Fabrikam, again: the notice of the approval bounces, and the partner does
/// not correct the contact. After 30 days the claim is rejected and the subscription is free
/// (R41a).
pub(super) async fn run_customer_not_reached(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading("14 Contoso claims Business Central again, but the customer's mailbox no longer exists");
    let draft = fabrikam_usage("1001", "Erik Weber", "dynamics-365-business-central", BUSINESS_CENTRAL);
    let mut claim =
        DemoClaim::create(system, timeline, "unreached", &system.contoso, "partners/contoso", draft).await?;
    claim.upload("poe-business-central.docx", POE_DOCX).await?;
    claim.submit().await?;
    claim.take_and_start_review().await?;
    claim.approve().await?;
    claim.record_bounce().await?;
    claim.wait(31 * 86_400, "was not reached within 30 days: rejected, and the subscription is free").await?;
    let rejection = claim.current.rejection.clone().unwrap_or_default();
    ensure!(
        rejection.primary_reason() == PrimaryRejectionReason::CustomerNotReached,
        "the claim has the rejection {rejection:?}"
    );
    timeline.summary.count_claim(&claim.current);
    timeline.summary.unreached += 1;
    Ok(())
}
