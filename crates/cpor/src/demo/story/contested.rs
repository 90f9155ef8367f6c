//! What is fought over: a rejection disputed, two companies after one subscription, and an association from before there were claims.

use anyhow::ensure;
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, FurtherRejectionReason, PrimaryRejectionReason},
};

use super::{
    chapters::{PAST_THE_WINDOW, POE_DOCX, POE_PDF},
    drafts::*,
    moves::Case,
};
use crate::demo::{actor::Actor, stage::Stage, timeline::Timeline};

/// The subscription that two companies claim; it ends in summer.
const POWER_APPS: &str = "40a6c1d2-5b3e-4f7a-8c9d-0e1f2a3b4c5d";
/// The subscription with an association from before there were claims.
const CUSTOMER_SERVICE: &str = "51b7d2e3-6c4f-4a8b-9dae-1f2a3b4c5d6e";

/// SharePoint at Litware: rejected, disputed, won.
pub(super) async fn disputed(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("5  Northwind claims Litware's SharePoint: rejected, disputed, and won");
    let draft = litware_usage(&["sharepoint-online"]);
    let mut case =
        Case::open(stage, timeline, "litware-sharepoint", &stage.northwind, "partners/northwind", draft).await?;
    case.upload("poe-sharepoint.pdf", POE_PDF).await?;
    case.submit().await?;
    case.review_starts().await?;
    case.reject(FurtherRejectionReason::CustomerConsentMissing, "I see no signature of the customer.").await?;
    case.dispute("It is on the last page.").await?;
    ensure!(case.claim.state() == ClaimState::Disputed, "the dispute was not taken up");
    case.review_starts().await?;
    case.approve().await?;
    case.days_pass(PAST_THE_WINDOW, "says nothing; the window passes").await?;
    ensure!(case.claim.association_state() == AssociationState::Official, "the dispute was not won");
    timeline.summary.counts(&case.claim);
    timeline.summary.disputes_won += 1;
    Ok(())
}

/// Power Apps at Fabrikam: two claims compete, a lead awards the line. Answers the winner.
pub(super) async fn competing<'a>(stage: &'a Stage, timeline: &mut Timeline) -> anyhow::Result<Case<'a>> {
    timeline.chapter("6  Both claim Fabrikam's Power Apps: seen side by side, awarded by a lead");
    stage.subscribe(FABRIKAM, POWER_APPS, "power-apps", "2026-07-01T00:00:00Z").await?;
    let draft = fabrikam_usage("1001", "Erik Weber", "power-apps", POWER_APPS);
    let mut winner =
        submitted(stage, timeline, "power-apps-contoso", &stage.contoso, "partners/contoso", draft).await?;
    let draft = fabrikam_usage("2002", "Nora Novak", "power-apps", POWER_APPS);
    let mut loser =
        submitted(stage, timeline, "power-apps-northwind", &stage.northwind, "partners/northwind", draft).await?;
    winner.hears_of_a_rival("northwind").await?;
    loser.hears_of_a_rival("contoso").await?;
    winner.is_awarded("Contoso built the apps; the other proof is of a training.").await?;
    loser.refresh("loses the line", "time", "its only line went to another: lost to a competing claim").await?;
    let rejection = loser.claim.rejection.clone().unwrap_or_default();
    ensure!(rejection.primary_reason() == PrimaryRejectionReason::LostToCompetingClaim, "the rival did not lose");
    winner.review_starts().await?;
    winner.approve().await?;
    winner.days_pass(PAST_THE_WINDOW, "says nothing; the window passes").await?;
    winner.on_record().await?;
    timeline.summary.counts(&loser.claim);
    timeline.summary.counts(&winner.claim);
    timeline.summary.arbitrated += 1;
    Ok(winner)
}

/// Customer Service at Fabrikam: imported as Northwind's from before, superseded by Contoso's claim.
pub(super) async fn legacy(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("7  Northwind's association from before there were claims is imported; Contoso takes its place");
    stage.subscribe(FABRIKAM, CUSTOMER_SERVICE, "dynamics-365-customer-service", "2027-02-20T00:00:00Z").await?;
    let subscription = format!("tenants/{FABRIKAM}/subscriptions/{CUSTOMER_SERVICE}");
    let workload = format!("tenants/{LITWARE}/workloads/teams");
    for (key, note) in [
        (subscription.as_str(), "imports Northwind's association: official at once, without a claim"),
        (workload.as_str(), "imports one of a Microsoft 365 workload"),
    ] {
        let refused = stage.import_legacy(key, "partners/northwind", "2002").await?;
        let outcome = refused.as_ref().map_or_else(String::new, |reason| format!("; refused: {reason}"));
        timeline.aside(stage.now().await?, "directory sync", &format!("{note}{outcome}"));
        ensure!(refused.is_some() == (key == workload), "the import of {key} went otherwise");
    }
    let draft = fabrikam_usage("1001", "Erik Weber", "dynamics-365-customer-service", CUSTOMER_SERVICE);
    let mut case = submitted(stage, timeline, "customer-service", &stage.contoso, "partners/contoso", draft).await?;
    case.hears_of_a_rival("northwind").await?;
    case.is_awarded("The work has been Contoso's since last year.").await?;
    case.review_starts().await?;
    case.approve().await?;
    ensure!(case.on_record().await? == "partners/northwind", "the holder left before the successor was official");
    case.days_pass(PAST_THE_WINDOW, "says nothing; in one instant one association ends and the other begins").await?;
    ensure!(case.on_record().await? == "partners/contoso", "the successor is not on record");
    timeline.summary.counts(&case.claim);
    timeline.summary.superseded += 1;
    Ok(())
}

async fn submitted<'a>(
    stage: &'a Stage,
    timeline: &Timeline,
    label: &'static str,
    partner: &'a Actor,
    parent: &str,
    draft: cpor_proto::claims::v1::Claim,
) -> anyhow::Result<Case<'a>> {
    let mut case = Case::open(stage, timeline, label, partner, parent, draft).await?;
    case.upload("poe.docx", POE_DOCX).await?;
    case.submit().await?;
    Ok(case)
}
