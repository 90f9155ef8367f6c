//! R54: the ledger of earnings, its corrections and its payment. R50: the months that count.

use std::collections::BTreeMap;

use cpor_acceptance::{
    Actor, CONTOSO, ClaimStage, Engine, FABRIKAM, LITWARE, TestClaim, TestSystem, assert_refused, both_databases,
    metadata, rows,
};
use cpor_proto::{
    claims::v1::WithdrawReason,
    eligibility::v1::{
        Earning, EarningOutcome, EarningStatus, ExportEarningsRequest, ListEarningsRequest, RecordPayoutRequest,
        RecordPayoutResponse, UsageUnit,
    },
    registry::v1::Subscription,
    r#type::v1::{ExportFormat, Money, SubscriptionStatus},
};
use cpor_types::Service;
use tonic::{Code, Status};

both_databases![
    r54_each_month_has_units_rate_and_amount,
    r54_a_month_without_usage_is_reported_as_missing,
    r54_replaced_usage_adds_a_correction,
    r54_a_changed_subscription_corrects_its_month,
    r54_earnings_can_be_filtered,
    r54_a_partner_sees_its_own_lines_only,
    r54_a_period_is_paid_after_its_end,
    r54_paid_earnings_are_corrected_in_a_later_period,
    r54_earnings_can_be_exported,
    r50_the_month_of_the_end_does_not_count,
    r53_recognition_earns_nothing,
];
both_databases![with two_replicas: r54_concurrent_payouts_pay_each_line_once];

/// The request for all earnings.
fn all() -> ListEarningsRequest {
    ListEarningsRequest { parent: "tenants/-".into(), page_size: 1000, ..ListEarningsRequest::default() }
}

async fn list(actor: &Actor, request: ListEarningsRequest) -> Result<Vec<Earning>, Status> {
    Ok(actor.eligibility().list_earnings(request).await?.into_inner().earnings)
}

async fn filtered(actor: &Actor, filter: &str) -> Vec<Earning> {
    list(actor, ListEarningsRequest { filter: filter.into(), ..all() }).await.unwrap()
}

/// The earnings of a claim as its partner sees them, when the system is idle.
async fn ledger(case: &TestClaim<'_>) -> Vec<Earning> {
    case.system.wait_until_idle().await;
    filtered(&case.partner, &format!("claim = {}", case.name)).await
}

fn micros(line: &Earning) -> i64 {
    line.amount.as_ref().map_or(0, |amount| amount.micros)
}

fn outcome(line: &Earning) -> EarningOutcome {
    line.monthly_earning.as_ref().unwrap().outcome()
}

fn usd(micros: i64) -> Option<Money> {
    Some(Money { currency: "USD".into(), micros })
}

/// A pre-sales claim of Contoso that has earned 50 seats at 4 USD for April; it is May.
async fn claim_with_earning(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    system.wait_until_idle().await;
    case
}

#[expect(deprecated, reason = "the deprecated method must behave rightly, too")]
async fn payout(actor: &Actor, period: &str, reference: &str, id: &str) -> Result<RecordPayoutResponse, Status> {
    let request = RecordPayoutRequest {
        payout_period: period.into(),
        reference: reference.into(),
        request_id: id.into(),
        ..Default::default()
    };
    Ok(actor.eligibility().record_payout(request).await?.into_inner())
}

async fn r54_each_month_has_units_rate_and_amount(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    for (line, months) in [(0, [1000, 1200, 1250]), (1, [500, 549, 600])] {
        system.advance_to("2026-06-01T00:00:00Z".parse().unwrap()).await;
        let months = ["2026-03", "2026-04", "2026-05"].into_iter().zip(months).collect::<Vec<_>>();
        system.import_usage(&case.key(line).await, &months).await;
    }
    let mut latest = BTreeMap::new();
    for line in ledger(&case).await {
        let product = line.product.trim_start_matches("products/").to_owned();
        latest.insert((product, line.month.clone()), line.monthly_earning.clone().unwrap());
    }
    let earned = |product: &str, month: &str| latest[&(product.to_owned(), month.to_owned())].clone();
    for product in ["exchange-online", "teams"] {
        assert_eq!(earned(product, "2026-03").outcome(), EarningOutcome::NotCredited, "R50: {product}");
    }
    let april = earned("exchange-online", "2026-04");
    assert_eq!((april.outcome(), april.unit(), april.units), (EarningOutcome::Earned, UsageUnit::ActiveUsers, 1200));
    assert_eq!((april.rate, april.amount), (usd(500_000), usd(600_000_000)));
    let ineligible = earned("teams", "2026-04");
    assert_eq!(ineligible.failed_conditions, ["usage_grown_by_10_percent"], "the conditions that failed");
    assert_eq!((ineligible.outcome(), ineligible.amount), (EarningOutcome::ConditionsFailed, None));
    let may = earned("teams", "2026-05");
    assert_eq!((may.rate, may.amount), (usd(350_000), usd(210_000_000)), "each product has its own rate");
    assert_eq!(latest.len(), 6, "two lines, three months");
}

async fn r54_a_month_without_usage_is_reported_as_missing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    assert_eq!(ledger(&case).await, [], "no month has ended");
    system.advance_to("2026-05-01T00:00:00Z".parse().unwrap()).await;
    let lines = ledger(&case).await;
    let outcomes: Vec<_> = lines.iter().map(|line| (line.month.as_str(), outcome(line), line.status())).collect();
    let status = EarningStatus::NothingDue;
    let expected =
        [("2026-03", EarningOutcome::NotCredited, status), ("2026-04", EarningOutcome::UsageMissing, status)];
    assert_eq!(outcomes, expected);
    system.import_usage(&case.key(0).await, &[("2026-04", 1)]).await;
    let after = ledger(&case).await;
    assert_eq!(after[..2], lines[..], "existing lines stay as they are");
    assert_eq!((micros(&after[2]), after[2].status()), (200_000_000, EarningStatus::Accrued));
    assert_eq!(after[2].corrects, lines[1].name);
}

async fn r54_replaced_usage_adds_a_correction(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    let mut before = ledger(&case).await;
    for (april, difference) in [(220, 22_000_000), (300, 8_000_000), (109, -30_000_000), (110, 11_000_000)] {
        system.import_usage(&key, &[("2026-03", 100), ("2026-04", april)]).await;
        let lines = ledger(&case).await;
        assert_eq!(lines[..before.len()], before[..], "existing lines stay as they are");
        let [added] = &lines[before.len()..] else { panic!("{lines:#?}") };
        assert_eq!((added.month.as_str(), micros(added)), ("2026-04", difference), "{april}");
        let corrected = before.iter().rfind(|line| line.month == "2026-04").unwrap();
        assert_eq!(added.corrects, corrected.name);
        before = lines;
    }
    let last = before.last().unwrap().monthly_earning.clone().unwrap();
    assert_eq!((last.unit(), last.units, last.amount), (UsageUnit::Consumption, 110, usd(11_000_000)));
    let sum: i64 = before.iter().map(micros).sum();
    assert_eq!(sum, 11_000_000, "the sum of all lines");
    system.import_usage(&key, &[("2026-04", 110)]).await;
    assert_eq!(ledger(&case).await, before, "importing the same usage changes nothing");
}

async fn r54_a_changed_subscription_corrects_its_month(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    let key = case.key(0).await;
    system.import_usage(&key, &[("2026-05", 1)]).await;
    let before = ledger(&case).await;
    assert_eq!((before.last().unwrap().month.as_str(), micros(before.last().unwrap())), ("2026-05", 200_000_000));
    let subscription = rows::subscription(FABRIKAM, key.rsplit('/').next().unwrap(), "dynamics-365-sales");
    let status = SubscriptionStatus::Suspended.into();
    system.import_subscription(Subscription { status, ..subscription.clone() }).await;
    let suspended = ledger(&case).await;
    assert_eq!(suspended[..before.len()], before[..]);
    let [correction] = &suspended[before.len()..] else { panic!("{suspended:#?}") };
    assert_eq!((correction.month.as_str(), micros(correction)), ("2026-05", -200_000_000), "April was not suspended");
    assert_eq!(correction.monthly_earning.as_ref().unwrap().failed_conditions, ["subscription_current"]);
    // The purchase date applies to every month: the purchase was always too early.
    let purchase_time = Some(cpor_acceptance::timestamp("2025-11-01T00:00:00Z"));
    system.import_subscription(Subscription { purchase_time, ..subscription }).await;
    let revised = ledger(&case).await;
    let april = revised[suspended.len()..].iter().find(|line| line.month == "2026-04").unwrap();
    assert_eq!(micros(april), -200_000_000);
    assert_eq!(april.monthly_earning.as_ref().unwrap().failed_conditions, ["purchased_within_90_days"]);
}

async fn r54_earnings_can_be_filtered(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    let workloads = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    system.wait_until_idle().await;
    let manager = &system.manager;
    let claims_of_tenant = async |tenant: &str| {
        let request = ListEarningsRequest { parent: format!("tenants/{tenant}"), ..all() };
        let mut claims: Vec<_> = list(manager, request).await.unwrap().into_iter().map(|line| line.claim).collect();
        claims.dedup();
        claims
    };
    assert_eq!(claims_of_tenant(FABRIKAM).await, [case.name.as_str()]);
    assert_eq!(claims_of_tenant(LITWARE).await, [workloads.name.as_str()]);

    let key = case.key(0).await;
    let elsewhere = ListEarningsRequest {
        parent: format!("tenants/{LITWARE}"),
        filter: format!("key = {key}"),
        ..ListEarningsRequest::default()
    };
    assert_eq!(list(manager, elsewhere).await.unwrap(), []);
    let by_key = filtered(manager, &format!("key = {key}")).await;
    assert_eq!(by_key, ledger(&case).await);
    let filter = format!("month = 2026-04 AND key = {key}");
    let april = filtered(manager, &filter).await;
    assert_eq!(
        april.iter().map(|line| (line.month.as_str(), micros(line))).collect::<Vec<_>>(),
        [("2026-04", 0), ("2026-04", 200_000_000)]
    );
    assert_eq!(filtered(manager, &format!("{filter} AND status = ACCRUED")).await, april[1..]);
    assert_eq!(filtered(manager, &format!("{filter} AND status = PAID")).await, []);
    let months: Vec<_> =
        filtered(manager, "payout_period = 2026-Q3").await.into_iter().map(|line| line.month).collect();
    assert!(
        !months.is_empty() && months.iter().all(|month| month == "2026-06"),
        "lines that were written in July: {months:?}"
    );
    let request = ListEarningsRequest { filter: "payout_period = 2026-Q5".into(), ..all() };
    assert_refused(list(manager, request).await, Code::InvalidArgument, "INVALID_FIELDS");
}

async fn r54_a_partner_sees_its_own_lines_only(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    let line = ledger(&case).await.pop().unwrap();
    assert_eq!(line.claim, case.name);
    let of_fabrikam = || ListEarningsRequest { parent: format!("tenants/{FABRIKAM}"), ..all() };
    assert_eq!(list(&system.northwind, of_fabrikam()).await.unwrap(), []);
    assert_eq!(list(&system.northwind, all()).await.unwrap(), []);
    assert_eq!(filtered(&system.northwind, &format!("claim = {}", case.name)).await, []);
    assert!(list(&system.contoso, of_fabrikam()).await.unwrap().contains(&line));
    assert!(list(&system.manager, all()).await.unwrap().contains(&line));
    assert_refused(list(&system.reviewer, all()).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(list(&system.fabrikam, all()).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let denied = payout(&system.contoso, "2026-Q2", "SEPA 17", "").await;
    assert_refused(denied, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

async fn r54_a_period_is_paid_after_its_end(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    let early = payout(&system.manager, "2026-Q2", "SEPA 17", "").await;
    let early = assert_refused(early, Code::FailedPrecondition, "PAYOUT_PERIOD_NOT_OVER");
    assert_eq!(metadata(&early, "end_time"), "2026-07-01T00:00:00Z");
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    let before = ledger(&case).await;

    let paid = payout(&system.manager, "2026-Q2", "SEPA 17", "one").await.unwrap();
    assert_eq!((paid.entry_count, &paid.amounts), (1, &Vec::from_iter(usd(200_000_000))));
    assert_eq!(payout(&system.manager, "2026-Q2", "SEPA 17", "one").await.unwrap(), paid, "the first answer");
    let other = payout(&system.manager, "2026-Q2", "SEPA 18", "one").await;
    assert_refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let again = payout(&system.manager, "2026-Q2", "SEPA 18", "two").await.unwrap();
    assert_eq!((again.entry_count, again.amounts.len()), (0, 0), "everything is paid");

    let after = ledger(&case).await;
    for (old, new) in before.iter().zip(&after) {
        let expected = match old.status() {
            EarningStatus::Accrued => Earning {
                status: EarningStatus::Paid.into(),
                payout: new.payout.clone(),
                reference: "SEPA 17".into(),
                pay_time: paid.pay_time,
                ..old.clone()
            },
            _ => old.clone(),
        };
        assert_eq!(*new, expected, "only payment data changes");
    }
    assert_refused(payout(&system.manager, "2026-Q2", "", "").await, Code::InvalidArgument, "INVALID_FIELDS");
}

async fn r54_paid_earnings_are_corrected_in_a_later_period(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    system.advance_to("2026-07-02T00:00:00Z".parse().unwrap()).await;
    payout(&system.manager, "2026-Q2", "SEPA 17", "").await.unwrap();
    let key = case.key(0).await;
    let corrected_usage = cpor_proto::eligibility::v1::UsageMonth {
        key,
        month: "2026-04".into(),
        seats_sold: 40,
        consumption: 100,
        ..Default::default()
    };
    let request = cpor_proto::eligibility::v1::ImportUsageRequest { rows: vec![corrected_usage], ..Default::default() };
    system.directory.eligibility().import_usage(request).await.unwrap();
    let correction = ledger(&case).await.pop().unwrap();
    assert_eq!((correction.month.as_str(), micros(&correction)), ("2026-04", -40_000_000));
    assert_eq!((correction.payout_period.as_str(), correction.status()), ("2026-Q3", EarningStatus::Accrued));
    let again = payout(&system.manager, "2026-Q2", "SEPA 18", "").await.unwrap();
    assert_eq!(again.entry_count, 0, "a paid period has no new lines");
}

async fn export(actor: &Actor, format: ExportFormat) -> String {
    let request = ExportEarningsRequest { parent: "tenants/-".into(), format: format.into(), ..Default::default() };
    let mut parts = actor.eligibility().export_earnings(request).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(part) = parts.message().await.unwrap() {
        bytes.extend(part.data);
    }
    String::from_utf8(bytes).unwrap()
}

async fn r54_earnings_can_be_exported(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    payout(&system.manager, "2026-Q2", "SEPA \"17\", July", "").await.unwrap();
    let lines = ledger(&case).await;
    let file = export(&system.contoso, ExportFormat::JsonLines).await;
    let objects: Vec<serde_json::Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), lines.len());
    for (object, line) in objects.iter().zip(&lines) {
        assert_eq!((object["name"].as_str(), object["month"].as_str()), (Some(&*line.name), Some(&*line.month)));
        assert_eq!(object["amount_micros"].as_i64(), line.amount.as_ref().map(|amount| amount.micros));
    }
    let paid = objects.iter().find(|object| object["status"] == "paid").unwrap();
    assert_eq!((&paid["outcome"], &paid["unit"], &paid["units"]), (&"earned".into(), &"seats_sold".into(), &50.into()));

    let csv = export(&system.contoso, ExportFormat::Csv).await;
    let mut rows = csv.split_terminator("\r\n");
    let header: Vec<_> = rows.next().unwrap().split(',').collect();
    let names: Vec<_> = objects[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((header.len(), names.iter().all(|name| header.contains(name))), (names.len(), true));
    assert_eq!(rows.clone().count(), lines.len());
    assert!(rows.any(|row| row.contains(r#""SEPA ""17"", July""#)), "{csv}");
    assert_eq!(export(&system.northwind, ExportFormat::JsonLines).await, "", "a partner exports its own lines only");
    let request = ExportEarningsRequest { parent: "tenants/-".into(), ..ExportEarningsRequest::default() };
    let without_format = system.manager.eligibility().export_earnings(request).await;
    assert_refused(without_format.map(drop), Code::InvalidArgument, "INVALID_FIELDS");
}

async fn r50_the_month_of_the_end_does_not_count(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    system.import_usage(&case.key(0).await, &[("2026-05", 1)]).await;
    let key = case.key(0).await;
    let before = ledger(&case).await;
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    let after = ledger(&case).await;
    let [correction] = &after[before.len()..] else { panic!("{after:#?}") };
    assert_eq!((correction.month.as_str(), micros(correction)), ("2026-05", -200_000_000));
    assert_eq!(outcome(correction), EarningOutcome::NotCredited);
    system.advance_to("2026-08-01T00:00:00Z".parse().unwrap()).await;
    assert_eq!(ledger(&case).await, after, "no more months");
    system.import_usage(&key, &[("2026-04", 2), ("2026-06", 2)]).await;
    assert_eq!(ledger(&case).await, after, "the seats of April are unchanged, and June does not count");
}

async fn r53_recognition_earns_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.revenue_association().await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-03", 10), ("2026-04", 100)]).await;
    let lines = ledger(&case).await;
    let outcomes: Vec<_> = lines.iter().map(|line| (line.month.as_str(), outcome(line), micros(line))).collect();
    assert_eq!(outcomes, ["2026-03", "2026-04"].map(|month| (month, EarningOutcome::RecognitionOnly, 0)));
    assert_eq!(lines[0].program, 0);
}

async fn r54_concurrent_payouts_pay_each_line_once(system: &TestSystem) {
    let case = claim_with_earning(system).await;
    assert!(case.name.starts_with(CONTOSO));
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    let other = system.manager.at_replica(system.replicas() - 1);
    // Both payouts wait at the same time for the earnings, or to mark them.
    let locks = match system.engine() {
        Engine::Postgres => Some(system.hold_locks(Service::Eligibility, "SELECT 1 FROM earning FOR UPDATE").await),
        Engine::Sqlite => None,
    };
    let release = async {
        if let Some(locks) = locks {
            locks.release_when_waiting(2).await;
        }
    };
    let (one, two, ()) =
        tokio::join!(payout(&system.manager, "2026-Q2", "one", ""), payout(&other, "2026-Q2", "two", ""), release);
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.entry_count + two.entry_count, 1);
    let paid = ledger(&case).await.into_iter().find(|line| line.status() == EarningStatus::Paid).unwrap();
    assert_eq!(paid.reference, if one.entry_count == 1 { "one" } else { "two" });
}
