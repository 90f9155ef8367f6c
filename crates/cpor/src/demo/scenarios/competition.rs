//! Scenarios 5 to 8: a rejection is disputed, two partners compete for one subscription, a claim
//! supersedes a legacy association (one that was imported from before CPOR and has no claim), and a
//! holder defends its association.
//!
//! Contoso and Northwind are partners; Fabrikam and Litware are customers. An association puts a
//! partner on record for one subscription or workload of a customer; the partner is its holder.

use anyhow::ensure;
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    reviews::v1::statement,
    r#type::v1::{AssociationState, FurtherRejectionReason, PrimaryRejectionReason},
};

use super::{CONSENT_WINDOW_AND_A_DAY, POE_DOCX, POE_PDF};
use crate::demo::{actor::Actor, claim::DemoClaim, drafts::*, system::DemoSystem, timeline::Timeline};

/// The subscription that two partners claim. It ends on 1 July 2026.
const POWER_APPS: &str = "40a6c1d2-5b3e-4f7a-8c9d-0e1f2a3b4c5d";
/// The subscription with a legacy association.
const CUSTOMER_SERVICE: &str = "51b7d2e3-6c4f-4a8b-9dae-1f2a3b4c5d6e";

/// SharePoint at Litware: the claim is rejected, disputed, and approved.
pub(super) async fn run_rejection_disputed_and_overturned(
    system: &DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    timeline.print_heading("5  Northwind claims SharePoint at Litware: rejected, disputed, and approved");
    let draft = litware_usage(&["sharepoint-online"]);
    let mut claim =
        DemoClaim::create(system, timeline, "litware-sharepoint", &system.northwind, "partners/northwind", draft)
            .await?;
    claim.upload("poe-sharepoint.pdf", POE_PDF).await?;
    claim.submit().await?;
    claim.take_and_start_review().await?;
    claim.reject(FurtherRejectionReason::CustomerConsentMissing, "I see no signature of the customer.").await?;
    claim.dispute("It is on the last page.").await?;
    ensure!(claim.current.state() == ClaimState::Disputed, "the claim is not disputed");
    claim.take_and_start_review().await?;
    claim.approve().await?;
    claim.wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; the consent window passes").await?;
    ensure!(claim.current.association_state() == AssociationState::Official, "the association is not official");
    timeline.summary.count_claim(&claim.current);
    timeline.summary.disputes_won += 1;
    Ok(())
}

/// Power Apps at Fabrikam: two claims compete for a subscription, and a review lead awards it to
/// one of them. Returns that claim.
pub(super) async fn run_two_claims_for_one_subscription<'a>(
    system: &'a DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<DemoClaim<'a>> {
    timeline.print_heading("6  Both partners claim Power Apps at Fabrikam: a review lead compares them and decides");
    system.import_subscription(FABRIKAM, POWER_APPS, "power-apps", "2026-07-01T00:00:00Z").await?;
    let draft = fabrikam_usage("1001", "Erik Weber", "power-apps", POWER_APPS);
    let mut winner =
        submit_claim(system, timeline, "power-apps-contoso", &system.contoso, "partners/contoso", draft).await?;
    let draft = fabrikam_usage("2002", "Nora Novak", "power-apps", POWER_APPS);
    let mut loser =
        submit_claim(system, timeline, "power-apps-northwind", &system.northwind, "partners/northwind", draft).await?;
    winner.read_competition_comment("northwind").await?;
    loser.read_competition_comment("contoso").await?;
    winner.award_line("Contoso built the apps; the other proof is of a training.").await?;
    loser.report("loses the line", "time", "its only line was awarded to another claim: rejected".into()).await?;
    let rejection = loser.current.rejection.clone().unwrap_or_default();
    ensure!(rejection.primary_reason() == PrimaryRejectionReason::LostToCompetingClaim, "the other claim did not lose");
    winner.take_and_start_review().await?;
    winner.approve().await?;
    winner.wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; the consent window passes").await?;
    winner.look_up_holder().await?;
    timeline.summary.count_claim(&loser.current);
    timeline.summary.count_claim(&winner.current);
    timeline.summary.arbitrated += 1;
    Ok(winner)
}

/// Customer Service at Fabrikam: a legacy association of Northwind is imported, and a claim of
/// Contoso supersedes it. Returns that claim.
pub(super) async fn run_legacy_association_superseded<'a>(
    system: &'a DemoSystem,
    timeline: &mut Timeline,
) -> anyhow::Result<DemoClaim<'a>> {
    timeline.print_heading("7  A legacy association of Northwind is imported; a claim of Contoso supersedes it");
    let product = "dynamics-365-customer-service";
    system.import_subscription(FABRIKAM, CUSTOMER_SERVICE, product, "2027-02-20T00:00:00Z").await?;
    let subscription = format!("tenants/{FABRIKAM}/subscriptions/{CUSTOMER_SERVICE}");
    let workload = format!("tenants/{LITWARE}/workloads/teams");
    for (key, note) in [
        (subscription.as_str(), "imports the association of Northwind: official at once, without a claim"),
        (workload.as_str(), "imports one for a Microsoft 365 workload"),
    ] {
        let error = system.import_legacy_association(key, "partners/northwind", "2002").await?;
        let outcome = error.as_ref().map_or_else(String::new, |message| format!("; refused: {message}"));
        timeline.print_note(system.now().await?, "directory sync", &format!("{note}{outcome}"));
        ensure!(error.is_some() == (key == workload), "the import of {key} had an unexpected result");
    }
    let draft = fabrikam_usage("1001", "Erik Weber", product, CUSTOMER_SERVICE);
    let mut claim =
        submit_claim(system, timeline, "customer-service", &system.contoso, "partners/contoso", draft).await?;
    claim.read_competition_comment("northwind").await?;
    claim.award_line("The work has been Contoso's since last year.").await?;
    claim.take_and_start_review().await?;
    claim.approve().await?;
    ensure!(claim.look_up_holder().await? == "partners/northwind", "the holder changed before the claim was official");
    claim
        .wait(CONSENT_WINDOW_AND_A_DAY, "does not respond; at once the old association ends and the new begins")
        .await?;
    ensure!(claim.look_up_holder().await? == "partners/contoso", "the claim's partner is not on record");
    timeline.summary.count_claim(&claim.current);
    timeline.summary.superseded += 1;
    Ok(claim)
}

/// Customer Service at Fabrikam, again: Northwind claims the subscription that Contoso holds.
/// Contoso defends its association, and stays on record (R37a).
pub(super) async fn run_holder_defends_association(
    system: &DemoSystem,
    timeline: &mut Timeline,
    holder: &mut DemoClaim<'_>,
) -> anyhow::Result<()> {
    timeline.print_heading("8  Northwind claims the same subscription; Contoso defends its association");
    let draft = fabrikam_usage("2002", "Nora Novak", "dynamics-365-customer-service", CUSTOMER_SERVICE);
    let mut challenger =
        submit_claim(system, timeline, "challenger", &system.northwind, "partners/northwind", draft).await?;
    holder.read_competition_comment("northwind").await?;
    holder.request_statement("Which work did you do since spring?").await?;
    holder.upload("work-since-spring.docx", POE_DOCX).await?;
    holder.comment("The document lists our work since spring; we run the service desk.").await?;
    ensure!(holder.statement_status().await? == statement::Status::Given, "the statement was not given");
    challenger.take_and_start_review().await?;
    challenger.reject(FurtherRejectionReason::PoeNotAvailable, "Your proof is older than the holder's work.").await?;
    ensure!(holder.look_up_holder().await? == "partners/contoso", "the holder has lost its association");
    timeline.summary.count_claim(&challenger.current);
    timeline.summary.defended += 1;
    Ok(())
}

/// Creates a claim from a draft, uploads a proof of execution, and submits the claim.
async fn submit_claim<'a>(
    system: &'a DemoSystem,
    timeline: &Timeline,
    label: &'static str,
    partner: &'a Actor,
    parent: &str,
    draft: Claim,
) -> anyhow::Result<DemoClaim<'a>> {
    let mut claim = DemoClaim::create(system, timeline, label, partner, parent, draft).await?;
    claim.upload("poe.docx", POE_DOCX).await?;
    claim.submit().await?;
    Ok(claim)
}
