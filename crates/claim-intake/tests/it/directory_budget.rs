//! Tests of the limit for claims that name a domain that is not one of the tenant's (R12a).
use cpor_call::{directory_budget::DirectoryBudgetConfig, status};
use cpor_claim_intake::Config;
use cpor_proto::claims::v1 as wire;
use cpor_testing::{TestDatabase, on_both_databases};
use cpor_types::Role;
use tonic::{Code, Status};

use crate::fixture::{Client, TestSystem, claim, reason};

on_both_databases![with small_budget: r12a_wrong_domains_are_limited, r12a_right_domains_are_not_limited];

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
