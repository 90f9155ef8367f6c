//! What time brings: a guide tried out and put in force, a decline long after the window, a subscription that ends, and what was earned.

use anyhow::{Context as _, ensure};
use cpor_proto::r#type::v1::AssociationState;

use super::{
    chapters::{PAST_THE_WINDOW, POE_DOCX},
    drafts::*,
    guides,
    moves::Case,
};
use crate::demo::{mailbox, stage::Stage, timeline::Timeline};

/// A subscription that Fabrikam buys in June.
const BUSINESS_CENTRAL: &str = "62c8e3f4-7d5a-4b9c-8ebf-2a3b4c5d6e7f";

/// Litware's use grew by 5 %, not by 10: a gentler guide is tried on the past, and put in force.
pub(super) async fn guide(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("8  Use at Litware grows by 5 %: a gentler guide is simulated on the past, then activated");
    stage.advance_to("2026-06-02T09:00:00Z").await?;
    stage.import_usage(LITWARE, &[("exchange-online", "2026-04", 1820), ("exchange-online", "2026-05", 1915)]).await?;
    stage.import_usage(LITWARE, &[("teams", "2026-04", 940), ("teams", "2026-05", 990)]).await?;
    stage.advance(0).await?;
    guides::draft(stage, timeline, "gentle-2026").await?;
    let (changed, before, after) = guides::simulate(stage, timeline, "gentle-2026").await?;
    ensure!(changed > 0 && after > before, "the simulation found no difference");
    guides::activate(stage, timeline, "gentle-2026", "2026-06").await?;
    timeline.summary.guides += 1;
    Ok(())
}

/// Business Central at Fabrikam: under the rules of 2023 a customer can decline at any time.
pub(super) async fn declined_late(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("9  From June on the policy of 2023 is in force: Fabrikam declines weeks after the window");
    stage.subscribe(FABRIKAM, BUSINESS_CENTRAL, "dynamics-365-business-central", "2027-06-01T00:00:00Z").await?;
    let draft = fabrikam_usage("1001", "Erik Weber", "dynamics-365-business-central", BUSINESS_CENTRAL);
    let mut case = Case::open(stage, timeline, "business-central", &stage.contoso, "partners/contoso", draft).await?;
    case.upload("poe-business-central.docx", POE_DOCX).await?;
    case.submit().await?;
    ensure!(case.claim.policy == "2023@1", "the claim is under {}", case.claim.policy);
    case.review_starts().await?;
    case.approve().await?;
    let mail = mailbox::latest(&stage.mail, "jana.dvorakova@fabrikam.example")?;
    case.days_pass(PAST_THE_WINDOW, "says nothing; the window passes").await?;
    case.days_pass(2 * PAST_THE_WINDOW, "changes its mind").await?;
    stage.web.decline(&mail.link, "Contoso works for us no longer.").await.context("the late decline")?;
    case.tell("declines", "Fabrikam", "declines through the old link: the association ends at once".into()).await?;
    ensure!(case.claim.association_state() == AssociationState::Ended, "the association did not end");
    timeline.summary.counts(&case.claim);
    timeline.summary.declined += 1;
    Ok(())
}

/// The Power Apps that were fought over expire; the claim stays approved.
pub(super) async fn expired(stage: &Stage, timeline: &mut Timeline, case: &mut Case<'_>) -> anyhow::Result<()> {
    timeline
        .chapter("10 Fabrikam's Power Apps subscription ends on 1 July; after the grace the association ends with it");
    stage.advance_to("2026-07-30T09:00:00Z").await?;
    case.refresh("in grace", "time", "the subscription has ended; in the grace the association stands").await?;
    ensure!(case.claim.association_state() == AssociationState::Official, "the grace was not granted");
    stage.advance_to("2026-07-31T09:00:00Z").await?;
    case.refresh("expires", "time", "the grace is over: the association ends, the claim stays approved").await?;
    ensure!(case.claim.association_state() == AssociationState::Ended, "the association outlives its subscription");
    timeline.summary.expired += 1;
    Ok(())
}

/// What was earned until summer, as a file.
pub(super) async fn earnings(stage: &Stage, timeline: &mut Timeline) -> anyhow::Result<()> {
    timeline.chapter("11 What was earned");
    let months = [("exchange-online", "2026-06", 1930), ("teams", "2026-06", 1000)];
    stage.import_usage(LITWARE, &months).await?;
    stage.advance(0).await?;
    let exported = guides::export(stage, timeline).await?;
    ensure!(exported > 0, "nothing was exported");
    timeline.summary.earnings = exported;
    Ok(())
}
