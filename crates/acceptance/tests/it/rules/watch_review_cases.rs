//! R59: review cases are watched as a stream that can be resumed.

use std::collections::BTreeSet;

use cpor_acceptance::{Actor, ClaimStage, FABRIKAM, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::reviews::v1::{ReviewCase, WatchReviewCasesRequest, WatchReviewCasesResponse};
use tonic::{Code, Status, Streaming};

both_databases![
    r59_reviewers_watch_all_review_cases,
    r59_reviewers_watch_the_cases_of_one_tenant,
    r59_only_reviewers_and_operators_watch_cases,
];

/// The parent that stands for all tenants.
const ALL: &str = "tenants/-";

type Stream = Streaming<WatchReviewCasesResponse>;

async fn watch(actor: &Actor, request: WatchReviewCasesRequest) -> Result<Stream, Status> {
    Ok(actor.reviews().watch_review_cases(request).await?.into_inner())
}

fn from_beginning(parent: &str) -> WatchReviewCasesRequest {
    WatchReviewCasesRequest { parent: parent.into(), from_beginning: true, ..WatchReviewCasesRequest::default() }
}

fn after(parent: &str, cursor: &str) -> WatchReviewCasesRequest {
    WatchReviewCasesRequest { parent: parent.into(), cursor: cursor.into(), ..WatchReviewCasesRequest::default() }
}

/// The next message that is a change.
async fn change(stream: &mut Stream) -> WatchReviewCasesResponse {
    loop {
        let message = stream.message().await.unwrap().expect("the stream is open");
        if !message.name.is_empty() {
            return message;
        }
    }
}

/// Reads all changes up to the present etags of these cases.
async fn changes_until(stream: &mut Stream, cases: &[ReviewCase]) -> Vec<WatchReviewCasesResponse> {
    let mut missing: BTreeSet<_> = cases.iter().map(|case| (case.name.clone(), case.etag.clone())).collect();
    let mut changes = Vec::new();
    while !missing.is_empty() {
        let message = change(stream).await;
        missing.remove(&(message.name.clone(), message.etag.clone()));
        changes.push(message);
    }
    changes
}

/// What identifies each change.
fn identities(changes: &[WatchReviewCasesResponse]) -> Vec<(String, String, String)> {
    changes.iter().map(|message| (message.cursor.clone(), message.name.clone(), message.etag.clone())).collect()
}

async fn two_cases(system: &TestSystem) -> [ReviewCase; 2] {
    let first = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let second = TestClaim::at_stage(system, system.workloads(), ClaimStage::Submitted).await;
    first.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    [first.review(&system.reviewer).await.unwrap(), second.review(&system.reviewer).await.unwrap()]
}

async fn r59_reviewers_watch_all_review_cases(system: &TestSystem) {
    let mut live = watch(&system.reviewer, after(ALL, "")).await.unwrap();
    assert_eq!(live.message().await.unwrap().unwrap().name, "", "the first message is a heartbeat");
    let cases = two_cases(system).await;
    let mut later = watch(&system.reviewer, from_beginning(ALL)).await.unwrap();
    let changes = changes_until(&mut later, &cases).await;
    let distinct: BTreeSet<_> = changes.iter().map(|message| (&message.name, &message.etag)).collect();
    assert_eq!(distinct.len(), changes.len(), "each change once: {:?}", identities(&changes));
    assert_eq!(identities(&changes_until(&mut live, &cases).await), identities(&changes), "in the same order");
    let last = changes.iter().rfind(|message| message.name == cases[0].name).unwrap();
    let shown = ReviewCase { directory_comparison: None, ..cases[0].clone() };
    assert_eq!(last.review_case.as_ref(), Some(&shown), "as GetReviewCase shows it to the same caller");
    for (n, message) in changes.iter().enumerate().take(changes.len() - 1) {
        let mut resumed = watch(&system.lead, after(ALL, &message.cursor)).await.unwrap();
        let next = change(&mut resumed).await;
        assert_eq!(identities(&[next]), identities(&changes[n + 1..=n + 1]), "after {n}");
    }
    // A cursor stays valid after a restart of the process.
    let cursor = &changes.last().unwrap().cursor;
    system.crash(cpor_types::Service::PoeReview).await;
    let mut resumed = watch(&system.reviewer, after(ALL, cursor)).await.unwrap();
    let draft = TestClaim::create_with_evidence(system, system.presales().await).await;
    draft.submit().await.unwrap();
    system.wait_until_idle().await;
    let opened = change(&mut resumed).await;
    assert_eq!(opened.name, draft.review_name().await);
    assert!(opened.review_case.is_some_and(|case| case.claim == draft.name));
}

async fn r59_reviewers_watch_the_cases_of_one_tenant(system: &TestSystem) {
    let cases = two_cases(system).await;
    let tenant = format!("tenants/{FABRIKAM}");
    let all = changes_until(&mut watch(&system.lead, from_beginning(ALL)).await.unwrap(), &cases).await;
    let of_tenant = changes_until(&mut watch(&system.lead, from_beginning(&tenant)).await.unwrap(), &cases[..1]).await;
    let names_and_etags = |changes: &[WatchReviewCasesResponse]| -> Vec<_> {
        let of_case = changes.iter().filter(|message| message.name == cases[0].name);
        of_case.map(|message| message.etag.clone()).collect()
    };
    assert_eq!(names_and_etags(&of_tenant), names_and_etags(&all));
    assert_eq!(names_and_etags(&of_tenant).len(), of_tenant.len(), "no case of another tenant");
    let refused = watch(&system.lead, after(&tenant, &all[0].cursor)).await;
    assert_refused(refused, Code::InvalidArgument, "INVALID_CURSOR");
}

async fn r59_only_reviewers_and_operators_watch_cases(system: &TestSystem) {
    let cases = two_cases(system).await;
    let mut of_operator = watch(&system.operator, from_beginning(ALL)).await.unwrap();
    for message in changes_until(&mut of_operator, &cases).await {
        let case = message.review_case.unwrap();
        assert!(case.evidence.is_empty() && ["", "[redacted]"].contains(&case.reviewer.as_str()), "R5: {case:#?}");
    }
    let tenant = format!("tenants/{FABRIKAM}");
    for actor in [&system.contoso, &system.fabrikam, &system.manager] {
        for parent in [ALL, &tenant] {
            let refused = watch(actor, from_beginning(parent)).await;
            assert_refused(refused, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
    }
    assert_refused(watch(&system.lead, after("partners/-", "")).await, Code::InvalidArgument, "INVALID_FIELDS");
}
