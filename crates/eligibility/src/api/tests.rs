//! Tests the methods of the service, on both databases.
use std::convert::Infallible;

use cpor_testing::on_both_databases;

use cpor_auth::Caller;
use cpor_call::status;
use cpor_proto::{
    eligibility::v1::{
        AssessmentState, UsageMonth, eligibility_service_server::SERVICE_NAME, import_usage_result::Outcome,
    },
    r#type::v1::Verdict,
};
use cpor_registry_client::{HoldRequest, LineToHold, Registry as _};
use cpor_types::{Actor, ActorSide, Service};
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::*;
use crate::{
    domain::{
        AssociationEnd,
        examples::{presales, time, usage_of_teams},
    },
    test_system::{TestSystem, facts_of_claim, teams_key, teams_usage},
};

on_both_databases![
    r52_an_assessment_shows_conditions_and_facts,
    r52_a_pending_assessment_is_found,
    r4_a_foreign_assessment_is_not_found,
    lists_are_filtered_and_paged,
    r52_guides_can_be_listed_and_read,
    r51_a_refused_row_does_not_affect_the_others,
    r50_usage_is_readable_while_officially_associated,
];

const TENANT: &str = "tenants/00000000-0000-0000-0000-000000000002";

/// A request as the authentication layer passes it on.
fn request_by<T>(caller: Caller, method: &str, request: T) -> Request<T> {
    cpor_testing::request_by(caller, (Service::Eligibility, SERVICE_NAME), method, request)
}

fn caller(side: ActorSide, partner: Option<&str>) -> Caller {
    Caller {
        subject: "somebody".into(),
        roles: Vec::new(),
        partner: partner.map(|id| id.parse().unwrap()),
        tenant: None,
        service: None,
        actor: Actor::new(side, "somebody"),
    }
}

fn partner(id: &str) -> Caller {
    caller(ActorSide::Partner, Some(id))
}

fn staff() -> Caller {
    caller(ActorSide::Vendor, None)
}

fn code_and_reason(status: &Status) -> (Code, String) {
    (status.code(), status::reason(status).unwrap_or_default())
}

async fn get_assessment(system: &TestSystem, caller: Caller, number: u128) -> Result<Assessment, Status> {
    let name = format!("{TENANT}/assessments/{}", Uuid::from_u128(number));
    let request = request_by(caller, "GetAssessment", GetAssessmentRequest { name, month: String::new() });
    system.app.api.get_assessment(request).await.map(Response::into_inner)
}

async fn r52_an_assessment_shows_conditions_and_facts(system: TestSystem) {
    system.open_assessment(presales()).await;
    let found = get_assessment(&system, partner("contoso"), 1).await.unwrap();
    assert_eq!((found.month.as_str(), found.guide.as_str()), ("2026-03", "programGuides/default-2026"));
    assert_eq!(found.claim, presales().claim.name().to_string());
    assert_eq!(found.next_assess_time.unwrap().seconds, time("2026-04-01T00:00:00Z").timestamp());
    let [result] = found.results.as_slice() else { panic!("{:?}", found.results) };
    assert_eq!((result.verdict(), result.program()), (Verdict::Eligible, cpor_proto::r#type::v1::Program::OsaSell));
    assert_eq!(result.key, format!("{TENANT}/subscriptions/{}", Uuid::from_u128(7)));
    let region = result.conditions.iter().find(|condition| condition.condition == "same_region").unwrap();
    assert_eq!((region.satisfied, region.facts["partner.region"].as_str()), (true, "\"emea\""));
}

async fn r52_a_pending_assessment_is_found(system: TestSystem) {
    let state = async || {
        let found = get_assessment(&system, partner("contoso"), 1).await.unwrap();
        let request = ListAssessmentsRequest { parent: TENANT.to_owned(), ..Default::default() };
        let request = request_by(partner("contoso"), "ListAssessments", request);
        let listed = system.app.api.list_assessments(request).await.unwrap().into_inner().assessments;
        assert_eq!(listed, std::slice::from_ref(&found), "the list shows the same");
        (found.state(), found.month)
    };
    system.open_pending_assessment(presales()).await;
    assert_eq!(state().await, (AssessmentState::Pending, String::new()));
    system.app.assessor.drain().await.unwrap();
    assert_eq!(state().await, (AssessmentState::Assessed, "2026-03".to_owned()));
    let end = AssociationEnd { time: time("2026-03-26T00:00:00Z"), reason: "declined".to_owned() };
    let key = crate::store::assessment_key(presales().tenant, presales().claim.claim);
    let command = Command::new("end_assessment", key, Actor::system(Service::Registry));
    let decide = move |current: Option<&crate::domain::Assessment>, _| {
        Ok::<_, Infallible>(current.unwrap().end_lines(&[], &end))
    };
    system.writer.execute(command, decide).await.unwrap();
    assert_eq!(state().await, (AssessmentState::Ended, "2026-03".to_owned()));
}

async fn r4_a_foreign_assessment_is_not_found(system: TestSystem) {
    system.open_assessment(facts_of_claim(1, "contoso", presales())).await;
    let not_found = (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned());
    assert_eq!(code_and_reason(&get_assessment(&system, partner("fabrikam"), 1).await.unwrap_err()), not_found);
    assert_eq!(code_and_reason(&get_assessment(&system, staff(), 2).await.unwrap_err()), not_found);
    let without_partner = caller(ActorSide::Partner, None);
    assert_eq!(code_and_reason(&get_assessment(&system, without_partner, 1).await.unwrap_err()), not_found);
    assert!(get_assessment(&system, staff(), 1).await.is_ok());
}

async fn lists_are_filtered_and_paged(system: TestSystem) {
    for (number, owner) in [(1, "contoso"), (2, "fabrikam"), (3, "contoso"), (4, "contoso")] {
        system.open_assessment(facts_of_claim(number, owner, presales())).await;
    }
    let list = async |caller: Caller, parent: &str, page_token: String| {
        let request = ListAssessmentsRequest {
            parent: parent.to_owned(),
            page_size: 2,
            page_token,
            ..ListAssessmentsRequest::default()
        };
        let page = system.app.api.list_assessments(request_by(caller, "ListAssessments", request)).await;
        let page = page.unwrap().into_inner();
        let ids = page.assessments.iter().map(|found| found.name.chars().last().unwrap()).collect::<String>();
        (ids, page.next_page_token)
    };
    let (ids, token) = list(partner("contoso"), "tenants/-", String::new()).await;
    assert_eq!(ids, "13");
    assert_eq!(list(partner("contoso"), "tenants/-", token).await, ("4".to_owned(), String::new()));
    assert_eq!(list(staff(), TENANT, String::new()).await.0, "12");
    let elsewhere = format!("tenants/{}", Uuid::from_u128(9));
    assert_eq!(list(staff(), &elsewhere, String::new()).await, (String::new(), String::new()));
}

async fn r52_guides_can_be_listed_and_read(system: TestSystem) {
    let request = request_by(partner("contoso"), "ListProgramGuides", ListProgramGuidesRequest::default());
    let listed = system.app.api.list_program_guides(request).await.unwrap().into_inner();
    let [listed] = listed.program_guides.as_slice() else { panic!("{listed:?}") };
    let get = async |name: &str| {
        let request = GetProgramGuideRequest { name: name.to_owned() };
        system
            .app
            .api
            .get_program_guide(request_by(staff(), "GetProgramGuide", request))
            .await
            .map(Response::into_inner)
    };
    let guide = get("programGuides/default-2026").await.unwrap();
    assert_eq!((&guide, guide.conditions.len()), (listed, 5));
    assert_eq!(code_and_reason(&get("programGuides/none").await.unwrap_err()).1, "RESOURCE_NOT_FOUND");
}

async fn r51_a_refused_row_does_not_affect_the_others(system: TestSystem) {
    drop(system.registry.clone().workload(teams_key().tenant, "teams".parse().unwrap()));
    let row = |key: &str, month: &str| UsageMonth {
        key: format!("{TENANT}/{key}"),
        month: month.to_owned(),
        active_users: 5,
        ..UsageMonth::default()
    };
    let subscription = format!("subscriptions/{}", Uuid::from_u128(7));
    let rows = vec![
        row("workloads/teams", "2026-01"),
        row(&subscription, "2026-01"),
        row("workloads/teams", "2026-13"),
        row("workloads/teams", "2026-04"),
        row("subscriptions/none", "2026-01"),
        row("workloads/intune", "2026-01"),
        row("workloads/teams", "2026-01"),
        UsageMonth { active_users: 6, ..row("workloads/teams", "2026-01") },
    ];
    let request = request_by(staff(), "ImportUsage", ImportUsageRequest { rows, ..Default::default() });
    let results = system.app.api.import_usage(request).await.unwrap().into_inner().results;
    let reason = |result: &cpor_proto::eligibility::v1::ImportUsageResult| {
        let error = result.error.clone().map(|error| {
            Status::with_details(
                Code::from(error.code),
                error.message.clone(),
                prost::Message::encode_to_vec(&error).into(),
            )
        });
        let reason = error.and_then(|error| error.get_details_error_info());
        (result.outcome(), reason.map(|info| info.reason).unwrap_or_default())
    };
    let refused = |reason: &str| (Outcome::Refused, reason.to_owned());
    let expected = [
        (Outcome::Created, String::new()),
        refused("USAGE_MEASURE_MISMATCH"),
        refused("INVALID_FIELDS"),
        refused("USAGE_MONTH_IN_FUTURE"),
        refused("INVALID_FIELDS"),
        refused("INVALID_FIELDS"),
        (Outcome::Unchanged, String::new()),
        (Outcome::Replaced, String::new()),
    ];
    assert_eq!(results.iter().map(reason).collect::<Vec<_>>(), expected);
    let empty = system.app.api.import_usage(request_by(staff(), "ImportUsage", ImportUsageRequest::default())).await;
    assert_eq!(code_and_reason(&empty.unwrap_err()), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
}

async fn place_hold(system: &TestSystem) {
    let facts = usage_of_teams();
    let line = &facts.lines[0];
    let request = HoldRequest {
        decision_id: Uuid::from_u128(11).into(),
        review_case: Uuid::from_u128(12).into(),
        claim: facts.claim.name(),
        mpn_id: "1001".parse().unwrap(),
        tenant: facts.tenant,
        customer_domain: "customer.example".to_owned(),
        solution_area: facts.solution_area,
        activities: facts.activities.clone(),
        lines: vec![LineToHold { line_id: line.line, product: line.product.clone(), key: line.key.clone() }],
        submit_time: facts.submit_time,
        revenue_association_exclusive: false,
    };
    system.registry.place_hold(&Actor::system(Service::PoeReview), request).await.unwrap();
}

async fn list_usage(system: &TestSystem, caller: Caller, page_token: &str) -> Result<ListUsageResponse, Status> {
    let request = ListUsageRequest {
        parent: teams_key().to_string(),
        page_size: 2,
        page_token: page_token.to_owned(),
        ..ListUsageRequest::default()
    };
    system.app.api.list_usage(request_by(caller, "ListUsage", request)).await.map(Response::into_inner)
}

fn months_of(page: &ListUsageResponse) -> Vec<(&str, i64, bool)> {
    page.usage_months.iter().map(|usage| (usage.month.as_str(), usage.active_users, usage.credited)).collect()
}

async fn r50_usage_is_readable_while_officially_associated(system: TestSystem) {
    system.advance_to("2026-05-02T00:00:00Z").await;
    system
        .import_usage(&[teams_usage("2026-03", 1000), teams_usage("2026-04", 1100), teams_usage("2026-05", 50)])
        .await;
    let closed = (Code::PermissionDenied, "USAGE_NOT_OPEN".to_owned());
    assert_eq!(code_and_reason(&list_usage(&system, partner("contoso"), "").await.unwrap_err()), closed);
    place_hold(&system).await;
    assert_eq!(code_and_reason(&list_usage(&system, partner("contoso"), "").await.unwrap_err()), closed, "pending");

    system.registry.make_official(&usage_of_teams().claim.name(), usage_of_teams().official_time);
    let page = list_usage(&system, partner("contoso"), "").await.unwrap();
    assert_eq!(months_of(&page), [("2026-05", 50, true), ("2026-04", 1100, true)]);
    let last = list_usage(&system, partner("contoso"), &page.next_page_token).await.unwrap();
    assert_eq!((months_of(&last), last.next_page_token.as_str()), (vec![("2026-03", 1000, false)], ""));
    assert_eq!(code_and_reason(&list_usage(&system, partner("fabrikam"), "").await.unwrap_err()), closed);

    let unavailable = (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned());
    system.registry.simulate_outage();
    let down = list_usage(&system, partner("contoso"), "").await.unwrap_err();
    assert_eq!(code_and_reason(&down), unavailable);
    assert!(status::retry_after(&down).is_some());
    let staff_page = list_usage(&system, staff(), "").await.unwrap();
    assert_eq!(months_of(&staff_page), [("2026-05", 50, false), ("2026-04", 1100, false)]);

    system.registry.end_outage();
    system.registry.close(&usage_of_teams().claim.name());
    assert_eq!(code_and_reason(&list_usage(&system, partner("contoso"), "").await.unwrap_err()), closed, "ended");
}
