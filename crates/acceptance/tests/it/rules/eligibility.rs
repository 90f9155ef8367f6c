//! R52, R53: approval is not eligibility.

use chrono::TimeDelta;
use cpor_acceptance::{Case, FABRIKAM, Stage, World, at, both_databases, line, refused, rows};
use cpor_proto::{
    claims::v1::{Activity, AssociationState, Claim, Verdict as Shown, WithdrawReason},
    eligibility::v1::{GetProgramGuideRequest, ListAssessmentsRequest, ListProgramGuidesRequest, Verdict},
    registry::v1::{
        Enrolment, GetPartnerRequest, Program, PurchaseChannel, Subscription, SubscriptionStatus, directory_row::Row,
    },
};
use tonic::Code;

both_databases![
    r52_nothing_is_assessed_before_it_is_official,
    r52_the_answer_names_conditions_facts_and_whether_they_held,
    r52_assessed_again_each_month,
    r52_assessed_again_when_a_subscription_changes,
    r52_assessed_again_when_the_partner_changes,
    r52_assessed_again_when_usage_is_imported,
    r52_no_more_assessments_after_the_end,
    r53_presales_bought_within_90_days_is_eligible,
    r53_presales_bought_earlier_is_not,
    r53_the_partner_must_be_enrolled_and_in_the_region,
    r53_usage_must_have_grown_by_10_percent,
    r53_recognition_only_is_recognised_and_never_paid,
    r53_the_default_guide_can_be_read,
];

/// Verdict and failed conditions of each line and activity.
async fn verdicts(case: &Case<'_>) -> Vec<(Verdict, Vec<String>)> {
    case.world.settle().await;
    let assessment = case.assessment().await.unwrap();
    let failed = |result: &cpor_proto::eligibility::v1::LineResult| {
        let failed = result.conditions.iter().filter(|condition| !condition.held);
        failed.map(|condition| condition.condition.clone()).collect::<Vec<_>>()
    };
    let found: Vec<_> = assessment.results.iter().map(|result| (result.verdict(), failed(result))).collect();
    let shown: Vec<_> = case.claim().await.lines.into_iter().flat_map(|line| line.assessments).collect();
    let shown: Vec<_> = shown.into_iter().map(|shown| (shown.verdict() as i32, shown.failed_conditions)).collect();
    assert_eq!(
        shown,
        found.iter().map(|(verdict, failed)| (*verdict as i32, failed.clone())).collect::<Vec<_>>(),
        "the claim shows the same"
    );
    found
}

fn not_for(conditions: &[&str]) -> (Verdict, Vec<String>) {
    (Verdict::NotEligible, conditions.iter().map(|condition| (*condition).to_owned()).collect())
}

async fn r52_nothing_is_assessed_before_it_is_official(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    refused(case.assessment().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    case.approve_consent().await.unwrap();
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    let foreign = Case { partner: world.northwind.clone(), ..case };
    refused(foreign.assessment().await, Code::NotFound, "RESOURCE_NOT_FOUND");
}

async fn r52_the_answer_names_conditions_facts_and_whether_they_held(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    let assessment = case.assessment().await.unwrap();
    assert_eq!((assessment.month.as_str(), assessment.guide.as_str()), ("2026-03", "programGuides/default-2026"));
    assert_eq!(
        (assessment.claim.as_str(), assessment.official_time),
        (case.name.as_str(), case.claim().await.official_time)
    );
    let result = &assessment.results[0];
    assert_eq!((result.program.as_str(), result.product.as_str()), ("osa_sell", "products/dynamics-365-sales"));
    let conditions: Vec<_> =
        result.conditions.iter().map(|condition| (condition.condition.as_str(), condition.held)).collect();
    let wanted = ["partner_enrolled", "same_region", "subscription_current", "purchased_within_90_days"];
    assert_eq!(conditions, wanted.map(|name| (name, true)));
    assert_eq!(result.conditions[1].facts["partner.region"], "\"emea\"");
    assert!(result.conditions[3].facts["subscription.purchase_time"].contains("2026-02-20T10:00:00"));
    let shown = &case.claim().await.lines[0].assessments[0];
    assert_eq!(
        (shown.activity(), shown.verdict(), shown.month.as_str()),
        (Activity::PreSales, Shown::Eligible, "2026-03")
    );
}

async fn r52_assessed_again_each_month(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    assert_eq!(case.assessment().await.unwrap().next_assess_time, Some(at("2026-04-01T00:00:00Z")));
    for month in ["2026-04", "2026-05", "2026-06"] {
        let next = case.assessment().await.unwrap().next_assess_time;
        world.advance_to(cpor_acceptance::moment(next)).await;
        assert_eq!(case.assessment().await.unwrap().month, month);
        assert_eq!(case.claim().await.lines[0].assessments[0].month, month);
    }
}

/// The claim's subscription, as the directory says it now.
async fn change(case: &Case<'_>, change: impl FnOnce(Subscription) -> Subscription) {
    let id = case.claim().await.lines[0].subscription_id.clone();
    let product = case.claim().await.lines[0].product.trim_start_matches("products/").to_owned();
    case.world.subscribe_as(change(rows::subscription(FABRIKAM, &id, &product))).await;
}

async fn r52_assessed_again_when_a_subscription_changes(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    change(&case, |known| Subscription { status: SubscriptionStatus::Suspended.into(), ..known }).await;
    assert_eq!(verdicts(&case).await, [not_for(&["subscription_current"])]);
    change(&case, |known| Subscription { status: SubscriptionStatus::InGrace.into(), ..known }).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r52_assessed_again_when_the_partner_changes(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    let request = GetPartnerRequest { name: cpor_acceptance::CONTOSO.into() };
    let mut contoso = world.contoso.registry().get_partner(request).await.unwrap().into_inner();
    contoso.locations[0].region = "apac".into();
    world.import_row(Row::Partner(contoso.clone())).await;
    assert_eq!(verdicts(&case).await, [not_for(&["same_region"])]);
    contoso.locations[0].region = "emea".into();
    contoso.enrolments[0].end_time = Some(at("2026-03-20T00:00:00Z"));
    world.import_row(Row::Partner(contoso)).await;
    assert_eq!(verdicts(&case).await, [not_for(&["partner_enrolled"])]);
}

async fn r52_assessed_again_when_usage_is_imported(world: &World) {
    let case = Case::at(world, world.usage().await, Stage::Official).await;
    let key = case.key(0).await;
    assert_eq!(verdicts(&case).await, [not_for(&["usage_grown_by_10_percent"])]);
    world.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    world.import_usage(&key, &[("2026-03", 100), ("2026-04", 110)]).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
    world.import_usage(&key, &[("2026-04", 109)]).await;
    assert_eq!(verdicts(&case).await, [not_for(&["usage_grown_by_10_percent"])]);
}

async fn r52_no_more_assessments_after_the_end(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    world.settle().await;
    let ended = case.assessment().await.unwrap();
    assert!(ended.end_time.is_some());
    assert_eq!(ended.next_assess_time, None);
    world.advance(TimeDelta::days(40)).await;
    assert_eq!(case.assessment().await.unwrap().assess_time, ended.assess_time);
}

async fn r53_presales_bought_within_90_days_is_eligible(world: &World) {
    // 90 days before the submission, to the second.
    let bought = rows::subscription(FABRIKAM, &world.id(), "dynamics-365-sales");
    let bought = Subscription { purchase_time: Some(at("2025-12-16T09:00:00Z")), ..bought };
    let claim =
        Claim { lines: vec![line("dynamics-365-sales", &world.subscribe_as(bought).await)], ..world.presales().await };
    let case = Case::at(world, claim, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![])]);
}

async fn r53_presales_bought_earlier_is_not(world: &World) {
    let bought = rows::subscription(FABRIKAM, &world.id(), "dynamics-365-sales");
    let channel = PurchaseChannel::VolumeLicensing.into();
    let bought = Subscription { purchase_time: Some(at("2025-12-16T08:59:59Z")), channel, ..bought };
    let claim =
        Claim { lines: vec![line("dynamics-365-sales", &world.subscribe_as(bought).await)], ..world.presales().await };
    let case = Case::at(world, claim, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [not_for(&["purchased_within_90_days"])]);
    let result = case.assessment().await.unwrap().results.remove(0);
    assert!(!result.conditions[3].explanation.is_empty());
}

async fn r53_the_partner_must_be_enrolled_and_in_the_region(world: &World) {
    let elsewhere = Claim { mpn_id: "1002".into(), ..world.presales().await };
    let case = Case::at(world, elsewhere, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [not_for(&["same_region"])]);
    let mut adatum = rows::partner("northwind", "2002");
    adatum.enrolments = vec![Enrolment {
        program: Program::OsuMicrosoft365.into(),
        start_time: Some(at("2025-07-01T00:00:00Z")),
        end_time: None,
    }];
    world.import_row(Row::Partner(adatum)).await;
    let claim = world.presales().await;
    let case = Case::at(world, world.rival_of(&claim), Stage::Official).await;
    assert_eq!(verdicts(&case).await, [not_for(&["partner_enrolled"])]);
}

async fn r53_usage_must_have_grown_by_10_percent(world: &World) {
    let case = Case::at(world, world.workloads(), Stage::Official).await;
    world.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    world.import_usage(&case.key(0).await, &[("2026-03", 1800), ("2026-04", 1980)]).await;
    world.import_usage(&case.key(1).await, &[("2026-03", 900), ("2026-04", 989)]).await;
    assert_eq!(verdicts(&case).await, [(Verdict::Eligible, vec![]), not_for(&["usage_grown_by_10_percent"])]);
    let results = case.assessment().await.unwrap().results;
    let facts = &results[1].conditions.last().unwrap().facts;
    assert_eq!((facts["usage.baseline"].as_str(), facts["usage.latest"].as_str()), ("900", "989"));
}

async fn r53_recognition_only_is_recognised_and_never_paid(world: &World) {
    let case = Case::at(world, world.recognition().await, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])]);
    assert_eq!(case.assessment().await.unwrap().results[0].program, "");
    let yammer = Claim { lines: vec![line("yammer", "")], ..world.workloads() };
    let case = Case::at(world, yammer, Stage::Official).await;
    assert_eq!(verdicts(&case).await, [(Verdict::RecognitionOnly, vec![])]);
    let request = ListAssessmentsRequest { parent: "tenants/-".into(), ..ListAssessmentsRequest::default() };
    let seen = world.northwind.eligibility().list_assessments(request).await.unwrap().into_inner().assessments;
    assert_eq!(
        seen.iter().map(|seen| seen.claim.as_str()).collect::<Vec<_>>(),
        [case.name.as_str()],
        "partners see their own"
    );
}

async fn r53_the_default_guide_can_be_read(world: &World) {
    let name = "programGuides/default-2026".to_owned();
    let request = GetProgramGuideRequest { name: name.clone() };
    let guide = world.contoso.eligibility().get_program_guide(request).await.unwrap().into_inner();
    assert_eq!(guide.conditions.len(), 5);
    assert!(
        guide.conditions.iter().all(|condition| !condition.expression.is_empty() && !condition.explanation.is_empty())
    );
    let all = world
        .manager
        .eligibility()
        .list_program_guides(ListProgramGuidesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(all.program_guides, [guide]);
    let unknown = GetProgramGuideRequest { name: "programGuides/other".into() };
    refused(world.manager.eligibility().get_program_guide(unknown).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}
