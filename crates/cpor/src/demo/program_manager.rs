//! Steps of the program manager: creates, simulates and activates a program guide (the conditions
//! by which claims are eligible for incentives), exports the earnings, and records a payout.

use anyhow::Context as _;
use cpor_proto::{
    eligibility::v1::{
        ActivateProgramGuideRequest, CreatePayoutRequest, CreateProgramGuideRequest, Earning, ExportEarningsRequest,
        GetProgramGuideRequest, ListEarningsRequest, Payout, ProcessPayoutRequest, ProgramGuide, SendPayoutRequest,
        SimulateProgramGuideRequest, simulate_program_guide_response,
    },
    r#type::v1::{ExportFormat, Money},
};

use super::{system::DemoSystem, timeline::Timeline};

/// The condition that usage has grown by 5 %. The built-in guide requires 10 %.
const GROWN_BY_5_PERCENT: &str =
    "usage.baseline != null && usage.latest != null && usage.latest * 20 >= usage.baseline * 21";

/// Creates a draft of a guide: the built-in guide with a lower threshold for growth.
pub(super) async fn create_guide(system: &DemoSystem, timeline: &Timeline, id: &str) -> anyhow::Result<()> {
    let mut client = system.manager.eligibility();
    let request = GetProgramGuideRequest { name: "programGuides/default-2026".into() };
    let built_in = client.get_program_guide(request).await?.into_inner();
    let mut guide = ProgramGuide { display_name: "Gentler".into(), version: "2".into(), ..built_in };
    let growth = guide.conditions.iter_mut().find(|condition| condition.name.starts_with("usage_grown"));
    let growth = growth.context("the guide has no condition about growth")?;
    growth.name = "usage_grown_by_5_percent".into();
    growth.expression = GROWN_BY_5_PERCENT.into();
    growth.explanation = "Active usage has not grown by 5 % since the association became official.".into();
    let request = CreateProgramGuideRequest {
        program_guide_id: id.into(),
        program_guide: Some(guide),
        ..CreateProgramGuideRequest::default()
    };
    client.create_program_guide(request).await?;
    print_note(system, timeline, &format!("creates the guide {id}: growth of 5 % is enough")).await
}

/// Simulates the draft on past months, and prints each difference. Returns the number of results
/// that would change, and the total amounts before and after, in millionths of a dollar.
pub(super) async fn simulate_guide(
    system: &DemoSystem,
    timeline: &Timeline,
    id: &str,
) -> anyhow::Result<(i64, i64, i64)> {
    let name = format!("programGuides/{id}");
    let request = SimulateProgramGuideRequest { name, ..SimulateProgramGuideRequest::default() };
    let mut parts = system.manager.eligibility().simulate_program_guide(request).await?.into_inner();
    let mut summary = None;
    while let Some(message) = parts.message().await? {
        match message.content.context("the message is empty")? {
            simulate_program_guide_response::Content::Difference(difference) => {
                let after = difference.after.unwrap_or_default();
                let verdict = after.verdict().as_str_name().trim_start_matches("VERDICT_").to_lowercase();
                let product = after.key.rsplit('/').next().unwrap_or("");
                let note = format!("simulates: {product} in {} would be {verdict}", difference.month);
                print_note(system, timeline, &note).await?;
            }
            simulate_program_guide_response::Content::Summary(totals) => summary = Some(totals),
        }
    }
    let summary = summary.context("the simulation has no summary")?;
    let (before, after) = (total_micros(&summary.amounts_before), total_micros(&summary.amounts_after));
    let note = format!(
        "simulates: {} of {} results would change, the total from {} to {} USD",
        summary.changed_count,
        summary.compared_count,
        usd(before),
        usd(after)
    );
    print_note(system, timeline, &note).await?;
    Ok((summary.changed_count, before, after))
}

/// Puts the draft of the guide in force from this month on.
pub(super) async fn activate_guide(
    system: &DemoSystem,
    timeline: &Timeline,
    id: &str,
    start_month: &str,
) -> anyhow::Result<()> {
    let request = ActivateProgramGuideRequest {
        name: format!("programGuides/{id}"),
        start_month: start_month.into(),
        ..ActivateProgramGuideRequest::default()
    };
    system.manager.eligibility().activate_program_guide(request).await?;
    print_note(system, timeline, &format!("activates the guide from {start_month} on")).await
}

/// Exports all earnings as CSV. Returns the number of entries.
pub(super) async fn export_earnings(system: &DemoSystem, timeline: &Timeline) -> anyhow::Result<u64> {
    let request = ExportEarningsRequest {
        parent: "tenants/-".into(),
        format: ExportFormat::Csv.into(),
        ..ExportEarningsRequest::default()
    };
    let mut parts = system.manager.eligibility().export_earnings(request).await?.into_inner();
    let mut file = Vec::new();
    while let Some(part) = parts.message().await? {
        file.extend(part.data);
    }
    let file = String::from_utf8(file).context("the export is not UTF-8")?;
    let (header, entries) = file.split_once("\r\n").context("the export has no header")?;
    let column =
        header.split(',').position(|name| name == "amount_micros").context("the export has no column amount_micros")?;
    let amounts = entries.lines().filter_map(|line| line.split(',').nth(column)?.parse::<i64>().ok());
    let (count, earned) = (entries.lines().count(), usd(amounts.sum()));
    print_note(system, timeline, &format!("exports the ledger as CSV: {count} entries, {earned} USD")).await?;
    Ok(count.try_into()?)
}

/// Pays the first payee that has earnings due: creates its payout for a quarter and records the
/// steps of the payment.
pub(super) async fn pay_quarter(system: &DemoSystem, timeline: &Timeline, quarter: &str) -> anyhow::Result<Payout> {
    let mut client = system.manager.eligibility();
    let due = list_earnings(system, "status = ACCRUED AND payout = ''").await?;
    let due = due.first().context("no earnings are due")?;
    let (parent, _) = due.claim.split_once("/claims/").context("the earning has no claim")?;
    let payout = Payout {
        mpn_id: due.mpn_id.clone(),
        currency: due.amount.clone().unwrap_or_default().currency,
        payout_period: quarter.into(),
        estimated_date: "2026-10-15".into(),
        ..Payout::default()
    };
    let request = CreatePayoutRequest { parent: parent.into(), payout: Some(payout), ..CreatePayoutRequest::default() };
    let payout = client.create_payout(request).await?.into_inner();
    let amount = usd(payout.amount.as_ref().map_or(0, |amount| amount.micros));
    let note = format!("creates the payout of {parent}: {} lines, {amount} USD, upcoming", payout.line_count);
    print_note(system, timeline, &note).await?;
    let request = ProcessPayoutRequest { name: payout.name.clone(), ..ProcessPayoutRequest::default() };
    client.process_payout(request).await?;
    let (reference, actual_date) = ("SEPA 2026-1017".to_owned(), "2026-10-01".to_owned());
    let request = SendPayoutRequest { name: payout.name, reference, actual_date, ..SendPayoutRequest::default() };
    let payout = client.send_payout(request).await?.into_inner();
    print_note(system, timeline, &format!("records that {} was sent; its lines are paid", payout.reference)).await?;
    Ok(payout)
}

/// Returns the number of earnings that match a filter, up to 1,000.
pub(super) async fn count_earnings(system: &DemoSystem, filter: &str) -> anyhow::Result<i64> {
    Ok(list_earnings(system, filter).await?.len().try_into()?)
}

async fn list_earnings(system: &DemoSystem, filter: &str) -> anyhow::Result<Vec<Earning>> {
    let (parent, filter) = ("tenants/-".to_owned(), filter.to_owned());
    let request = ListEarningsRequest { parent, filter, page_size: 1000, ..ListEarningsRequest::default() };
    Ok(system.manager.eligibility().list_earnings(request).await?.into_inner().earnings)
}

async fn print_note(system: &DemoSystem, timeline: &Timeline, note: &str) -> anyhow::Result<()> {
    timeline.print_note(system.now().await?, system.manager.label, note);
    Ok(())
}

/// Adds up amounts of the same currency.
fn total_micros(amounts: &[Money]) -> i64 {
    amounts.iter().map(|amount| amount.micros).sum()
}

/// Formats millionths of a dollar as dollars and cents.
fn usd(micros: i64) -> String {
    format!("{}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}
