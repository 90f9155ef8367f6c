//! What happens to each claim.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::{Activity, AssociationState, Claim, ClaimLine, ClaimState, Contact, SolutionArea, Verdict},
    reviews::v1::{FurtherRejectionReason, PartnerActionReason},
};

use super::moves::Case;
use crate::demo::{mailbox, stage::Stage, timeline::Timeline};

const POE_DOCX: &[u8] = include_bytes!("../../../../../examples/poe-presales-fabrikam.docx");
const POE_PDF: &[u8] = include_bytes!("../../../../../examples/poe-usage-litware.pdf");

const FABRIKAM: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
const FABRIKAM_SALES: &str = "2b7e4a90-93f1-4f5e-8d57-0a1c6e9d4f21";
const LITWARE: &str = "1c9f0e7b-2d64-4b1f-8a35-77d0b2c4e911";
const TAILSPIN: &str = "b3a7c5d1-6e8f-4a2b-9c0d-1e2f3a4b5c6d";

const DAY: i64 = 86_400;

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
    case.days_pass(8 * DAY, "says nothing; the window passes").await?;
    ensure!(case.claim.association_state() == AssociationState::Official, "the association is not official");
    case.on_record().await?;
    ensure!(case.verdicts().contains(&Verdict::Eligible), "the claim is not eligible");
    timeline_counts(timeline, &case.claim);
    Ok(())
}

/// Usage for Litware: sent back, resubmitted, approved, not yet eligible.
pub(super) async fn sent_back(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("2  Northwind drives Litware's Exchange and Teams: sent back once, official, not yet eligible");
    let mut case =
        Case::open(stage, timeline, "litware-usage", &stage.northwind, "partners/northwind", litware_usage()).await?;
    case.upload("poe-usage-litware.pdf", POE_PDF).await?;
    case.submit().await?;
    case.review_starts().await?;
    case.send_back(PartnerActionReason::CustomerAcknowledgementMissing, "The signature page is missing.").await?;
    case.upload("poe-usage-litware-signed.pdf", POE_PDF).await?;
    case.resubmit("The signed copy is attached.").await?;
    case.review_starts_again().await?;
    case.approve().await?;
    case.days_pass(8 * DAY, "says nothing; the window passes").await?;
    case.on_record().await?;
    stage.import_usage(LITWARE).await?;
    case.usage().await?;
    ensure!(
        case.verdicts().iter().all(|verdict| *verdict == Verdict::NotEligible),
        "usage has not grown, yet a line is eligible"
    );
    timeline_counts(timeline, &case.claim);
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
    timeline.summary.claims += 1;
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
    timeline.summary.claims += 1;
    timeline.summary.refused += 1;
    Ok(())
}

fn timeline_counts(timeline: &mut Timeline, claim: &Claim) {
    let verdicts: Vec<_> =
        claim.lines.iter().flat_map(|line| &line.assessments).map(|assessment| assessment.verdict()).collect();
    timeline.summary.claims += 1;
    timeline.summary.official += u32::from(claim.association_state() == AssociationState::Official);
    timeline.summary.eligible += u32::from(verdicts.contains(&Verdict::Eligible));
}

fn fabrikam_presales(mpn_id: &str, seller: &str) -> Claim {
    Claim {
        display_name: "Fabrikam sales rollout".into(),
        mpn_id: mpn_id.into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: FABRIKAM.into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::PreSales.into()],
        lines: vec![ClaimLine {
            product: "products/dynamics-365-sales".into(),
            subscription_id: FABRIKAM_SALES.into(),
            ..ClaimLine::default()
        }],
        customer_contact: contact("Jana Dvořáková", "Head of Sales Operations", "jana.dvorakova@fabrikam.example"),
        customer_technical_contact: contact("Petr Malý", "IT Manager", "petr.maly@fabrikam.example"),
        partner_contact: contact(seller, "", "claims@partner.example"),
        ..Claim::default()
    }
}

fn litware_usage() -> Claim {
    let line = |product: &str| ClaimLine { product: product.into(), ..ClaimLine::default() };
    Claim {
        display_name: "Litware migration".into(),
        mpn_id: "2001".into(),
        customer_domain: "litware.example".into(),
        tenant_id: LITWARE.into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        lines: vec![line("products/exchange-online"), line("products/teams")],
        customer_contact: contact("Maria Rossi", "CIO", "maria.rossi@litware.example"),
        partner_contact: contact("Nora Novak", "", "nora@northwind.example"),
        ..Claim::default()
    }
}

fn tailspin_usage() -> Claim {
    Claim {
        display_name: "Tailspin reporting".into(),
        mpn_id: "1001".into(),
        customer_domain: "tailspin.example".into(),
        tenant_id: TAILSPIN.into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::Usage.into()],
        // The tenant has one Power BI subscription: it is filled in.
        lines: vec![ClaimLine { product: "products/power-bi".into(), ..ClaimLine::default() }],
        customer_contact: contact("Karl Lang", "Head of Finance", "karl.lang@tailspin.example"),
        partner_contact: contact("Erik Weber", "", "erik@contoso.example"),
        ..Claim::default()
    }
}

fn contact(name: &str, title: &str, email: &str) -> Option<Contact> {
    Some(Contact { name: name.into(), title: title.into(), email: email.into() })
}
