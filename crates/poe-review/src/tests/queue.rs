//! Tests of the queue of cases, and of the index of keys.
use super::{test_system::request_from, *};
use crate::domain::tests::amy;
use cpor_proto::reviews::v1::{
    ListReviewCasesRequest, ListReviewCasesResponse, review_service_server::ReviewService as _,
};
use cpor_testing::on_both_databases;
use cpor_types::Role;

on_both_databases![
    urgent_cases_come_first_and_stopped_cases_last,
    the_queue_can_be_filtered,
    pages_have_no_gaps_and_no_duplicates,
    only_open_cases_are_indexed_by_key,
];

impl TestSystem {
    async fn list(&self, request: ListReviewCasesRequest) -> Result<ListReviewCasesResponse, Status> {
        self.api
            .list_review_cases(request_from(&amy().subject, Role::PoeReviewer, request))
            .await
            .map(tonic::Response::into_inner)
    }

    async fn listed(&self, request: ListReviewCasesRequest) -> Vec<String> {
        self.list(request).await.unwrap().review_cases.into_iter().map(|case| case.claim_display_name).collect()
    }
}

fn all() -> ListReviewCasesRequest {
    ListReviewCasesRequest { parent: "tenants/-".to_owned(), ..ListReviewCasesRequest::default() }
}

fn filtered(filter: &str) -> ListReviewCasesRequest {
    ListReviewCasesRequest { filter: filter.to_owned(), ..all() }
}

/// Creates five cases: 1 waits for the partner, 2 is rejected, 3 is under review, 4 and 5 wait for
/// their review. Case 5 was submitted three days later than the others.
async fn create_cases(system: &TestSystem) {
    for n in 1..=4 {
        system.submit(n).await;
    }
    let late = claim(5);
    let event = cpor_proto::events::v1::event::Payload::ClaimSubmitted(cpor_proto::events::v1::ClaimSubmitted {
        snapshot: Some(late.clone()),
    });
    system.deliver_event(&late.claim, event, day(3)).await.unwrap();
    for n in [1, 2, 3] {
        system.take("amy", n).await.unwrap();
        system.start_review("amy", n).await.unwrap();
    }
    system.request_partner_action("amy", 1, "Which year?").await.unwrap();
    system.reject("amy", 2).await.unwrap();
}

async fn urgent_cases_come_first_and_stopped_cases_last(system: TestSystem) {
    create_cases(&system).await;
    assert_eq!(system.listed(all()).await, ["claim 3", "claim 4", "claim 5", "claim 1"]);
}

async fn the_queue_can_be_filtered(system: TestSystem) {
    create_cases(&system).await;
    for (filter, expected) in [
        ("state = REJECTED", &["claim 2"][..]),
        ("state = PARTNER_ACTION_REQUIRED", &["claim 1"]),
        ("open = true AND reviewer = amy", &["claim 3", "claim 1"]),
        ("open = true AND reviewer = ''", &["claim 4", "claim 5"]),
        ("open = false", &["claim 2"]),
        (&format!("claim = {}", claim(4).claim), &["claim 4"]),
    ] {
        assert_eq!(system.listed(filtered(filter)).await, expected, "{filter}");
    }
    assert_eq!(system.listed(ListReviewCasesRequest { parent: format!("tenants/{TENANT}"), ..all() }).await.len(), 4);
    let other_tenant = "tenants/0192f0c1-0000-7000-8000-00000000000f".to_owned();
    assert_eq!(system.listed(ListReviewCasesRequest { parent: other_tenant, ..all() }).await, Vec::<String>::new());
    let invalid = system.list(filtered("claim = claims/4")).await;
    assert_eq!(refusal(invalid), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
}

async fn pages_have_no_gaps_and_no_duplicates(system: TestSystem) {
    create_cases(&system).await;
    let (mut found, mut page_token) = (Vec::new(), String::new());
    for _ in 0..4 {
        let page = system.list(ListReviewCasesRequest { page_size: 1, page_token, ..all() }).await.unwrap();
        found.extend(page.review_cases.into_iter().map(|case| case.claim_display_name));
        page_token = page.next_page_token;
    }
    assert_eq!((found, page_token), (system.listed(all()).await, String::new()));
}

async fn only_open_cases_are_indexed_by_key(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit(2).await;
    assert_eq!(system.count("case_key WHERE key = 'workloads/teams'").await, 2);
    system.request_partner_action("amy", 1, "Which year?").await.unwrap();
    let answer = cpor_proto::events::v1::ClaimSnapshot { lines: vec![line("intune")], ..claim(1) };
    system.resubmit(answer, day(3)).await;
    assert_eq!(system.count("case_key WHERE key = 'workloads/teams'").await, 1);
    assert_eq!(system.count("case_key WHERE key = 'workloads/intune'").await, 1);
    system.close(1).await;
    assert_eq!(system.count("case_key").await, 1);
}
