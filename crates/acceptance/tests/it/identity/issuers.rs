//! Users of an identity provider: an OpenID Connect issuer whose keys are found by discovery.

use std::process::Command;

use cpor_acceptance::{Actor, ApiResult, CONTOSO, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::claims::v1::{Claim, CreateClaimRequest, GetClaimRequest, ListClaimsRequest};
use cpor_testing::IssuerKey;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tonic::Code;

both_databases![with with_identity_provider:
    users_of_an_identity_provider_call_the_api,
    equal_subjects_of_two_issuers_are_two_callers,
    a_rotation_of_the_keys_fails_no_call,
    an_outage_of_the_identity_provider_fails_no_call,
];

/// The claims of an administrator of Contoso with the same subject as [`TestSystem::contoso`].
fn erik(system: &TestSystem) -> Value {
    json!({ "sub": system.contoso.subject, "roles": ["incentives_admin"], "partner": "contoso" })
}

/// A user of the identity provider.
fn user(system: &TestSystem, claims: &Value) -> Actor {
    let (issuer, key) = system.identity_provider();
    system.actor_with_token(&issuer.token(key, claims))
}

async fn list(actor: &Actor) -> Result<(), tonic::Status> {
    let request = ListClaimsRequest { parent: CONTOSO.into(), ..ListClaimsRequest::default() };
    actor.claims().list_claims(request).await.map(drop)
}

async fn users_of_an_identity_provider_call_the_api(system: &TestSystem) {
    list(&user(system, &erik(system))).await.unwrap();
    let other = json!({ "sub": "nora", "roles": "incentives_admin", "partner": "northwind" });
    let name = create(&system.contoso, "A").await.unwrap().name;
    let get = GetClaimRequest { name };
    user(system, &erik(system)).claims().get_claim(get.clone()).await.unwrap();
    let refused = user(system, &other).claims().get_claim(get).await;
    assert_refused(refused, Code::NotFound, "RESOURCE_NOT_FOUND");
    let operator = json!({ "sub": "olga", "roles": ["operator", "role-of-another-system"] });
    assert_refused(create(&user(system, &operator), "B").await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let (issuer, key) = system.identity_provider();
    let forged = IssuerKey::generate(&key.kid, key.algorithm);
    let forged = system.actor_with_token(&issuer.token(&forged, &erik(system)));
    assert_refused(list(&forged).await, Code::Unauthenticated, "UNAUTHENTICATED");
    let mut expired = erik(system);
    expired["exp"] = json!(1.5);
    assert_refused(list(&user(system, &expired)).await, Code::Unauthenticated, "TOKEN_EXPIRED");
}

async fn create(actor: &Actor, display_name: &str) -> ApiResult<Claim> {
    let claim = Some(Claim { display_name: display_name.into(), ..Claim::default() });
    let request = CreateClaimRequest { parent: CONTOSO.into(), claim, request_id: "one".into(), validate_only: false };
    Ok(actor.claims().create_claim(request).await?.into_inner())
}

async fn equal_subjects_of_two_issuers_are_two_callers(system: &TestSystem) {
    let federated = user(system, &erik(system));
    // The same request id is not that of a repetition, and not that of another request either.
    let own = create(&system.contoso, "A").await.unwrap();
    let other = create(&federated, "B").await.unwrap();
    assert_ne!(own.name, other.name);
    assert_eq!(create(&system.contoso, "A").await.unwrap().name, own.name);
    assert_eq!(create(&federated, "B").await.unwrap().name, other.name);

    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    case.comment(&federated, "From a user of the other issuer.").await.unwrap();
    let subjects: Vec<_> = case.history().await.into_iter().map(|entry| entry.subject).collect();
    let qualified = format!("corp/{}", system.contoso.subject);
    assert!(subjects.contains(&system.contoso.subject) && subjects.contains(&qualified), "{subjects:?}");
}

async fn a_rotation_of_the_keys_fails_no_call(system: &TestSystem) {
    let (issuer, old) = system.identity_provider();
    let new = IssuerKey::generate("new", Algorithm::ES256);
    list(&user(system, &erik(system))).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..60 {
        if number == 20 {
            issuer.publish(&[&new, old]);
        }
        let mut claims = erik(system);
        claims["jti"] = json!(number);
        let key = if number >= 20 && number % 2 == 0 { &new } else { old };
        let actor = system.actor_with_token(&issuer.token(key, &claims));
        calls.spawn(async move { list(&actor).await });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(issuer.key_fetches(), 2, "one at the start, and one for the new key");
}

async fn an_outage_of_the_identity_provider_fails_no_call(system: &TestSystem) {
    let (issuer, _) = system.identity_provider();
    let caller = user(system, &erik(system));
    list(&caller).await.unwrap();
    issuer.set_failing(true);
    let unknown = IssuerKey::generate("unknown", Algorithm::EdDSA);
    let unknown = system.actor_with_token(&issuer.token(&unknown, &erik(system)));
    assert_refused(list(&unknown).await, Code::Unauthenticated, "UNAUTHENTICATED");
    list(&caller).await.unwrap();
    list(&user(system, &json!({ "sub": "eva", "roles": "incentives_user", "partner": "contoso" }))).await.unwrap();
}

#[test]
fn serve_accepts_the_development_issuer_only_if_it_is_named() {
    let binary = std::env::var("CPOR_TEST_BINARY").expect("CPOR_TEST_BINARY is not set: run `cargo xtask test`");
    let folder = tempfile::tempdir().unwrap();
    cpor::keys::create_missing(folder.path()).unwrap();
    let serve = |settings: &[(&str, &str)]| {
        let mut command = Command::new(&binary);
        command.args(["serve", "registry", "--insecure-plaintext"]).current_dir(folder.path());
        command.env("CPOR_AUTH__SERVICE_KEY_FILE", "{service}/service.pem");
        command.env("CPOR_AUTH__SERVICE_JWKS_FILE", "public/service-jwks.json").envs(settings.iter().copied());
        String::from_utf8(command.output().expect("the binary starts").stderr).unwrap()
    };
    let keys = ("CPOR_AUTH__JWKS_FILE", "public/jwks.json");
    let outcome = serve(&[]);
    assert!(outcome.contains("auth.issuers or auth.issuer and auth.jwks_file: must be set"), "{outcome}");
    let outcome = serve(&[keys]);
    assert!(outcome.contains("auth.issuer: must be set together with jwks_file"), "{outcome}");
    let outcome = serve(&[keys, ("CPOR_AUTH__ISSUER", cpor::keys::ISSUER)]);
    assert!(outcome.contains("the addresses of all services are required"), "the next check fails: {outcome}");
}
