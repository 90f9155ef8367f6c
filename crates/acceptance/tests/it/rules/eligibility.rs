//! R52, R53: an official association is assessed against the program guide in force.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, FABRIKAM, TestClaim, TestSystem, assert_refused, both_databases, line, rows, timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, WithdrawReason},
    eligibility::v1::{
        EarningOutcome, GetProgramGuideRequest, ListAssessmentsRequest, ListEarningsRequest, ListProgramGuidesRequest,
    },
    registry::v1::{Enrollment, GetPartnerRequest, Subscription, directory_row::Row},
    r#type::v1::{
        Activity, AssociationState, Program, PurchaseChannel, SubscriptionStatus, Verdict as ClaimVerdict, Verdict,
    },
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    r52_nothing_is_assessed_before_it_is_official,
    r52_an_assessment_names_conditions_and_facts,
    r52_assessed_again_each_month,
    r52_assessed_again_when_a_subscription_changes,
    r52_assessed_again_when_the_partner_changes,
    r52_assessed_again_when_usage_is_imported,
    r52_no_more_assessments_after_the_end,
    r53_presales_bought_within_90_days_is_eligible,
    r53_presales_bought_earlier_is_not_eligible,
    r53_the_partner_must_be_enrolled_and_in_the_region,
    r53_usage_must_have_grown_by_10_percent,
    r53_recognition_only_is_recognised_and_never_paid,
    r53_the_default_guide_can_be_read,
];

both_databases![with own_catalog:
    r52_assessed_again_when_the_catalog_changes,
    r52_a_late_association_keeps_the_catalog_of_each_month,
];

/// The verdict and the failed conditions of each line and activity. The assessment and the claim
/// must agree.
async fn verdicts(case: &TestClaim<'_>) -> Vec<(Verdict, Vec<String>)> {
    case.system.wait_until_idle().await;
    let assessment = case.assessment().await.unwrap();
    let failed_conditions = |result: &cpor_proto::eligibility::v1::LineResult| {
        let failures = result.conditions.iter().filter(|condition| !condition.satisfied);
        failures.map(|condition| condition.condition.clone()).collect::<Vec<_>>()
    };
    let verdicts: Vec<_> =
        assessment.results.iter().map(|result| (result.verdict(), failed_conditions(result))).collect();
    let lines = case.claim().await.lines;
    let of_claim: Vec<_> = lines.into_iter().flat_map(|line| line.assessments).collect();
    let of_claim: Vec<_> = of_claim.into_iter().map(|line| (line.verdict() as i32, line.failed_conditions)).collect();
    assert_eq!(
        of_claim,
        verdicts.iter().map(|(verdict, failed)| (*verdict as i32, failed.clone())).collect::<Vec<_>>(),
        "the claim shows the same verdicts"
    );
    verdicts
}

/// The verdict that these conditions failed.
fn not_eligible(conditions: &[&str]) -> (Verdict, Vec<String>) {
    (Verdict::NotEligible, conditions.iter().map(|condition| (*condition).to_owned()).collect())
}

async fn r52_nothing_is_assessed_before_it_is_official(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    assert_refused(case.assessment().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    case.approve_consent().await.unwrap();
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    let as_rival = TestClaim { partner: system.northwind.clone(), ..case };
    assert_refused(as_rival.assessment().await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r52_an_assessment_names_conditions_and_facts(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let assessment = case.assessment().await.unwrap();
    assert_eq!((assessment.month.as_str(), assessment.guide.as_str()), ("2026-03", "programGuides/default-2026"));
    assert_eq!(
        (assessment.claim.as_str(), assessment.official_time),
        (case.name.as_str(), case.claim().await.official_time)
    );
    let result = &assessment.results[0];
    assert_eq!((result.program(), result.product.as_str()), (Program::OsaSell, "products/dynamics-365-sales"));
    let conditions: Vec<_> =
        result.conditions.iter().map(|condition| (condition.condition.as_str(), condition.satisfied)).collect();
    let expected = ["partner_enrolled", "same_region", "subscription_current", "purchased_within_90_days"];
    assert_eq!(conditions, expected.map(|name| (name, true)));
    assert_eq!(result.conditions[1].facts["partner.region"], "\"emea\"");
    assert!(result.conditions[3].facts["subscription.purchase_time"].contains("2026-02-20T10:00:00"));
    let line = &case.claim().await.lines[0].assessments[0];
    assert_eq!(
        (line.activity(), line.verdict(), line.month.as_str()),
        (Activity::PreSales, ClaimVerdict::Eligible, "2026-03")
    );
}

async fn r52_assessed_again_each_month(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    assert_eq!(case.assessment().await.unwrap().next_assess_time, Some(timestamp("2026-04-01T00:00:00Z")));
    for month in ["2026-04", "2026-05", "2026-06"] {
        let next = case.assessment().await.unwrap().next_assess_time;
        system.advance_to(cpor_acceptance::from_timestamp(next)).await;
        assert_eq!(case.assessment().await.unwrap().month, month);
        assert_eq!(case.claim().await.lines[0].assessments[0].month, month);
    }
}

/// Changes the claim's subscription in the directory.
async fn change_subscription(case: &TestClaim<'_>, change: impl FnOnce(Subscription) -> Subscription) {
    let id = case.claim().await.lines[0].subscription_id.clone();
    let product = case.claim().await.lines[0].product.trim_start_matches("products/").to_owned();
    case.system.import_subscription(change(rows::subscription(FABRIKAM, &id, &product))).await;
}

async fn r52_assessed_again_when_a_subscription_changes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    change_subscription(&case, |active| Subscription { status: SubscriptionStatus::Suspended.into(), ..active }).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["subscription_current"])]);
    change_subscription(&case, |active| Subscription { status: SubscriptionStatus::InGrace.into(), ..active }).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r52_assessed_again_when_the_partner_changes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let request = GetPartnerRequest { name: cpor_acceptance::CONTOSO.into() };
    let mut contoso = system.contoso.registry().get_partner(request).await.unwrap().into_inner();
    contoso.locations[0].region = "apac".into();
    system.import_row(Row::Partner(contoso.clone())).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["same_region"])]);
    contoso.locations[0].region = "emea".into();
    contoso.enrollments[0].end_time = Some(timestamp("2026-03-20T00:00:00Z"));
    system.import_row(Row::Partner(contoso)).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["partner_enrolled"])]);
}

/// Makes Dynamics 365 Sales recognition-only in the catalog file. Returns the former file.
fn make_sales_recognition_only(system: &TestSystem) -> String {
    let shipped = std::fs::read_to_string(system.store().catalog()).unwrap();
    let entry = r#"id = "dynamics-365-sales", "#;
    let recognition_only = shipped.replace(entry, &format!("{entry}incentivized = false, "));
    assert_ne!(recognition_only, shipped);
    std::fs::write(system.store().catalog(), recognition_only).unwrap();
    shipped
}

/// The consent window passes in March, but the system is down until June, and starts with another
/// catalog.
async fn r52_a_late_association_keeps_the_catalog_of_each_month(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let due = case.claim().await.consent_due_time;
    system.stop_all().await;
    system.set_clock_only("2026-06-02T00:00:00Z".parse().unwrap()).await;
    make_sales_recognition_only(system);
    system.start_all().await;
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.official_time, due, "in March");
    let key = case.key(0).await;
    system.import_usage(&key, &[("2026-04", 100), ("2026-05", 100), ("2026-06", 100)]).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])], "in June");
    let filter = format!("claim = {}", case.name);
    let request = ListEarningsRequest { parent: "tenants/-".into(), filter, page_size: 1000, ..Default::default() };
    let earnings = system.manager.eligibility().list_earnings(request).await.unwrap().into_inner().earnings;
    let with_outcome = |outcome| {
        let found = earnings.iter().filter(|entry| entry.monthly_earning.as_ref().unwrap().outcome() == outcome);
        found.map(|entry| entry.month.as_str()).collect::<Vec<_>>()
    };
    let earned = with_outcome(EarningOutcome::Earned);
    assert!(
        earned.contains(&"2026-04") && earned.contains(&"2026-05") && !earned.contains(&"2026-06"),
        "{earnings:#?}"
    );
    assert_eq!(with_outcome(EarningOutcome::RecognitionOnly), ["2026-06"]);
}

async fn r52_assessed_again_when_the_catalog_changes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    let shipped = make_sales_recognition_only(system);
    system.crash(Service::Registry).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])]);
    // An association that becomes official later has the same facts.
    let later = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    assert_eq!(verdicts(&later).await, [(Verdict::RecognitionOnly, vec![])]);
    std::fs::write(system.store().catalog(), shipped).unwrap();
    system.crash(Service::Registry).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    assert_eq!(verdicts(&later).await, [(Verdict::Eligible, vec![])]);
}

async fn r52_assessed_again_when_usage_is_imported(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.usage().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["usage_grown_by_10_percent"])]);
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&key, &[("2026-03", 100), ("2026-04", 110)]).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    system.import_usage(&key, &[("2026-04", 109)]).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["usage_grown_by_10_percent"])]);
}

async fn r52_no_more_assessments_after_the_end(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.wait_until_idle().await;
    let ended = case.assessment().await.unwrap();
    assert!(ended.end_time.is_some());
    assert_eq!(ended.next_assess_time, None);
    system.advance_by(TimeDelta::days(40)).await;
    assert_eq!(case.assessment().await.unwrap().assess_time, ended.assess_time);
}

async fn r53_presales_bought_within_90_days_is_eligible(system: &TestSystem) {
    // Exactly 90 days before the submission.
    let subscription = rows::subscription(FABRIKAM, &system.next_uuid(), "dynamics-365-sales");
    let subscription = Subscription { purchase_time: Some(timestamp("2025-12-16T09:00:00Z")), ..subscription };
    let claim = Claim {
        lines: vec![line("dynamics-365-sales", &system.import_subscription(subscription).await)],
        ..system.presales().await
    };
    let case = TestClaim::at_stage(system, claim, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
}

async fn r53_presales_bought_earlier_is_not_eligible(system: &TestSystem) {
    let subscription = rows::subscription(FABRIKAM, &system.next_uuid(), "dynamics-365-sales");
    let channel = PurchaseChannel::VolumeLicensing.into();
    let subscription = Subscription { purchase_time: Some(timestamp("2025-12-16T08:59:59Z")), channel, ..subscription };
    let claim = Claim {
        lines: vec![line("dynamics-365-sales", &system.import_subscription(subscription).await)],
        ..system.presales().await
    };
    let case = TestClaim::at_stage(system, claim, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["purchased_within_90_days"])]);
    let result = case.assessment().await.unwrap().results.remove(0);
    assert!(!result.conditions[3].explanation.is_empty());
}

async fn r53_the_partner_must_be_enrolled_and_in_the_region(system: &TestSystem) {
    let other_region = Claim { mpn_id: "1002".into(), ..system.presales().await };
    let case = TestClaim::at_stage(system, other_region, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["same_region"])]);
    let mut northwind = rows::partner("northwind", "2002");
    northwind.enrollments = vec![Enrollment {
        program: Program::OsuMicrosoft365.into(),
        start_time: Some(timestamp("2025-07-01T00:00:00Z")),
        end_time: None,
    }];
    system.import_row(Row::Partner(northwind)).await;
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [not_eligible(&["partner_enrolled"])]);
}

async fn r53_usage_must_have_grown_by_10_percent(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-03", 1800), ("2026-04", 1980)]).await;
    system.import_usage(&case.key(1).await, &[("2026-03", 900), ("2026-04", 989)]).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![]), not_eligible(&["usage_grown_by_10_percent"])]);
    let results = case.assessment().await.unwrap().results;
    let facts = &results[1].conditions.last().unwrap().facts;
    assert_eq!((facts["usage.baseline"].as_str(), facts["usage.latest"].as_str()), ("900", "989"));
}

async fn r53_recognition_only_is_recognised_and_never_paid(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.revenue_association().await, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])]);
    assert_eq!(case.assessment().await.unwrap().results[0].program, 0);
    let yammer = Claim { lines: vec![line("yammer", "")], ..system.workloads() };
    let case = TestClaim::at_stage(system, yammer, ClaimStage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])]);
    let request = ListAssessmentsRequest { parent: "tenants/-".into(), ..ListAssessmentsRequest::default() };
    let assessments = system.northwind.eligibility().list_assessments(request).await.unwrap().into_inner().assessments;
    assert_eq!(
        assessments.iter().map(|assessment| assessment.claim.as_str()).collect::<Vec<_>>(),
        [case.name.as_str()],
        "partners list their own assessments"
    );
}

async fn r53_the_default_guide_can_be_read(system: &TestSystem) {
    let name = "programGuides/default-2026".to_owned();
    let request = GetProgramGuideRequest { name: name.clone() };
    let guide = system.contoso.eligibility().get_program_guide(request).await.unwrap().into_inner();
    assert_eq!(guide.conditions.len(), 5);
    assert!(
        guide.conditions.iter().all(|condition| !condition.expression.is_empty() && !condition.explanation.is_empty())
    );
    let all = system
        .manager
        .eligibility()
        .list_program_guides(ListProgramGuidesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.program_guides, [guide]);
    let unknown = GetProgramGuideRequest { name: "programGuides/other".into() };
    assert_refused(system.manager.eligibility().get_program_guide(unknown).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}
