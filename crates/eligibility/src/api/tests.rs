//! The methods as callers see them, on both engines.
use std::sync::Arc;

use cpor_kit::{Caller, auth::MethodTable, status};
use cpor_proto::eligibility::v1::{
    UsageMonth, Verdict, eligibility_service_server::SERVICE_NAME, import_usage_result::Outcome,
};
use cpor_registry_client::{HoldRequest, LineToHold, Registry as _};
use cpor_types::{Actor, ActorSide, Service};
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::*;
use crate::{
    domain::examples::{presales, time, usage_of_teams},
    world::{World, claim, month, on_both, teams},
};

const TENANT: &str = "tenants/00000000-0000-0000-0000-000000000002";

/// A request as it comes through the auth layer.
fn by<T>(caller: Caller, method: &str, request: T) -> Request<T> {
    let table = MethodTable::build(&[(SERVICE_NAME, vec![Service::Eligibility])]).unwrap();
    let mut request = Request::new(request);
    request.extensions_mut().insert(table.get(&format!("/{SERVICE_NAME}/{method}")).unwrap());
    request.extensions_mut().insert(Arc::new(caller));
    request
}

fn caller(side: ActorSide, partner: Option<&str>) -> Caller {
    Caller {
        subject: "somebody".to_owned(),
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

fn refused(status: &Status) -> (Code, String) {
    (status.code(), status::reason(status).unwrap_or_default())
}

async fn get(world: &World, caller: Caller, number: u128) -> Result<Assessment, Status> {
    let name = format!("{TENANT}/assessments/{}", Uuid::from_u128(number));
    let request = by(caller, "GetAssessment", GetAssessmentRequest { name, month: String::new() });
    world.app.api.get_assessment(request).await.map(Response::into_inner)
}

#[tokio::test]
async fn r52_an_assessment_shows_each_condition_and_what_it_saw() {
    on_both(async |world| {
        world.open(presales()).await;
        let found = get(&world, partner("contoso"), 1).await.unwrap();
        assert_eq!((found.month.as_str(), found.guide.as_str()), ("2026-03", "programGuides/default-2026"));
        assert_eq!(found.claim, presales().claim.name().to_string());
        assert_eq!(found.next_assess_time.unwrap().seconds, time("2026-04-01T00:00:00Z").timestamp());
        let [result] = found.results.as_slice() else { panic!("{:?}", found.results) };
        assert_eq!((result.verdict(), result.program.as_str()), (Verdict::Eligible, "osa_sell"));
        assert_eq!(result.key, format!("{TENANT}/subscriptions/{}", Uuid::from_u128(7)));
        let region = result.conditions.iter().find(|condition| condition.condition == "same_region").unwrap();
        assert_eq!((region.held, region.facts["partner.region"].as_str()), (true, "\"emea\""));
    })
    .await;
}

#[tokio::test]
async fn r4_what_is_not_yours_is_not_found() {
    on_both(async |world| {
        world.open(claim(1, "contoso", presales())).await;
        let not_found = (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned());
        assert_eq!(refused(&get(&world, partner("fabrikam"), 1).await.unwrap_err()), not_found);
        assert_eq!(refused(&get(&world, staff(), 2).await.unwrap_err()), not_found);
        let ownerless = caller(ActorSide::Partner, None);
        assert_eq!(refused(&get(&world, ownerless, 1).await.unwrap_err()), not_found);
        assert!(get(&world, staff(), 1).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    on_both(async |world| {
        for (number, whose) in [(1, "contoso"), (2, "fabrikam"), (3, "contoso"), (4, "contoso")] {
            world.open(claim(number, whose, presales())).await;
        }
        let list = async |caller: Caller, parent: &str, page_token: String| {
            let request = ListAssessmentsRequest { parent: parent.to_owned(), page_size: 2, page_token };
            let page = world.app.api.list_assessments(by(caller, "ListAssessments", request)).await;
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
    })
    .await;
}

#[tokio::test]
async fn r52_the_guides_can_be_read() {
    on_both(async |world| {
        let request = by(partner("contoso"), "ListProgramGuides", ListProgramGuidesRequest::default());
        let listed = world.app.api.list_program_guides(request).await.unwrap().into_inner();
        let [listed] = listed.program_guides.as_slice() else { panic!("{listed:?}") };
        let get = async |name: &str| {
            let request = GetProgramGuideRequest { name: name.to_owned() };
            world.app.api.get_program_guide(by(staff(), "GetProgramGuide", request)).await.map(Response::into_inner)
        };
        let guide = get("programGuides/default-2026").await.unwrap();
        assert_eq!((&guide, guide.conditions.len()), (listed, 5));
        assert_eq!(refused(&get("programGuides/none").await.unwrap_err()).1, "RESOURCE_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn r51_one_bad_row_does_not_stop_the_others() {
    on_both(async |world| {
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
            row("workloads/teams", "2026-01"),
            UsageMonth { active_users: 6, ..row("workloads/teams", "2026-01") },
        ];
        let request = by(staff(), "ImportUsage", ImportUsageRequest { rows });
        let results = world.app.api.import_usage(request).await.unwrap().into_inner().results;
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
            (Outcome::Unchanged, String::new()),
            (Outcome::Replaced, String::new()),
        ];
        assert_eq!(results.iter().map(reason).collect::<Vec<_>>(), expected);
        let empty = world.app.api.import_usage(by(staff(), "ImportUsage", ImportUsageRequest::default())).await;
        assert_eq!(self::refused(&empty.unwrap_err()), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
    })
    .await;
}

async fn hold(world: &World) {
    let about = usage_of_teams();
    let line = &about.lines[0];
    let held = HoldRequest {
        decision_id: Uuid::from_u128(11).into(),
        review_case: Uuid::from_u128(12).into(),
        claim: about.claim.name(),
        mpn_id: "1001".parse().unwrap(),
        tenant: about.tenant,
        customer_domain: "customer.example".to_owned(),
        solution_area: about.solution_area,
        activities: about.activities.clone(),
        lines: vec![LineToHold { line_id: line.line, product: line.product.clone(), key: line.key.clone() }],
        submit_time: about.submit_time,
    };
    world.registry.place_hold(&Actor::system(Service::PoeReview), held).await.unwrap();
}

async fn usage(world: &World, caller: Caller, page_token: &str) -> Result<ListUsageResponse, Status> {
    let request = ListUsageRequest {
        parent: teams().to_string(),
        page_size: 2,
        page_token: page_token.to_owned(),
        ..ListUsageRequest::default()
    };
    world.app.api.list_usage(by(caller, "ListUsage", request)).await.map(Response::into_inner)
}

fn shown(page: &ListUsageResponse) -> Vec<(&str, i64, bool)> {
    page.usage_months.iter().map(|usage| (usage.month.as_str(), usage.active_users, usage.credited)).collect()
}

#[tokio::test]
async fn r50_usage_is_open_while_the_association_is_official() {
    on_both(async |world| {
        world.advance("2026-05-02T00:00:00Z").await;
        world.import(&[month("2026-03", 1000), month("2026-04", 1100), month("2026-05", 50)]).await;
        let closed = (Code::PermissionDenied, "USAGE_NOT_OPEN".to_owned());
        assert_eq!(refused(&usage(&world, partner("contoso"), "").await.unwrap_err()), closed);
        hold(&world).await;
        assert_eq!(refused(&usage(&world, partner("contoso"), "").await.unwrap_err()), closed, "pending");

        world.registry.make_official(&usage_of_teams().claim.name(), usage_of_teams().official_time);
        let page = usage(&world, partner("contoso"), "").await.unwrap();
        assert_eq!(shown(&page), [("2026-05", 50, true), ("2026-04", 1100, true)]);
        let last = usage(&world, partner("contoso"), &page.next_page_token).await.unwrap();
        assert_eq!((shown(&last), last.next_page_token.as_str()), (vec![("2026-03", 1000, false)], ""));
        assert_eq!(refused(&usage(&world, partner("fabrikam"), "").await.unwrap_err()), closed);

        let unavailable = (Code::Unavailable, "REGISTRY_UNAVAILABLE".to_owned());
        world.registry.go_down();
        let down = usage(&world, partner("contoso"), "").await.unwrap_err();
        assert_eq!(refused(&down), unavailable);
        assert!(status::retry_after(&down).is_some());
        let seen = usage(&world, staff(), "").await.unwrap();
        assert_eq!(shown(&seen), [("2026-05", 50, false), ("2026-04", 1100, false)]);

        world.registry.come_back();
        world.registry.close(&usage_of_teams().claim.name());
        assert_eq!(refused(&usage(&world, partner("contoso"), "").await.unwrap_err()), closed, "ended");
    })
    .await;
}
