//! The first four claims: straight through, sent back, declined, refused.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, FurtherRejectionReason, PartnerActionReason, Verdict},
};

use super::{drafts::*, moves::Case};
use crate::demo::{mailbox, stage::Stage, timeline::Timeline};

pub(super) const POE_DOCX: &[u8] = include_bytes!("../../../../../examples/poe-presales-fabrikam.docx");
pub(super) const POE_PDF: &[u8] = include_bytes!("../../../../../examples/poe-usage-litware.pdf");

/// The consent window and a day.
pub(super) const PAST_THE_WINDOW: i64 = 8 * 86_400;

/// Pre-sales for Fabrikam: goes straight through and is eligible.
pub(super) async fn straight(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("1  Contoso sold Fabrikam its Dynamics 365 Sales: straight to official, and eligible");
    let mut case = Case::open(
        stage,
        timeline,
        "fabrikam-presales",
        &stage.contoso,
        "partners/contoso",
        fabrikam_presales("1001", "Erik Weber"),
    )
    .await?;
    case.upload("poe-presales-fabrikam.docx", POE_DOCX).await?;
    case.submit().await?;
    let mail = mailbox::latest(&stage.mail, "jana.dvorakova@fabrikam.example")?;
    case.tell("is notified", "Fabrikam", format!("mail: {}", mail.subject)).await?;
    case.review_starts().await?;
    case.approve().await?;
    case.days_pass(PAST_THE_WINDOW, "says nothing; the window passes").await?;
    ensure!(case.claim.association_state() == AssociationState::Official, "the association is not official");
    case.on_record().await?;
    ensure!(case.verdicts().contains(&Verdict::Eligible), "the claim is not eligible");
    timeline.summary.counts(&case.claim);
    Ok(())
}

/// Usage for Litware: sent back, resubmitted, approved, not yet eligible.
pub(super) async fn sent_back(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("2  Northwind drives Litware's Exchange and Teams: sent back once, official, not yet eligible");
    let mut case = Case::open(
        stage,
        timeline,
        "litware-usage",
        &stage.northwind,
        "partners/northwind",
        litware_usage(&["exchange-online", "teams"]),
    )
    .await?;
    case.upload("poe-usage-litware.pdf", POE_PDF).await?;
    case.submit().await?;
    case.review_starts().await?;
    case.send_back(PartnerActionReason::CustomerAcknowledgementMissing, "The signature page is missing.").await?;
    case.upload("poe-usage-litware-signed.pdf", POE_PDF).await?;
    case.resubmit("The signed copy is attached.").await?;
    case.review_starts_again().await?;
    case.approve().await?;
    case.days_pass(PAST_THE_WINDOW, "says nothing; the window passes").await?;
    case.on_record().await?;
    stage.import_usage(LITWARE, &[("exchange-online", "2026-02", 1800), ("exchange-online", "2026-03", 1815)]).await?;
    stage.import_usage(LITWARE, &[("teams", "2026-02", 900), ("teams", "2026-03", 930)]).await?;
    case.usage().await?;
    ensure!(
        case.verdicts().iter().all(|verdict| *verdict == Verdict::NotEligible),
        "usage has not grown, yet a line is eligible"
    );
    timeline.summary.counts(&case.claim);
    Ok(())
}

/// Usage for Tailspin: the customer declines through the link in the mail.
pub(super) async fn declined(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("3  Contoso claims Tailspin's Power BI: the customer declines through the link");
    let mut case =
        Case::open(stage, timeline, "tailspin-usage", &stage.contoso, "partners/contoso", tailspin_usage()).await?;
    case.upload("poe-usage-tailspin.pdf", POE_PDF).await?;
    case.submit().await?;
    case.review_starts().await?;
    case.approve().await?;
    let mail = mailbox::latest(&stage.mail, "karl.lang@tailspin.example")?;
    stage.web.open(&mail.link).await.context("the consent page")?;
    case.tell("opens the link", "Tailspin", "opening the page changes nothing".into()).await?;
    stage.web.decline(&mail.link, "We did this ourselves.").await.context("the decline")?;
    case.tell("declines", "Tailspin", "declined by link: the hold is freed".into()).await?;
    ensure!(case.claim.state() == ClaimState::Rejected, "the decline did not reject the claim");
    timeline.summary.counts(&case.claim);
    timeline.summary.declined += 1;
    Ok(())
}

/// Pre-sales for Fabrikam again, by another partner: refused at approval, and rejected.
pub(super) async fn already_held(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("4  Northwind claims the subscription that Contoso holds: refused at approval, rejected");
    let mut case = Case::open(
        stage,
        timeline,
        "fabrikam-rival",
        &stage.northwind,
        "partners/northwind",
        fabrikam_presales("2002", "Nora Novak"),
    )
    .await?;
    case.upload("poe-presales.docx", POE_DOCX).await?;
    case.submit().await?;
    case.review_starts().await?;
    case.approval_is_refused("KEY_HELD").await?;
    case.reject(FurtherRejectionReason::PoeNotAvailable, "The proof does not show your work for this subscription.")
        .await?;
    case.history().await?;
    timeline.summary.counts(&case.claim);
    timeline.summary.refused += 1;
    Ok(())
}
