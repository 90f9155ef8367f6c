//! R59: claims are created in batches and listed with filters, orders and pages.

use std::collections::BTreeSet;

use cpor_acceptance::{
    Actor, CONTOSO, ClaimStage, FABRIKAM, TestClaim, TestSystem, assert_refused, both_databases, line, reason,
};
use cpor_call::status;
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResult, BatchCreateClaimsRow, Claim, ClaimState, CreateClaimRequest,
    GetClaimRequest, ListClaimsRequest, ListClaimsResponse, Violation,
};
use prost::Message as _;
use tonic::{Code, Status};

both_databases![
    r59_each_row_has_its_result,
    r59_a_row_gets_the_violations_of_a_single_create,
    r59_a_batch_is_safe_to_repeat,
    r59_a_batch_has_at_most_1000_rows,
    r59_a_validate_only_batch_changes_nothing,
    r59_claims_are_found_by_every_field,
    r59_filters_are_combined,
    r59_all_faults_of_a_filter_are_named_at_once,
    r59_pages_stay_in_order_while_claims_are_added,
];

pub(super) fn row(request_id: &str, claim: Claim) -> BatchCreateClaimsRow {
    BatchCreateClaimsRow { claim: Some(claim), request_id: request_id.into() }
}

pub(super) fn named(display_name: &str) -> Claim {
    Claim { display_name: display_name.into(), ..Claim::default() }
}

pub(super) async fn batch(
    actor: &Actor,
    rows: Vec<BatchCreateClaimsRow>,
) -> Result<Vec<BatchCreateClaimsResult>, Status> {
    let request = BatchCreateClaimsRequest { parent: CONTOSO.into(), rows, validate_only: false };
    Ok(actor.claims().batch_create_claims(request).await?.into_inner().results)
}

/// The status of a refused row, as a single call would have returned it.
fn refusal(result: &BatchCreateClaimsResult) -> Option<Status> {
    let error = result.error.as_ref()?;
    assert_eq!((result.claim.as_str(), result.violations.len()), ("", 0));
    Some(Status::with_details(Code::from(error.code), error.message.clone(), error.encode_to_vec().into()))
}

pub(super) async fn list(actor: &Actor, request: ListClaimsRequest) -> ListClaimsResponse {
    actor.claims().list_claims(request).await.expect("a list").into_inner()
}

/// The display names of Contoso's claims that match a filter, in the requested order.
async fn list_names(system: &TestSystem, filter: &str, order_by: &str) -> Vec<String> {
    let (filter, order_by) = (filter.into(), order_by.into());
    let request = ListClaimsRequest { parent: CONTOSO.into(), filter, order_by, ..ListClaimsRequest::default() };
    list(&system.contoso, request).await.claims.into_iter().map(|claim| claim.display_name).collect()
}

async fn r59_each_row_has_its_result(system: &TestSystem) {
    let rows = vec![
        row("", system.presales().await),
        row("", Claim { mpn_id: "2001".into(), ..Claim::default() }),
        row("", Claim { mpn_id: "x".into(), display_name: "n".repeat(201), ..Claim::default() }),
        BatchCreateClaimsRow::default(),
        row("", named("An idea")),
    ];
    let results = batch(&system.contoso_user, rows).await.unwrap();
    let claim = |row: usize| GetClaimRequest { name: results[row].claim.clone() };
    for (row, display_name) in [(0, "Fabrikam sales rollout"), (4, "An idea")] {
        assert!(refusal(&results[row]).is_none() && !results[row].replayed);
        let created = system.contoso.claims().get_claim(claim(row)).await.unwrap().into_inner();
        assert_eq!((created.display_name.as_str(), created.state()), (display_name, ClaimState::Editing));
        assert_eq!(created.violations, results[row].violations);
    }
    let refusals: Vec<Status> = (1..4).map(|row| refusal(&results[row]).expect("a refusal")).collect();
    let summary = |status: &Status| {
        let fields: Vec<_> = status::field_violations(status).into_iter().map(|violation| violation.field).collect();
        (status.code(), reason(status), fields.join(" "))
    };
    let invalid = |reason: &str, fields: &str| (Code::InvalidArgument, reason.to_owned(), fields.to_owned());
    assert_eq!(summary(&refusals[0]), invalid("LOCATION_NOT_OF_PARTNER", "mpn_id"));
    assert_eq!(summary(&refusals[1]), invalid("INVALID_FIELDS", "claim.display_name claim.mpn_id"));
    assert_eq!(summary(&refusals[2]), invalid("INVALID_FIELDS", "claim"));
    let of_northwind = batch(&system.northwind, vec![row("", named("Of Contoso"))]).await;
    assert_refused(of_northwind, Code::NotFound, "RESOURCE_NOT_FOUND");
}

/// The directory is asked once for all rows. They have different customers or none, are valid or
/// invalid, and one is for a key that the company has claimed already (R38).
async fn r59_a_row_gets_the_violations_of_a_single_create(system: &TestSystem) {
    let usage = system.usage().await;
    TestClaim::at_stage(system, usage.clone(), ClaimStage::Submitted).await;
    let other_tenant = Claim { tenant_id: cpor_acceptance::LITWARE.into(), ..usage.clone() };
    let claims = [
        system.presales().await,
        usage.clone(),
        named("An idea"),
        Claim { tenant_id: "nonsense".into(), ..usage.clone() },
        other_tenant,
        Claim { activities: vec![], ..usage.clone() },
        Claim { lines: vec![line("teams", "x"), line("unheard-of", "")], ..usage },
        system.revenue_association().await,
    ];
    let rows = claims.iter().map(|claim| row("", claim.clone())).collect();
    let results = batch(&system.contoso, rows).await.unwrap();
    let is_already_claimed =
        |violations: &[Violation]| violations.iter().any(|violation| violation.reason == "ALREADY_CLAIMED");
    let mut already_claimed = Vec::new();
    for (row, (claim, result)) in claims.into_iter().zip(results).enumerate() {
        let request = CreateClaimRequest { parent: CONTOSO.into(), claim: Some(claim), ..Default::default() };
        let single = system.contoso.claims().create_claim(request).await.unwrap().into_inner();
        assert_eq!(result.violations, single.violations, "{row}");
        let created = system.contoso.claims().get_claim(GetClaimRequest { name: result.claim }).await.unwrap();
        let known_lines = |claim: Claim| {
            let lines = claim.lines.into_iter().map(|line| (line.product_display_name, line.subscription_id, line.key));
            lines.collect::<Vec<_>>()
        };
        already_claimed.extend(is_already_claimed(&result.violations).then_some(row));
        assert_eq!(known_lines(created.into_inner()), known_lines(single), "{row}");
    }
    assert_eq!(already_claimed, [1]);
}

async fn r59_a_batch_is_safe_to_repeat(system: &TestSystem) {
    let rows = |names: &[&str]| names.iter().map(|name| row(&format!("id-{name}"), named(name))).collect::<Vec<_>>();
    let names = |results: &[BatchCreateClaimsResult]| -> Vec<(String, bool)> {
        results.iter().map(|result| (result.claim.clone(), result.replayed)).collect()
    };
    let first = names(&batch(&system.contoso, rows(&["a", "b"])).await.unwrap());
    assert!(first.iter().all(|(name, replayed)| !name.is_empty() && !replayed));
    // After a crash a client repeats rows in another order, together with new ones.
    let second = names(&batch(&system.contoso, rows(&["c", "b", "a", "c"])).await.unwrap());
    let replayed = |row: usize| (first[row].0.clone(), true);
    assert_eq!((&second[1], &second[2]), (&replayed(1), &replayed(0)));
    assert_eq!((second[0].1, &second[3]), (false, &(second[0].0.clone(), true)));
    let third = names(&batch(&system.contoso, rows(&["a", "b", "c"])).await.unwrap());
    assert_eq!(third, [replayed(0), replayed(1), (second[0].0.clone(), true)]);
    assert_eq!(list_names(system, "", "display_name").await, ["a", "b", "c"]);
    let mixed = batch(&system.contoso, vec![row("id-a", named("other")), row("id-d", named("d"))]).await.unwrap();
    let status = refusal(&mixed[0]).expect("a refusal");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    assert!(!mixed[1].claim.is_empty());
}

async fn r59_a_batch_has_at_most_1000_rows(system: &TestSystem) {
    let rows = |count: usize| (0..count).map(|n| row("", named(&format!("{n:04}")))).collect::<Vec<_>>();
    for count in [0, 1_001] {
        assert_refused(batch(&system.contoso, rows(count)).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    let results = batch(&system.contoso, rows(1_000)).await.unwrap();
    let names: BTreeSet<&str> = results.iter().map(|result| result.claim.as_str()).collect();
    assert_eq!(names.len(), 1_000);
    let all = ListClaimsRequest {
        parent: CONTOSO.into(),
        order_by: "display_name".into(),
        page_size: 1_000,
        ..ListClaimsRequest::default()
    };
    let listed = list(&system.contoso, all).await;
    assert_eq!(listed.next_page_token, "");
    let in_order = listed.claims.iter().zip(&results).enumerate();
    for (n, (claim, result)) in in_order {
        assert_eq!(
            (claim.name.as_str(), claim.display_name.as_str()),
            (result.claim.as_str(), format!("{n:04}").as_str())
        );
    }
}

async fn r59_a_validate_only_batch_changes_nothing(system: &TestSystem) {
    let rows = vec![row("x", system.presales().await), row("y", Claim { mpn_id: "2001".into(), ..Claim::default() })];
    let request = BatchCreateClaimsRequest { parent: CONTOSO.into(), rows: rows.clone(), validate_only: true };
    let validated = system.contoso.claims().batch_create_claims(request).await.unwrap().into_inner().results;
    assert_eq!((validated[0].claim.as_str(), validated[0].violations.len()), ("", 1), "the evidence is missing");
    assert_eq!(reason(&refusal(&validated[1]).unwrap()), "LOCATION_NOT_OF_PARTNER");
    assert!(list_names(system, "", "").await.is_empty());
    assert!(!batch(&system.contoso, rows).await.unwrap()[0].replayed);
}

/// Creates claims in several states, on three days.
async fn create_claims(system: &TestSystem) {
    let with_name = |claim: Claim, display_name: &str| Claim { display_name: display_name.into(), ..claim };
    TestClaim::create_draft(system, Claim { customer_name: "x".into(), ..named("100% Idea") }).await.unwrap();
    system.advance_by(chrono::TimeDelta::days(1)).await;
    TestClaim::at_stage(system, with_name(system.usage().await, "Usage waits"), ClaimStage::Submitted).await;
    system.advance_by(chrono::TimeDelta::days(1)).await;
    TestClaim::at_stage(system, with_name(system.presales().await, "Sales_held"), ClaimStage::Approved).await;
    TestClaim::at_stage(system, with_name(system.revenue_association().await, "Sales gone"), ClaimStage::Withdrawn)
        .await;
}

async fn r59_claims_are_found_by_every_field(system: &TestSystem) {
    create_claims(system).await;
    let (idea, submitted, approved, withdrawn) = ("100% Idea", "Usage waits", "Sales_held", "Sales gone");
    let tenant = format!("tenant_id = {}", FABRIKAM.to_uppercase());
    for (filter, expected) in [
        ("", vec![idea, withdrawn, approved, submitted]),
        ("state = EDITING", vec![idea]),
        ("state = CLAIM_STATE_REJECTED", vec![withdrawn]),
        ("state != EDITING", vec![withdrawn, approved, submitted]),
        ("association_state = PENDING", vec![approved]),
        ("association_state = UNSPECIFIED", vec![idea, withdrawn, submitted]),
        ("solution_area = BUSINESS_APPLICATIONS", vec![withdrawn, approved, submitted]),
        ("solution_area = UNSPECIFIED", vec![idea]),
        ("activities:PRE_SALES", vec![approved]),
        ("activities:ACTIVITY_REVENUE_ASSOCIATION", vec![withdrawn]),
        ("products:power-apps", vec![withdrawn, submitted]),
        ("products:power", vec![]),
        ("display_name = \"SALES GONE\"", vec![withdrawn]),
        ("display_name:sales", vec![withdrawn, approved]),
        ("display_name:'s_h'", vec![approved]),
        ("display_name:%", vec![idea]),
        ("display_name:\\\\", vec![]),
        ("mpn_id = 1001", vec![withdrawn, approved, submitted]),
        (tenant.as_str(), vec![withdrawn, approved, submitted]),
        ("policy = 2021@1", vec![withdrawn, approved, submitted]),
        ("policy:2023", vec![]),
        ("create_time < 2026-03-17T00:00:00Z", vec![idea]),
        ("create_time = 2026-03-17T10:00:00+01:00", vec![submitted]),
        ("update_time >= 2026-03-18T09:00:00Z", vec![withdrawn, approved]),
        ("submit_time <= 2026-03-17T09:00:00Z", vec![submitted]),
        ("submit_time > 1960-01-01T00:00:00Z", vec![withdrawn, approved, submitted]),
        ("NOT submit_time > 1960-01-01T00:00:00Z", vec![idea]),
    ] {
        assert_eq!(list_names(system, filter, "display_name").await, expected, "{filter}");
    }
}

async fn r59_filters_are_combined(system: &TestSystem) {
    create_claims(system).await;
    let (idea, submitted, approved, withdrawn) = ("100% Idea", "Usage waits", "Sales_held", "Sales gone");
    for (filter, expected) in [
        ("state = EDITING OR state = REJECTED", vec![idea, withdrawn]),
        ("products:power-apps AND state = SUBMITTED OR state = REJECTED", vec![withdrawn, submitted]),
        ("(products:power-apps AND state = SUBMITTED) OR state = EDITING", vec![idea, submitted]),
        ("NOT (state = EDITING OR activities:USAGE)", vec![withdrawn, approved]),
        ("NOT products:power-apps AND NOT state = EDITING", vec![approved]),
        ("NOT NOT state = EDITING", vec![idea]),
    ] {
        assert_eq!(list_names(system, filter, "display_name").await, expected, "{filter}");
    }
}

async fn r59_all_faults_of_a_filter_are_named_at_once(system: &TestSystem) {
    let list_claims = |filter: &str, order_by: &str| {
        let (filter, order_by) = (filter.into(), order_by.into());
        let request = ListClaimsRequest { parent: CONTOSO.into(), filter, order_by, ..ListClaimsRequest::default() };
        async move { system.contoso.claims().list_claims(request).await }
    };
    let response =
        list_claims("stat = OPEN AND state : EDITING AND create_time > soon AND (state = EDITING", "age desc").await;
    let status = assert_refused(response, Code::InvalidArgument, "INVALID_FIELDS");
    let violations = status::field_violations(&status);
    let reasons: Vec<&str> = violations.iter().map(|violation| violation.reason.as_str()).collect();
    assert_eq!(reasons, ["INVALID_FILTER", "INVALID_FILTER", "INVALID_FILTER", "INVALID_FILTER", "INVALID_ORDER_BY"]);
    let positions: Vec<_> =
        violations.iter().map(|violation| violation.description.split(':').next().unwrap()).collect();
    assert_eq!(positions[..4], ["character 1", "character 17", "character 51", "character 76"]);
    for (filter, order_by) in [
        ("'", ""),
        ("state = EDITING; DROP TABLE claim", ""),
        ("owner = contoso", ""),
        ("status = x", ""),
        ("", "owner"),
        ("", "create_time desc, id"),
    ] {
        assert_refused(list_claims(filter, order_by).await, Code::InvalidArgument, "INVALID_FIELDS");
    }
    assert!(
        list_claims("display_name = \"'; DROP TABLE claim; --\"", "").await.unwrap().into_inner().claims.is_empty()
    );
}

async fn r59_pages_stay_in_order_while_claims_are_added(system: &TestSystem) {
    let rows = ["d", "B", "a", "C", "e", "B"].map(|name| row("", named(name))).to_vec();
    batch(&system.contoso, rows).await.unwrap();
    TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    for order_by in [
        "",
        "create_time",
        "create_time desc",
        "update_time",
        "update_time desc",
        "submit_time",
        "submit_time desc",
        "display_name",
        "display_name desc",
    ] {
        let request = ListClaimsRequest { parent: CONTOSO.into(), order_by: order_by.into(), ..Default::default() };
        let whole = list(&system.contoso, request.clone()).await.claims;
        let (mut pages, mut token) = (Vec::new(), String::new());
        loop {
            let page = ListClaimsRequest { page_size: 2, page_token: token, ..request.clone() };
            let ListClaimsResponse { claims, next_page_token } = list(&system.contoso, page).await;
            pages.extend(claims);
            token = next_page_token;
            if token.is_empty() {
                break;
            }
            if pages.len() == 2 {
                batch(&system.contoso, vec![row("", named("bb"))]).await.unwrap();
            }
        }
        // Claims that were added between pages neither hide nor repeat the existing ones.
        let names: BTreeSet<&str> = pages.iter().map(|claim| claim.name.as_str()).collect();
        assert_eq!(names.len(), pages.len(), "{order_by}");
        let existing: Vec<_> = pages.iter().filter(|claim| whole.contains(claim)).map(|claim| &claim.name).collect();
        assert_eq!(existing, whole.iter().map(|claim| &claim.name).collect::<Vec<_>>(), "{order_by}");
    }
    let names: Vec<String> = list_names(system, "NOT display_name = bb", "display_name desc").await;
    assert_eq!(names, ["Fabrikam field app", "e", "d", "C", "B", "B", "a"]);
    assert_eq!(list_names(system, "NOT display_name = bb", "submit_time desc").await[0], "Fabrikam field app");
}
