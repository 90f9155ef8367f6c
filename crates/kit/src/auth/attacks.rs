//! Forged, stale and misdirected tokens against the gate.
use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_types::{Actor, ActorSide, Clock as _, Role, Service, SystemClock, VirtualClock};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::*;
use crate::status;

const ISSUER: &str = "https://issuer.example";
const GET: &str = "/cpor.claims.v1.ClaimService/GetClaim";
const CREATE: &str = "/cpor.claims.v1.ClaimService/CreateClaim";
const DELIVER: &str = "/cpor.events.v1.EventService/DeliverEvents";
const CHECK: &str = "/cpor.registry.v1.RegistryService/CheckClaim";

/// A process that hosts claim-intake and the registry.
struct Gate {
    users: TokenSigner,
    services: TokenSigner,
    gate: Gatekeeper,
    table: MethodTable,
}

impl Gate {
    fn new() -> Self {
        let signer = || TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
        let (users, services) = (signer(), signer());
        let keys = Keys::new(ISSUER, &users.jwks(), &services.jwks()).unwrap();
        let both = vec![Service::ClaimIntake, Service::Registry];
        let table = MethodTable::build(&[
            ("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake]),
            ("cpor.registry.v1.RegistryService", vec![Service::Registry]),
            ("cpor.events.v1.EventService", both),
        ]);
        Self { users, services, gate: Gatekeeper { keys: Arc::new(keys) }, table: table.unwrap() }
    }

    fn admit(&self, path: &str, authorization: &str) -> Result<Option<Arc<Caller>>, Status> {
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        self.gate.admit(&self.table.get(path).unwrap(), &headers)
    }

    fn bears(&self, path: &str, token: &str) -> Result<Arc<Caller>, (Code, String)> {
        match self.admit(path, &format!("Bearer {token}")) {
            Ok(caller) => Ok(caller.unwrap()),
            Err(refused) => Err((refused.code(), status::reason(&refused).unwrap())),
        }
    }

    fn refuses(&self, token: &str) {
        assert_eq!(self.bears(GET, token), Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    }
}

fn alice() -> UserToken {
    UserToken {
        subject: "alice@contoso.example".to_owned(),
        roles: vec![Role::IncentivesAdmin],
        partner: Some("contoso".parse().unwrap()),
        tenant: None,
        lifetime: Duration::from_secs(60),
    }
}

/// The token with its header or claims changed and its signature kept.
fn altered(token: &str, part: usize, change: impl FnOnce(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[part]).unwrap()).unwrap();
    change(&mut json);
    parts[part] = URL_SAFE_NO_PAD.encode(json.to_string());
    parts.join(".")
}

/// The token's claims, changed and signed again with the same key under `kid`.
fn resigned(signer: &TokenSigner, token: &str, change: impl FnOnce(&mut Value)) -> String {
    let claims = altered(token, 1, change);
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.split('.').nth(1).unwrap()).unwrap()).unwrap();
    signer.sign_json(&claims)
}

#[test]
fn a_good_token_is_let_in_twice() {
    let gate = Gate::new();
    let token = gate.users.user_token(&alice()).unwrap();
    for _ in 0..2 {
        let caller = gate.bears(GET, &token).unwrap();
        assert_eq!(
            (caller.partner.as_ref().map(ToString::to_string), caller.side()),
            (Some("contoso".to_owned()), ActorSide::Partner)
        );
    }
    assert!(gate.admit(GET, &format!("bearer {token}")).is_ok(), "the scheme has no case (RFC 9110)");
}

#[test]
fn without_a_bearer_token_nobody_comes_in() {
    let gate = Gate::new();
    for authorization in
        ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer a", &format!("Bearer {}", "x".repeat(100_000))]
    {
        let refused = gate.admit(GET, authorization).unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{authorization:.40}");
    }
    assert_eq!(
        gate.gate.admit(&gate.table.get(GET).unwrap(), &http::HeaderMap::new()).unwrap_err().code(),
        Code::Unauthenticated
    );
    assert!(
        gate.gate
            .admit(&gate.table.get("/grpc.health.v1.Health/Check").unwrap(), &http::HeaderMap::new())
            .unwrap()
            .is_none()
    );
}

#[test]
fn two_tokens_are_none() {
    let gate = Gate::new();
    let token = format!("Bearer {}", gate.users.user_token(&alice()).unwrap());
    let mut headers = http::HeaderMap::new();
    headers.append("authorization", token.parse().unwrap());
    headers.append("authorization", token.parse().unwrap());
    assert!(gate.gate.admit(&gate.table.get(GET).unwrap(), &headers).is_err());
}

#[test]
fn the_token_does_not_choose_its_algorithm() {
    let gate = Gate::new();
    let token = gate.users.user_token(&alice()).unwrap();
    for algorithm in ["none", "None", "HS256", "RS256", "ES256"] {
        gate.refuses(&altered(&token, 0, |header| header["alg"] = json!(algorithm)));
    }
    let unsigned = altered(&token, 0, |header| header["alg"] = json!("none"));
    gate.refuses(&format!("{}.", unsigned.rsplit_once('.').unwrap().0));
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let gate = Gate::new();
    let token = gate.users.user_token(&alice()).unwrap();
    let jwks: Value = serde_json::from_str(&gate.users.jwks()).unwrap();
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = jwks["keys"][0]["kid"].as_str().map(str::to_owned);
    for secret in [public.as_slice(), jwks["keys"][0]["x"].as_str().unwrap().as_bytes()] {
        gate.refuses(&jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(secret)).unwrap());
    }
}

#[test]
fn changed_claims_and_foreign_keys_are_refused() {
    let gate = Gate::new();
    let token = gate.users.user_token(&alice()).unwrap();
    gate.refuses(&altered(&token, 1, |claims| claims["partner"] = json!("fabrikam")));
    gate.refuses(&altered(&token, 0, |header| header["kid"] = json!("unknown")));
    gate.refuses(&altered(&token, 0, |header| drop(header.as_object_mut().unwrap().remove("kid"))));
    let stranger = TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
    let forged = stranger.user_token(&alice()).unwrap();
    gate.refuses(&forged);
    let known_kid = serde_json::from_str::<Value>(&gate.users.jwks()).unwrap()["keys"][0]["kid"].clone();
    gate.refuses(&altered(&forged, 0, |header| header["kid"] = known_kid));
}

#[test]
fn issuer_audience_and_times_are_checked() {
    let gate = Gate::new();
    let token = gate.users.user_token(&alice()).unwrap();
    let with = |change: &dyn Fn(&mut Value)| resigned(&gate.users, &token, change);
    assert!(gate.bears(GET, &with(&|_| ())).is_ok(), "signed again as it was");
    gate.refuses(&with(&|claims| claims["iss"] = json!("https://other.example")));
    gate.refuses(&with(&|claims| claims["aud"] = json!("another-system")));
    gate.refuses(&with(&|claims| claims["aud"] = json!(["a", "b"])));
    gate.refuses(&with(&|claims| claims["nbf"] = json!(SystemClock.now().timestamp() + 600)));
    for missing in ["iss", "sub", "aud", "exp"] {
        gate.refuses(&with(&|claims| drop(claims.as_object_mut().unwrap().remove(missing))));
    }
    gate.refuses(&with(&|claims| claims["exp"] = json!("9999999999")));
    gate.refuses(&with(&|claims| claims["partner"] = json!("")));
    assert!(gate.bears(GET, &with(&|claims| claims["aud"] = json!(["a", "cpor"]))).is_ok());
}

#[test]
fn an_expired_token_says_so_though_it_was_good_before() {
    let gate = Gate::new();
    let past = VirtualClock::new(SystemClock.now() - chrono::TimeDelta::hours(2));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    gate.users.save(&file).unwrap();
    let stale = TokenSigner::from_file(&file, ISSUER, Arc::new(past)).unwrap().user_token(&alice()).unwrap();
    assert_eq!(gate.bears(GET, &stale), Err((Code::Unauthenticated, "TOKEN_EXPIRED".to_owned())));
}

#[test]
fn roles_are_held_against_the_declaration() {
    let gate = Gate::new();
    let mut rita = UserToken { subject: "rita".to_owned(), roles: vec![Role::PoeReviewer], partner: None, ..alice() };
    let token = gate.users.user_token(&rita).unwrap();
    assert!(gate.bears(GET, &token).is_ok());
    assert_eq!(gate.bears(CREATE, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
    assert_eq!(gate.bears(DELIVER, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
    rita.roles.clear();
    let token = gate.users.user_token(&rita).unwrap();
    assert_eq!(gate.bears(GET, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
}

#[test]
fn a_service_is_let_in_where_it_is_named_with_a_token_for_the_callee() {
    let gate = Gate::new();
    let actor = Actor::new(ActorSide::Partner, "alice@contoso.example");
    let token = |from, to| gate.services.service_token(from, to, Some(&actor)).unwrap();
    let caller = gate.bears(CHECK, &token(Service::ClaimIntake, Service::Registry)).unwrap();
    assert_eq!((caller.service, &caller.actor), (Some(Service::ClaimIntake), &actor));
    let wrong_callee = gate.bears(CHECK, &token(Service::ClaimIntake, Service::ClaimIntake));
    assert_eq!(wrong_callee, Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    let wrong_caller = gate.bears(CHECK, &token(Service::PoeReview, Service::Registry));
    assert_eq!(wrong_caller, Err((Code::PermissionDenied, "SERVICE_NOT_ALLOWED".to_owned())));
    for hosted in [Service::ClaimIntake, Service::Registry] {
        assert!(gate.bears(DELIVER, &token(Service::PoeReview, hosted)).is_ok());
    }
    assert!(gate.bears(DELIVER, &token(Service::PoeReview, Service::Eligibility)).is_err(), "not hosted here");
}

#[test]
fn users_and_services_cannot_mint_for_each_other() {
    let gate = Gate::new();
    // The users' issuer signs a service's token, and the services' key a user's.
    let as_service = gate.users.service_token(Service::ClaimIntake, Service::Registry, None).unwrap();
    assert_eq!(gate.bears(CHECK, &as_service), Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    gate.refuses(&gate.services.user_token(&alice()).unwrap());
    let token = gate.users.user_token(&alice()).unwrap();
    gate.refuses(&resigned(&gate.users, &token, |claims| claims["sub"] = json!("services/claim-intake")));
    gate.refuses(&resigned(&gate.services, &token, |claims| claims["iss"] = json!(SERVICE_ISSUER)));
}

#[test]
fn service_tokens_are_remembered_until_they_run_out() {
    let clock = VirtualClock::new(SystemClock.now());
    let signer = TokenSigner::generate(ISSUER, Arc::new(clock.clone())).unwrap();
    let token = || signer.service_token(Service::ClaimIntake, Service::Registry, None).unwrap();
    let first = token();
    clock.advance_by(chrono::TimeDelta::seconds(170));
    assert_eq!(token(), first);
    clock.advance_by(chrono::TimeDelta::seconds(20));
    assert_ne!(token(), first);
}

#[test]
fn a_saved_key_is_private_and_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    let signer = TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
    signer.save(&file).unwrap();
    assert!(signer.save(&file).is_err());
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777,
        0o600
    );
    assert_eq!(TokenSigner::from_file(&file, ISSUER, Arc::new(SystemClock)).unwrap().jwks(), signer.jwks());
    std::fs::write(&file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    assert!(matches!(TokenSigner::from_file(&file, ISSUER, Arc::new(SystemClock)), Err(SignerError::Key)));
}

/// A receipt is signed by the very key that services call each other with.
#[test]
fn r56_a_receipt_is_no_token_and_a_token_no_receipt() {
    let gate = Gate::new();
    let keys = ReceiptKeys::parse(&gate.services.jwks()).unwrap();
    let token = gate.services.service_token(Service::PoeReview, Service::ClaimIntake, None).unwrap();
    assert!(matches!(keys.verify::<Value>(&token), Err(BadSignature::NoReceipt)));
    // Even one that says whatever a token says.
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let receipt = gate.services.receipt(&serde_json::from_slice::<Value>(&claims).unwrap()).unwrap();
    assert!(keys.verify::<Value>(&receipt).is_ok());
    assert!(gate.bears(DELIVER, &token).is_ok());
    assert_eq!(gate.bears(DELIVER, &receipt), Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    // By another key, or altered.
    assert!(matches!(keys.verify::<Value>(&gate.users.receipt(&json!({})).unwrap()), Err(BadSignature::UnknownKey(_))));
    let (head, signature) = receipt.rsplit_once('.').unwrap();
    let altered = URL_SAFE_NO_PAD.encode(claims.iter().rev().copied().collect::<Vec<_>>());
    let altered = format!("{}.{altered}.{signature}", head.split('.').next().unwrap());
    assert!(matches!(keys.verify::<Value>(&altered), Err(BadSignature::Wrong(_))));
}
