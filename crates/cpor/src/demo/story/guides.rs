//! What the program manager does: drafts, tries out and activates a guide, and exports what was earned.

use anyhow::Context as _;
use cpor_proto::{
    eligibility::v1::{
        ActivateProgramGuideRequest, CreateProgramGuideRequest, ExportEarningsRequest, GetProgramGuideRequest,
        ProgramGuide, SimulateProgramGuideRequest, simulate_program_guide_response::Content,
    },
    r#type::v1::{ExportFormat, Money},
};

use crate::demo::{stage::Stage, timeline::Timeline};

/// Growth of 5 % instead of 10.
const GENTLER: &str = "usage.baseline != null && usage.latest != null && usage.latest * 20 >= usage.baseline * 21";

/// The shipped guide with a gentler condition, as a draft.
pub(super) async fn draft(stage: &Stage, timeline: &Timeline, id: &str) -> anyhow::Result<()> {
    let mut client = stage.manager.eligibility();
    let shipped = GetProgramGuideRequest { name: "programGuides/default-2026".into() };
    let shipped = client.get_program_guide(shipped).await?.into_inner();
    let mut guide = ProgramGuide { display_name: "Gentler".into(), version: "2".into(), ..shipped };
    let grown = guide.conditions.iter_mut().find(|condition| condition.name.starts_with("usage_grown"));
    let grown = grown.context("the guide asks for no growth")?;
    grown.name = "usage_grown_by_5_percent".into();
    grown.expression = GENTLER.into();
    grown.explanation = "Active usage has not grown by 5 % since the association became official.".into();
    let request = CreateProgramGuideRequest {
        program_guide_id: id.into(),
        program_guide: Some(guide),
        ..CreateProgramGuideRequest::default()
    };
    client.create_program_guide(request).await?;
    say(stage, timeline, &format!("drafts the guide {id}: growth of 5 % will do")).await
}

/// What the draft would change: how many answers, and what the lines earn, before and after, in micros of USD.
pub(super) async fn simulate(stage: &Stage, timeline: &Timeline, id: &str) -> anyhow::Result<(i64, i64, i64)> {
    let name = format!("programGuides/{id}");
    let request = SimulateProgramGuideRequest { name, ..SimulateProgramGuideRequest::default() };
    let mut parts = stage.manager.eligibility().simulate_program_guide(request).await?.into_inner();
    let mut summary = None;
    while let Some(message) = parts.message().await? {
        match message.content.context("an empty part")? {
            Content::Difference(found) => {
                let after = found.after.unwrap_or_default();
                let verdict = after.verdict().as_str_name().trim_start_matches("VERDICT_").to_lowercase();
                let what =
                    format!("{} of {} would be {}", after.key.rsplit('/').next().unwrap_or(""), found.month, verdict);
                say(stage, timeline, &format!("simulates: {what}")).await?;
            }
            Content::Summary(found) => summary = Some(found),
        }
    }
    let summary = summary.context("the simulation has no summary")?;
    let (before, after) = (micros(&summary.amounts_before), micros(&summary.amounts_after));
    let sums = format!(
        "{} of {} answers change, {} USD become {}",
        summary.changed_count,
        summary.compared_count,
        usd(before),
        usd(after)
    );
    say(stage, timeline, &format!("simulates: {sums}")).await?;
    Ok((summary.changed_count, before, after))
}

/// Puts the draft in force from this month on.
pub(super) async fn activate(stage: &Stage, timeline: &Timeline, id: &str, start_month: &str) -> anyhow::Result<()> {
    let request = ActivateProgramGuideRequest {
        name: format!("programGuides/{id}"),
        start_month: start_month.into(),
        ..ActivateProgramGuideRequest::default()
    };
    stage.manager.eligibility().activate_program_guide(request).await?;
    say(stage, timeline, &format!("puts it in force from {start_month} on")).await
}

/// Exports the whole ledger; answers how many lines it has.
pub(super) async fn export(stage: &Stage, timeline: &Timeline) -> anyhow::Result<u64> {
    let request = ExportEarningsRequest {
        parent: "tenants/-".into(),
        format: ExportFormat::Csv.into(),
        ..ExportEarningsRequest::default()
    };
    let mut parts = stage.manager.eligibility().export_earnings(request).await?.into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await? {
        file.extend(part.data);
    }
    let file = String::from_utf8(file).context("the export is no text")?;
    let (header, lines) = file.split_once("\r\n").context("the export has no header")?;
    let column = header.split(',').position(|name| name == "amount_micros").context("the export has no amounts")?;
    let amounts = lines.lines().filter_map(|line| line.split(',').nth(column)?.parse::<i64>().ok());
    let (lines, earned) = (lines.lines().count(), usd(amounts.sum()));
    say(stage, timeline, &format!("exports the ledger as CSV: {lines} lines, {earned} USD earned")).await?;
    Ok(lines.try_into()?)
}

async fn say(stage: &Stage, timeline: &Timeline, note: &str) -> anyhow::Result<()> {
    timeline.aside(stage.now().await?, stage.manager.label, note);
    Ok(())
}

fn micros(amounts: &[Money]) -> i64 {
    amounts.iter().map(|amount| amount.micros).sum()
}

fn usd(micros: i64) -> String {
    format!("{}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}
