//! Filters (AIP-160) and orders (AIP-132) of every List method that the proto descriptors declare.

use cpor_acceptance::{Actor, ClaimStage, Method, TestClaim, TestSystem, both_databases, methods, reason};
use cpor_call::status;
use cpor_proto::claims::v1::{ExplainClaimRequest, ListClaimsRequest};
use prost_reflect::Value;
use serde_json::{Value as Json, json};
use tonic::Code;

use super::paging::{ListFixture, list_methods, page};

both_databases![lists_are_filtered_and_ordered, claims_are_listed_by_what_they_wait_for, contested_claims_are_listed,];

#[test]
fn every_list_has_a_filter_and_an_order() {
    let lists: Vec<_> = methods().into_iter().filter(|method| method.name.starts_with("List")).collect();
    assert!(lists.len() >= 15, "only {} lists in the descriptors", lists.len());
    for list in lists {
        for field in ["filter", "order_by"] {
            let field = list.input.get_field_by_name(field).unwrap_or_else(|| panic!("{} has no {field}", list.name));
            assert_eq!(field.kind(), prost_reflect::Kind::String, "{}", list.name);
        }
        assert!(FILTERS.iter().any(|(name, ..)| *name == list.name), "add a filter of {}", list.name);
        assert!(ORDERS.iter().any(|(name, ..)| *name == list.name), "add the orders of {}", list.name);
    }
}

/// Whether an entry of a list matches a filter.
type Predicate = fn(&Json) -> bool;

/// Filters of all lists, each with the entries that it selects.
const FILTERS: &[(&str, &str, Predicate)] = &[
    ("ListClaims", "acting_party = REVIEWER", |claim| claim["actingParty"] == "PARTY_REVIEWER"),
    ("ListClaims", "NOT contested = true", |_| true),
    ("ListClaims", "customer_domain:FABRIKAM", |claim| text(claim, "customerDomain").contains("fabrikam")),
    ("ListClaims", "customer_domain != 'nowhere.example' AND due_time != 2020-01-01T00:00:00Z", |_| true),
    ("ListEvidence", "kind = PDF AND size_bytes > 0", |document| document["kind"] == "EVIDENCE_KIND_PDF"),
    ("ListEvidence", "create_time > 2020-01-01T00:00:00Z AND signature_time != 2020-01-01T00:00:00Z", |_| true),
    ("ListComments", "side = PARTNER AND evidence = '' AND line_id = ''", |comment| {
        comment["side"] == "ACTOR_SIDE_PARTNER"
    }),
    ("ListHistory", "action = submitted OR to_state = APPROVED", |entry| {
        entry["action"] == "submitted" || entry["toState"] == "CLAIM_STATE_APPROVED"
    }),
    ("ListHistory", "NOT side = PARTNER AND overtaken = false", |entry| entry["side"] != "ACTOR_SIDE_PARTNER"),
    ("ListHistory", "from_state != SUBMITTED", |entry| entry["fromState"] != "CLAIM_STATE_SUBMITTED"),
    ("ListReviewCases", "state = WAITING OR state = REVIEW_CASE_STATE_APPROVED", |case| {
        ["REVIEW_CASE_STATE_WAITING", "REVIEW_CASE_STATE_APPROVED"].contains(&text(case, "state"))
    }),
    ("ListReviewCases", "open = false", |case| case.get("closeTime").is_some()),
    ("ListReviewCases", "reviewer = ''", |case| case.get("reviewer").is_none()),
    ("ListReviewCases", "NOT reviewer = ''", |case| case.get("reviewer").is_some()),
    ("ListReviewCases", "partner = partners/contoso AND overdue = false", |case| case.get("overdue").is_none()),
    ("ListReviewNotes", "author != nobody", |_| true),
    ("ListConsents", "state = REQUESTED OR state = GRANTED", |consent| {
        ["CONSENT_STATE_REQUESTED", "CONSENT_STATE_GRANTED"].contains(&text(consent, "state"))
    }),
    ("ListConsents", "waiting_for_delivery = false AND partner = partners/contoso", |_| true),
    ("ListAssessments", "month >= 2026-04 AND verdicts:ELIGIBLE", |assessment| {
        text(assessment, "month") >= "2026-04" && verdicts(assessment).contains(&"VERDICT_ELIGIBLE")
    }),
    ("ListAssessments", "NOT verdicts:NOT_ELIGIBLE AND end_time != 2020-01-01T00:00:00Z", |assessment| {
        !verdicts(assessment).contains(&"VERDICT_NOT_ELIGIBLE")
    }),
    ("ListProgramGuides", "state = ACTIVE AND revises = ''", |guide| guide["state"] == "GUIDE_STATE_ACTIVE"),
    ("ListEarnings", "amount_micros > 0", |earning| amount(earning) > 0),
    ("ListEarnings", "NOT amount_micros > 0 OR currency = EUR", |earning| amount(earning) <= 0),
    ("ListEarnings", "status = NOTHING_DUE AND pay_time != 2020-01-01T00:00:00Z", |earning| {
        earning["status"] == "EARNING_STATUS_NOTHING_DUE"
    }),
    ("ListEarnings", "payout_period >= 2026-Q2 AND month < 2026-05 AND partner = partners/contoso", |earning| {
        text(earning, "payoutPeriod") >= "2026-Q2" && text(earning, "month") < "2026-05"
    }),
    ("ListEarnings", "mpn_id = 1001 AND payout = ''", |earning| {
        earning["mpnId"] == "1001" && earning.get("payout").is_none()
    }),
    ("ListPayouts", "state = UPCOMING AND currency = USD AND create_time > 2020-01-01T00:00:00Z", |payout| {
        payout["state"] == "PAYOUT_STATE_UPCOMING"
    }),
    ("ListPayouts", "amount_micros < 0 OR actual_date > 2026-01-01", |payout| payout.get("actualDate").is_some()),
    ("ListUsage", "month > 2026-01 AND month < 2026-04", |usage| {
        text(usage, "month") > "2026-01" && text(usage, "month") < "2026-04"
    }),
    ("ListSubscriptions", "status = ACTIVE AND end_time != 2020-01-01T00:00:00Z", |subscription| {
        subscription["status"] == "SUBSCRIPTION_STATUS_ACTIVE"
    }),
    ("ListPartners", "name != partners/contoso", |partner| text(partner, "name") != "partners/contoso"),
    ("ListTenants", "region = emea", |tenant| text(tenant, "region") == "emea"),
    ("ListWorkloads", "product = products/teams", |workload| text(workload, "name").ends_with("/teams")),
    ("ListProducts", "kind = WORKLOAD AND incentivized = false", |product| {
        product["kind"] == "PRODUCT_KIND_WORKLOAD" && product.get("incentivized").is_none()
    }),
    ("ListProducts", "display_name:POWER", |product| text(product, "displayName").to_lowercase().contains("power")),
    ("ListAssociations", "state = OFFICIAL AND partner = partners/contoso", |association| {
        association["state"] == "ASSOCIATION_STATE_OFFICIAL"
    }),
    ("ListAssociations", "state != OFFICIAL", |association| association["state"] != "ASSOCIATION_STATE_OFFICIAL"),
    ("ListAssociations", "NOT activity = USAGE AND claim != '' AND end_reason != DECLINED", |association| {
        association["activity"] != "ACTIVITY_USAGE"
    }),
    ("ListStreams", "destination = REGISTRY AND attempts = 0", |stream| stream["destination"] == "SERVICE_REGISTRY"),
    ("ListDeadlines", "NOT state = FIRED", |deadline| deadline["state"] != "DEADLINE_STATE_FIRED"),
    ("ListDeadlines", "due_time >= 2026-04-01T00:00:00Z AND generation >= 1", |deadline| {
        text(deadline, "dueTime") >= "2026-04-01"
    }),
];

/// The sort keys of all lists. The first one is the default.
const ORDERS: &[(&str, &[&str])] = &[
    ("ListClaims", &["create_time", "update_time", "submit_time", "due_time", "display_name"]),
    ("ListEvidence", &["create_time", "size_bytes"]),
    ("ListComments", &["create_time"]),
    ("ListHistory", &["position"]),
    ("ListReviewCases", &["due_time", "create_time"]),
    ("ListReviewNotes", &["create_time"]),
    ("ListConsents", &["create_time", "update_time"]),
    ("ListAssessments", &["name", "official_time"]),
    ("ListProgramGuides", &["effective_start_time", "create_time", "display_name"]),
    ("ListEarnings", &["accrue_time", "month"]),
    ("ListPayouts", &["create_time", "payout_period"]),
    ("ListUsage", &["month", "import_time"]),
    ("ListSubscriptions", &["name", "purchase_time", "end_time"]),
    ("ListPartners", &["name", "display_name"]),
    ("ListTenants", &["name", "display_name"]),
    ("ListWorkloads", &["name"]),
    ("ListProducts", &["name", "display_name"]),
    ("ListAssociations", &["hold_time"]),
    ("ListStreams", &["oldest_undelivered_time", "attempts"]),
    ("ListDeadlines", &["due_time"]),
];

/// A filter that selects all entries, for the lists that have a default filter.
fn all(method: &str) -> &'static str {
    match method {
        "ListReviewCases" => "open = true OR open = false",
        "ListStreams" => "attempts >= 0",
        "ListDeadlines" => "generation >= 0",
        _ => "",
    }
}

fn text<'j>(entry: &'j Json, field: &str) -> &'j str {
    entry[field].as_str().unwrap_or_default()
}

fn amount(earning: &Json) -> i64 {
    text(&earning["amount"], "micros").parse().unwrap_or_default()
}

fn verdicts(assessment: &Json) -> Vec<&str> {
    assessment["results"].as_array().into_iter().flatten().map(|result| text(result, "verdict")).collect()
}

/// The request of the fixture with a filter and an order.
fn with(request: &Json, filter: &str, order_by: &str) -> Json {
    let mut request = request.clone();
    request["filter"] = json!(filter);
    request["order_by"] = json!(order_by);
    request
}

/// Gets the whole list, in pages of `size`.
async fn whole(actor: &Actor, method: &Method, request: &Json, size: i64) -> Vec<Json> {
    let (mut entries, mut token) = (Vec::new(), String::new());
    loop {
        let (list, next) = page(actor, method, request, size, &token).await.unwrap_or_else(|status| {
            panic!("{} {request}: {status}", method.name);
        });
        let to_json = |entry: &Value| serde_json::to_value(entry.as_message().unwrap()).unwrap();
        entries.extend(list.iter().map(to_json));
        token = next;
        if token.is_empty() {
            return entries;
        }
    }
}

/// These checks share one system, because they only read and its entries take long to create.
async fn lists_are_filtered_and_ordered(system: &TestSystem) {
    let fixture = ListFixture::create(system).await;
    a_filter_selects_what_it_says(&fixture).await;
    an_order_sorts_all_pages(&fixture).await;
    unknown_fields_and_keys_are_refused_by_name(&fixture).await;
    a_page_token_belongs_to_its_order(&fixture).await;
}

async fn a_filter_selects_what_it_says(fixture: &ListFixture<'_>) {
    let mut faults = Vec::new();
    for method in list_methods() {
        let (request, actor) = fixture.request_and_actor(&method);
        let everything = whole(&actor, &method, &with(&request, all(&method.name), ""), 1000).await;
        for (_, filter, matches) in FILTERS.iter().filter(|(name, ..)| *name == method.name) {
            let expected: Vec<_> = everything.iter().filter(|entry| matches(entry)).collect();
            let found = whole(&actor, &method, &with(&request, filter, ""), 1000).await;
            if found.is_empty() || found.iter().collect::<Vec<_>>() != expected {
                faults.push(format!("{} {filter}: {} instead of {}", method.name, found.len(), expected.len()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn an_order_sorts_all_pages(fixture: &ListFixture<'_>) {
    for method in list_methods() {
        let (request, actor) = fixture.request_and_actor(&method);
        let (_, keys) = ORDERS.iter().find(|(name, _)| *name == method.name).unwrap();
        for key in *keys {
            let by = |order: String| with(&request, all(&method.name), &order);
            let ascending = whole(&actor, &method, &by((*key).to_owned()), 1000).await;
            let mut descending = whole(&actor, &method, &by(format!("{key} desc")), 2).await;
            descending.reverse();
            assert_eq!(descending, ascending, "{} {key}", method.name);
            let field = ascending_field(key);
            let values: Vec<_> = ascending.iter().filter_map(|entry| entry.get(&field)).map(sortable).collect();
            assert!(values.is_sorted(), "{} {key}: {values:?}", method.name);
        }
    }
}

/// The name in JSON of the field that a sort key names.
fn ascending_field(key: &str) -> String {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// Numbers of 64 bits are texts in JSON.
fn sortable(value: &Json) -> (i64, String) {
    let text = value.as_str().unwrap_or_default();
    (text.parse().unwrap_or_default(), text.to_lowercase())
}

async fn unknown_fields_and_keys_are_refused_by_name(fixture: &ListFixture<'_>) {
    for method in list_methods() {
        let (request, actor) = fixture.request_and_actor(&method);
        let refused = page(&actor, &method, &with(&request, "nonsense = 1", "nonsense"), 1, "").await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
        let violations = status::field_violations(&refused);
        let faults: Vec<_> =
            violations.iter().map(|violation| (violation.field.as_str(), violation.reason.as_str())).collect();
        assert_eq!(faults, [("filter", "INVALID_FILTER"), ("order_by", "INVALID_ORDER_BY")], "{}", method.name);
        let (_, keys) = ORDERS.iter().find(|(name, _)| *name == method.name).unwrap();
        let allowed = format!("allowed fields: {}", keys.join(", "));
        assert!(violations[1].description.ends_with(&allowed), "{}: {}", method.name, violations[1].description);
        let (_, filter, _) = FILTERS.iter().find(|(name, ..)| *name == method.name).unwrap();
        let field = filter.trim_start_matches("NOT ").split([' ', ':']).next().unwrap();
        let (_, fields) = violations[0].description.split_once("allowed fields: ").unwrap();
        assert!(fields.split(", ").any(|allowed| allowed == field), "{}: {fields}", method.name);
    }
}

async fn a_page_token_belongs_to_its_order(fixture: &ListFixture<'_>) {
    for method in list_methods().into_iter().filter(|method| method.name != "ListProgramGuides") {
        let (request, actor) = fixture.request_and_actor(&method);
        let (_, keys) = ORDERS.iter().find(|(name, _)| *name == method.name).unwrap();
        let by = |direction: &str| with(&request, all(&method.name), &format!("{} {direction}", keys[0]));
        let (_, token) = page(&actor, &method, &by("asc"), 1, "").await.unwrap();
        let refused = page(&actor, &method, &by("desc"), 1, &token).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, "INVALID_PAGE_TOKEN"),
            "{}",
            method.name
        );
    }
}

/// The names of all claims that match a filter, as a review lead sees them.
async fn claims(system: &TestSystem, filter: &str, order_by: &str) -> Vec<String> {
    let request = ListClaimsRequest {
        parent: "partners/-".into(),
        filter: filter.into(),
        order_by: order_by.into(),
        ..ListClaimsRequest::default()
    };
    let claims = system.lead.claims().list_claims(request).await.unwrap().into_inner().claims;
    claims.into_iter().map(|claim| claim.name).collect()
}

async fn claims_are_listed_by_what_they_wait_for(system: &TestSystem) {
    for stage in [
        ClaimStage::Submitted,
        ClaimStage::UnderReview,
        ClaimStage::PartnerActionRequired,
        ClaimStage::Approved,
        ClaimStage::Official,
    ] {
        TestClaim::at_stage(system, system.usage().await, stage).await;
        system.advance_by(chrono::TimeDelta::hours(3)).await;
    }
    TestClaim::create_with_evidence(system, system.presales().await).await;
    system.wait_until_idle().await;
    let mut explained = Vec::new();
    for name in claims(system, "", "create_time").await {
        let request = ExplainClaimRequest { name: name.clone() };
        let explanation = system.lead.claims().explain_claim(request).await.unwrap().into_inner();
        let due = explanation.due_time.map(|time| (time.seconds, time.nanos));
        explained.push((name, due, explanation.acting_party().as_str_name().to_owned()));
    }
    for party in explained.iter().map(|(.., party)| party).collect::<std::collections::BTreeSet<_>>() {
        let expected: Vec<_> =
            explained.iter().filter(|(.., mover)| mover == party).map(|(name, ..)| name.clone()).collect();
        assert_eq!(claims(system, &format!("acting_party = {party}"), "create_time").await, expected, "{party}");
    }
    let due = |with_due: bool| explained.iter().filter(move |(_, due, _)| due.is_some() == with_due);
    let mut by_due: Vec<_> = due(true).collect();
    by_due.sort_by_key(|(_, due, _)| *due);
    let expected: Vec<_> = by_due.iter().map(|(name, ..)| name.clone()).collect();
    assert!(expected.len() >= 3 && expected.len() < explained.len(), "{explained:#?}");
    assert_eq!(claims(system, "due_time < 2100-01-01T00:00:00Z", "due_time").await, expected);
    assert_eq!(claims(system, "", "due_time").await[..expected.len()], expected, "claims without a deadline come last");
    assert_eq!(claims(system, "NOT due_time < 2100-01-01T00:00:00Z", "").await.len(), due(false).count());
}

async fn contested_claims_are_listed(system: &TestSystem) {
    let claim = system.presales().await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let calm = TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    system.wait_until_idle().await;
    assert_eq!(claims(system, "contested = true", "create_time").await, [one.name, other.name]);
    assert_eq!(claims(system, "contested = false", "create_time").await, [calm.name]);
}
