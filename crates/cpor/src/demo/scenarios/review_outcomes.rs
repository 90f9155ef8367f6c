//! Scenarios 1 to 4: the outcomes of a review. The claim is approved, returned to the partner,
//! declined by the customer, or refused because another partner already holds the subscription.
//!
//! Contoso and Northwind are partners; Fabrikam, Litware and Tailspin are customers.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, FurtherRejectionReason, PartnerActionReason, Verdict},
};

use super::{CONSENT_WINDOW_AND_A_DAY, POE_DOCX, POE_PDF};
use crate::demo::{claim::DemoClaim, drafts::*, mailbox, system::DemoSystem, timeline::Timeline};

/// Pre-sales to Fabrikam: the claim is approved, its association becomes official, and it is
/// eligible.
pub(super) async fn run_claim_approved_at_first_review(
    system: &DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    timeline.print_heading("1  Contoso sold Dynamics 365 Sales to Fabrikam: the claim becomes official and eligible");
    let draft = fabrikam_presales("1001", "Erik Weber");
    let mut claim =
        DemoClaim::create(system, timeline, "fabrikam-presales", &system.contoso, "partners/contoso", draft).await?;
    claim.upload("poe-presales-fabrikam.docx", POE_DOCX).await?;
    claim.submit().await?;
    let mail = mailbox::latest_mail(&system.mail_directory, "jana.dvorakova@fabrikam.example")?;
    claim.report("is notified", "Fabrikam", format!("gets a mail: {}", mail.subject)).await?;
    claim.take_and_start_review().await?;
    claim.approve().await?;
    claim.wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; the consent window passes").await?;
    ensure!(claim.current.association_state() == AssociationState::Official, "the association is not official");
    claim.look_up_holder().await?;
    ensure!(claim.verdicts().contains(&Verdict::Eligible), "the claim is not eligible");
    timeline.summary.count_claim(&claim.current);
    Ok(())
}

/// Usage at Litware: the claim is returned, resubmitted and approved, and is not eligible yet.
pub(super) async fn run_claim_returned_to_partner(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading(
        "2  Northwind drives the usage of Exchange and Teams at Litware: returned once, then official, not yet eligible",
    );
    let draft = litware_usage(&["exchange-online", "teams"]);
    let mut claim =
        DemoClaim::create(system, timeline, "litware-usage", &system.northwind, "partners/northwind", draft).await?;
    claim.upload("poe-usage-litware.pdf", POE_PDF).await?;
    claim.submit().await?;
    claim.take_and_start_review().await?;
    let reason = PartnerActionReason::CustomerAcknowledgementMissing;
    claim.request_partner_action(reason, "The signature page is missing.").await?;
    claim.upload("poe-usage-litware-signed.pdf", POE_PDF).await?;
    claim.resubmit("The signed copy is attached.").await?;
    claim.start_review().await?;
    claim.approve().await?;
    claim.wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; the consent window passes").await?;
    claim.look_up_holder().await?;
    system.import_usage(LITWARE, &[("exchange-online", "2026-02", 1800), ("exchange-online", "2026-03", 1815)]).await?;
    system.import_usage(LITWARE, &[("teams", "2026-02", 900), ("teams", "2026-03", 930)]).await?;
    claim.read_usage().await?;
    ensure!(
        claim.verdicts().iter().all(|verdict| *verdict == Verdict::NotEligible),
        "a line is eligible, although usage has not grown"
    );
    timeline.summary.count_claim(&claim.current);
    Ok(())
}

/// Usage at Tailspin: the customer declines with the link in the mail.
pub(super) async fn run_claim_declined_by_customer(system: &DemoSystem, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.print_heading("3  Contoso claims Power BI at Tailspin: the customer declines with the link in the mail");
    let draft = tailspin_usage();
    let mut claim =
        DemoClaim::create(system, timeline, "tailspin-usage", &system.contoso, "partners/contoso", draft).await?;
    claim.upload("poe-usage-tailspin.pdf", POE_PDF).await?;
    claim.submit().await?;
    claim.take_and_start_review().await?;
    claim.approve().await?;
    let mail = mailbox::latest_mail(&system.mail_directory, "karl.lang@tailspin.example")?;
    system.browser.open(&mail.link).await.context("opening the consent page")?;
    claim.report("opens the link", "Tailspin", "opens the link, which changes nothing".into()).await?;
    system.browser.decline(&mail.link, "We did this ourselves.").await.context("declining")?;
    claim.report("declines", "Tailspin", "declines on the page; the hold ends".into()).await?;
    ensure!(claim.current.state() == ClaimState::Rejected, "the claim is not rejected after the decline");
    timeline.summary.count_claim(&claim.current);
    timeline.summary.declined += 1;
    Ok(())
}

/// Pre-sales to Fabrikam, claimed by a second partner: the approval is refused, because the first
/// partner holds the subscription.
pub(super) async fn run_approval_refused_for_held_subscription(
    system: &DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    timeline.print_heading(
        "4  Northwind claims the subscription that Contoso holds: the approval is refused, the claim rejected",
    );
    let draft = fabrikam_presales("2002", "Nora Novak");
    let mut claim =
        DemoClaim::create(system, timeline, "fabrikam-rival", &system.northwind, "partners/northwind", draft).await?;
    claim.upload("poe-presales.docx", POE_DOCX).await?;
    claim.submit().await?;
    claim.take_and_start_review().await?;
    claim.expect_refused_approval("KEY_HELD").await?;
    claim
        .reject(FurtherRejectionReason::PoeNotAvailable, "The proof does not show your work for this subscription.")
        .await?;
    claim.read_history().await?;
    timeline.summary.count_claim(&claim.current);
    timeline.summary.refused += 1;
    Ok(())
}
