//! Tests of the limit for claims that name a domain that is not one of the tenant's (R12a).
use cpor_call::{directory_budget::DirectoryBudgetConfig, status};
use cpor_claim_intake::Config;
use cpor_proto::claims::v1 as wire;
use cpor_testing::{TestDatabase, on_both_databases};
use cpor_types::Role;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tonic::{Code, Status};

use crate::fixture::{Client, TestSystem, claim, reason};

on_both_databases![with small_budget:
    r12a_wrong_domains_are_limited,
    r12a_right_domains_are_not_limited,
    r12a_an_import_is_refused_only_for_wrong_domains,
    r12a_a_call_without_an_answer_is_not_counted,
];

async fn small_budget(database: &TestDatabase) -> TestSystem {
    let wrong_domains = DirectoryBudgetConfig { per_user_per_hour: 3, per_partner_per_hour: 5 };
    TestSystem::with_config(database, Config { wrong_domains, ..Config::default() }).await
}

/// Tries whether the domain is one of the tenant's. Nothing is stored.
async fn guess(client: &mut Client, domain: &str) -> Result<wire::Claim, Status> {
    let claim = wire::Claim { customer_domain: domain.into(), ..claim() };
    let request = wire::CreateClaimRequest {
        parent: "partners/contoso".into(),
        claim: Some(claim),
        validate_only: true,
        ..Default::default()
    };
    Ok(client.create_claim(request).await?.into_inner())
}

fn refusal(status: &Status) -> (Code, String, String, String) {
    let metadata = |key| status::metadata(status, key).unwrap_or_default();
    (status.code(), reason(status), metadata("scope"), metadata("limit"))
}

fn expected(scope: &str, limit: &str) -> (Code, String, String, String) {
    let reason = "TOO_MANY_DIRECTORY_QUESTIONS".to_owned();
    (Code::ResourceExhausted, reason, scope.to_owned(), limit.to_owned())
}

async fn r12a_wrong_domains_are_limited(system: TestSystem) {
    let user = |subject: &str| system.client(subject, Role::IncentivesUser, Some("contoso"));
    let (mut alice, mut bob) = (user("alice@contoso.example"), user("bob@contoso.example"));
    let draft = system.create(claim()).await.unwrap();
    for number in 0..3 {
        let answer = guess(&mut alice, &format!("guess{number}.example")).await.unwrap();
        assert!(answer.violations.iter().any(|violation| violation.field == "customer_domain"), "{answer:?}");
    }
    let refused = guess(&mut alice, "guess3.example").await.unwrap_err();
    assert_eq!(refusal(&refused), expected("user", "3"));
    assert!(status::retry_after(&refused).is_some());
    // The right domain is refused too, because the refusal would otherwise tell that it is right.
    let refused = guess(&mut alice, "fabrikam.example").await.unwrap_err();
    assert_eq!(refusal(&refused), expected("user", "3"));
    let suggest = wire::SuggestClaimLinesRequest { name: draft.name.clone(), ..Default::default() };
    let refused = alice.suggest_claim_lines(suggest).await.unwrap_err();
    assert_eq!(refusal(&refused), expected("user", "3"));

    for number in 0..2 {
        guess(&mut bob, &format!("guess{number}.example")).await.unwrap();
    }
    let refused = guess(&mut bob, "guess2.example").await.unwrap_err();
    assert_eq!(refusal(&refused), expected("partner", "5"));
    let rows = vec![wire::BatchCreateClaimsRow { claim: Some(claim()), ..Default::default() }];
    let batch = wire::BatchCreateClaimsRequest { parent: "partners/contoso".into(), rows, ..Default::default() };
    let results = bob.batch_create_claims(batch).await.unwrap().into_inner().results;
    assert_eq!(results[0].error.as_ref().unwrap().code, Code::ResourceExhausted as i32, "{results:?}");
    system.get(&draft.name).await.expect("what asks nothing about a domain is not limited");
}

async fn r12a_right_domains_are_not_limited(system: TestSystem) {
    let mut alice = system.client("alice@contoso.example", Role::IncentivesUser, Some("contoso"));
    for _ in 0..20 {
        let answer = guess(&mut alice, "fabrikam.example").await.unwrap();
        assert!(answer.violations.iter().all(|violation| violation.field != "customer_domain"), "{answer:?}");
    }
    // Without a registry there is no answer, so nothing is counted.
    system.registry.fake.simulate_outage();
    for _ in 0..20 {
        guess(&mut alice, "guess.example").await.unwrap();
    }
}

/// Imports this number of rows with this domain. Nothing is stored. Returns the codes of the
/// refused rows.
async fn import(client: &mut Client, rows: usize, domain: &str) -> Vec<i32> {
    let claim = wire::Claim { customer_domain: domain.into(), ..claim() };
    let row = wire::BatchCreateClaimsRow { claim: Some(claim), ..Default::default() };
    let parent = "partners/contoso".to_owned();
    let batch = wire::BatchCreateClaimsRequest { parent, rows: vec![row; rows], validate_only: true };
    let results = client.batch_create_claims(batch).await.unwrap().into_inner().results;
    results.into_iter().filter_map(|result| result.error).map(|error| error.code).collect()
}

async fn r12a_an_import_is_refused_only_for_wrong_domains(system: TestSystem) {
    let mut alice = system.client("alice@contoso.example", Role::IncentivesUser, Some("contoso"));
    // More rows than the budget has questions, and more than are checked together.
    assert!(import(&mut alice, 300, "fabrikam.example").await.is_empty(), "right domains are never too many");
    for domain in ["guess0.example", "guess1.example"] {
        guess(&mut alice, domain).await.unwrap();
    }
    assert!(import(&mut alice, 300, "fabrikam.example").await.is_empty(), "one question is left");
    assert!(import(&mut alice, 10, "guess2.example").await.is_empty(), "one question is left");
    assert_eq!(import(&mut alice, 1, "fabrikam.example").await, [Code::ResourceExhausted as i32]);
    let refused = guess(&mut alice, "fabrikam.example").await.unwrap_err();
    assert_eq!(refusal(&refused), expected("user", "3"));
    // 12 questions were counted, and 3 are allowed within an hour.
    assert!(status::retry_after(&refused).unwrap() > Duration::from_secs(3 * 3600), "{refused:?}");
}

async fn r12a_a_call_without_an_answer_is_not_counted(system: TestSystem) {
    let mut alice = system.client("alice@contoso.example", Role::IncentivesUser, Some("contoso"));
    for _ in 0..5 {
        let waits = Arc::new(Notify::new());
        let checked = Arc::clone(&waits);
        system.registry.during_next_check(async move {
            checked.notify_one();
            std::future::pending().await
        });
        let answer = tokio::select! {
            answer = guess(&mut alice, "guess.example") => Some(answer),
            () = waits.notified() => None,
        };
        assert!(answer.is_none(), "the registry does not answer: {answer:?}");
    }
    guess(&mut alice, "guess.example").await.expect("the cancelled calls are not counted");
}
