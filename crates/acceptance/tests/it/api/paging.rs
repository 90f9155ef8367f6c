//! Paging (AIP-158) of every List method that the proto descriptors declare.

use cpor_acceptance::{
    Actor, ClaimStage, Method, PDF, TestClaim, TestSystem, both_databases, call, decode, encode, methods, reason,
};
use cpor_proto::eligibility::v1::{ImportPayoutsRequest, PayoutRow, PayoutState};
use cpor_types::Role;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use serde_json::{Value as Json, json};
use tonic::{Code, Status};

both_databases![lists_are_paged, pages_of_long_texts_fit_a_response,];

/// A system in which every list has several entries, with the names of the resources to list.
pub(super) struct ListFixture<'s> {
    system: &'s TestSystem,
    claim: String,
    case: String,
    tenant: String,
    key: String,
}

impl<'s> ListFixture<'s> {
    pub(super) async fn create(system: &'s TestSystem) -> Self {
        create_earnings(system).await;
        for _ in 0..2 {
            TestClaim::at_stage(system, system.usage().await, ClaimStage::Approved).await;
        }
        let case = TestClaim::create_with_evidence(system, system.presales().await).await;
        for number in 0..3 {
            case.upload(&format!("{number}.pdf"), PDF).await.unwrap();
            case.comment(&case.partner, &format!("Comment {number}.")).await.unwrap();
        }
        case.move_to_stage(ClaimStage::UnderReview).await;
        TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
        case.approve(&system.reviewer).await.unwrap();
        for approved in
            [case.clone(), TestClaim::at_stage(system, system.revenue_association().await, ClaimStage::Approved).await]
        {
            approved.approve_consent().await.unwrap();
        }
        TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
        TestClaim::at_stage(system, system.usage().await, ClaimStage::PartnerActionRequired).await;
        TestClaim::at_stage(system, system.usage().await, ClaimStage::PartnerActionRequired).await;
        let key = case.key(0).await;
        system.import_usage(&key, &[("2026-01", 1), ("2026-02", 2), ("2026-03", 3)]).await;
        system
            .import_row(cpor_proto::registry::v1::directory_row::Row::Workload(workload(&case.tenant, "teams")))
            .await;
        system
            .import_row(cpor_proto::registry::v1::directory_row::Row::Workload(workload(&case.tenant, "intune")))
            .await;
        for number in 0..3 {
            case.note(&system.reviewer, &format!("Note {number}.")).await.unwrap();
        }
        // Notes add entries to the history, which must not grow while it is listed.
        system.wait_until_idle().await;
        let review = case.review_name().await;
        Self { system, claim: case.name.clone(), case: review, tenant: format!("tenants/{}", case.tenant), key }
    }

    /// The request for the whole list, and an actor who may send it.
    pub(super) fn request_and_actor(&self, method: &Method) -> (Json, Actor) {
        let Self { system, claim, case, tenant, key } = self;
        let request = match method.name.as_str() {
            "ListClaims" | "ListPayouts" => json!({"parent": "partners/-"}),
            "ListEvidence" | "ListComments" | "ListHistory" => json!({"parent": claim}),
            "ListReviewNotes" => json!({"parent": case}),
            "ListReviewCases" | "ListConsents" | "ListAssessments" | "ListAssociations" | "ListEarnings" => {
                json!({"parent": "tenants/-"})
            }
            "ListSubscriptions" | "ListWorkloads" => json!({"parent": tenant}),
            "ListProducts" | "ListPartners" | "ListTenants" | "ListProgramGuides" => json!({}),
            "ListUsage" => json!({"parent": key}),
            "ListStreams" => json!({"service": "SERVICE_CLAIM_INTAKE", "filter": "state = IDLE"}),
            "ListDeadlines" => json!({"service": "SERVICE_CLAIM_INTAKE"}),
            unknown => panic!("add a request for the new method {unknown}"),
        };
        let role = [Role::ReviewLead, Role::ProgramManager, Role::Operator]
            .into_iter()
            .find(|role| method.roles.contains(role));
        (request, system.actor("pager@vendor.example", role.unwrap(), None))
    }
}

/// Creates two claims with earnings for April, and payouts of them, of which all but the last are
/// reversed.
async fn create_earnings(system: &TestSystem) {
    let mut cases = Vec::new();
    for _ in 0..2 {
        cases.push(TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await);
    }
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    for case in cases {
        system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    }
    system.wait_until_idle().await;
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    let mut client = system.manager.eligibility();
    let row = PayoutRow {
        partner: "partners/contoso".into(),
        mpn_id: "1001".into(),
        currency: "USD".into(),
        payout_period: "2026-Q2".into(),
        estimated_date: "2026-07-31".into(),
        actual_date: "2026-07-01".into(),
        reversal_reason: "The account is closed.".into(),
        ..PayoutRow::default()
    };
    let with_state = |reference: &str, state: PayoutState| PayoutRow {
        reference: reference.into(),
        state: state.into(),
        ..row.clone()
    };
    let rows = vec![
        with_state("SEPA 1", PayoutState::Sent),
        with_state("SEPA 1", PayoutState::Reversed),
        with_state("SEPA 2", PayoutState::Sent),
        with_state("SEPA 2", PayoutState::Reversed),
        with_state("SEPA 3", PayoutState::Upcoming),
    ];
    let results = client.import_payouts(ImportPayoutsRequest { rows, ..Default::default() }).await.unwrap();
    assert!(results.into_inner().results.iter().all(|result| result.error.is_none()));
}

fn workload(tenant: &str, product: &str) -> cpor_proto::registry::v1::Workload {
    cpor_acceptance::rows::workload(tenant, product)
}

/// The methods with a `page_size`.
pub(super) fn list_methods() -> Vec<Method> {
    let methods: Vec<_> =
        methods().into_iter().filter(|method| method.input.get_field_by_name("page_size").is_some()).collect();
    assert!(methods.len() >= 15, "only {} methods in the descriptors", methods.len());
    assert!(methods.iter().all(|method| method.name.starts_with("List")));
    methods
}

/// Gets one page: its entries and the next page token.
pub(super) async fn page(
    actor: &Actor,
    method: &Method,
    request: &Json,
    size: i64,
    token: &str,
) -> Result<(Vec<Value>, String), Status> {
    let mut request = request.clone();
    request["page_size"] = json!(size);
    request["page_token"] = json!(token);
    let (_, messages) = call(actor, method, encode(&method.input, &request)).await?;
    let response: DynamicMessage = decode(&method.output, &messages[0]);
    let next = response.get_field_by_name("next_page_token").unwrap().as_str().unwrap().to_owned();
    let list = response.fields().find_map(|(_, value)| value.as_list().map(<[Value]>::to_vec));
    Ok((list.unwrap_or_default(), next))
}

/// These checks share one system, because they only read and its entries take long to create.
async fn lists_are_paged(system: &TestSystem) {
    let fixture = ListFixture::create(system).await;
    pages_add_up_to_the_whole_list(&fixture).await;
    page_tokens_belong_to_their_request(&fixture).await;
    page_sizes_are_checked_and_capped(&fixture).await;
}

async fn pages_add_up_to_the_whole_list(fixture: &ListFixture<'_>) {
    for method in list_methods() {
        let (request, actor) = fixture.request_and_actor(&method);
        let (whole, rest) = page(&actor, &method, &request, 1000, "").await.unwrap();
        assert_eq!(rest, "", "{}", method.name);
        assert!(
            whole.len() >= if method.name == "ListProgramGuides" { 1 } else { 2 },
            "{} has {}",
            method.name,
            whole.len()
        );
        for size in [1, 2] {
            let (mut pages, mut token) = (Vec::new(), String::new());
            loop {
                let (list, next) = page(&actor, &method, &request, size, &token).await.unwrap();
                assert!(
                    list.len() as i64 <= size && (whole.is_empty() || !list.is_empty()),
                    "{}: {}",
                    method.name,
                    list.len()
                );
                pages.extend(list);
                token = next;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(pages, whole, "{} by {size}", method.name);
        }
    }
}

/// The texts have the maximum length and together exceed the 4 MiB that a client accepts by
/// default.
async fn pages_of_long_texts_fit_a_response(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let texts: Vec<_> = (0..110).map(|number| format!("{number:03}{}", "🦀".repeat(9_997))).collect();
    for text in &texts {
        case.comment(&case.partner, text).await.unwrap();
        case.note(&system.reviewer, text).await.unwrap();
    }
    system.wait_until_idle().await;
    let review = case.review_name().await;
    for (name, parent, field) in [
        ("ListComments", &case.name, "text"),
        ("ListReviewNotes", &review, "text"),
        ("ListHistory", &case.name, "position"),
    ] {
        let method = list_methods().into_iter().find(|method| method.name == name).unwrap();
        let (mut values, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (list, next) = page(&system.lead, &method, &json!({"parent": parent}), 1000, &token).await.unwrap();
            let bytes: usize = list.iter().map(|entry| entry.as_message().unwrap().encoded_len()).sum();
            assert!(!list.is_empty() && bytes <= 1 << 20, "{name}: {bytes} bytes");
            values.extend(
                list.iter().map(|entry| entry.as_message().unwrap().get_field_by_name(field).unwrap().into_owned()),
            );
            pages += 1;
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert!(pages > 4, "{name}: {pages}");
        let whole: Vec<_> = match field {
            "text" => texts.iter().cloned().map(Value::String).collect(),
            _ => (1..=values.len() as i64).map(Value::I64).collect(),
        };
        assert!(field == "text" || values.len() > 2 * texts.len(), "{name}: {} entries", values.len());
        assert!(values == whole, "{name}: an entry is missing or repeated");
    }
}

async fn page_tokens_belong_to_their_request(fixture: &ListFixture<'_>) {
    for method in list_methods().into_iter().filter(|method| method.name != "ListProgramGuides") {
        let (request, actor) = fixture.request_and_actor(&method);
        let (_, token) = page(&actor, &method, &request, 1, "").await.unwrap();
        let reversed: String = token.chars().rev().collect();
        for invalid in [reversed.as_str(), &token[1..], &format!("{token}A"), "x", "{}", "' OR 1=1 --"] {
            let status = page(&actor, &method, &request, 1, invalid).await.expect_err("an invalid token");
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::InvalidArgument, "INVALID_PAGE_TOKEN"),
                "{}: {invalid}",
                method.name
            );
        }
    }
    let list_claims = list_methods().into_iter().find(|method| method.name == "ListClaims").unwrap();
    let (request, actor) = fixture.request_and_actor(&list_claims);
    let (_, token) = page(&actor, &list_claims, &request, 1, "").await.unwrap();
    for other_request in [
        json!({"parent": "partners/contoso"}),
        json!({"parent": "partners/-", "filter": "state = SUBMITTED"}),
        json!({"parent": "partners/-", "order_by": "display_name"}),
    ] {
        let status = page(&actor, &list_claims, &other_request, 1, &token).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_PAGE_TOKEN");
    }
    page(&actor, &list_claims, &request, 3, &token).await.expect("the size may change from page to page");
}

async fn page_sizes_are_checked_and_capped(fixture: &ListFixture<'_>) {
    for method in list_methods() {
        let (request, actor) = fixture.request_and_actor(&method);
        let status = page(&actor, &method, &request, -1, "").await.expect_err("a negative page size");
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "INVALID_FIELDS"),
            "{}",
            method.name
        );
        let (whole, _) = page(&actor, &method, &request, 1000, "").await.unwrap();
        for size in [0, 1001, i64::from(i32::MAX)] {
            assert_eq!(page(&actor, &method, &request, size, "").await.unwrap().0, whole, "{} by {size}", method.name);
        }
    }
}
