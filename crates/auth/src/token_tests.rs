//! Forged, stale and misdirected tokens against the process.
use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cpor_types::{Actor, ActorSide, Clock, Role, Service, SystemClock, VirtualClock};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::*;
use cpor_call::status;

const ISSUER: &str = "https://issuer.example";
const GET: &str = "/cpor.claims.v1.ClaimService/GetClaim";
const CREATE: &str = "/cpor.claims.v1.ClaimService/CreateClaim";
const DELIVER: &str = "/cpor.events.v1.EventService/DeliverEvents";
const CHECK: &str = "/cpor.registry.v1.RegistryService/CheckClaim";

/// A process that hosts claim-intake and the registry.
struct TestProcess {
    users: TokenSigner,
    services: ServiceSigners,
    authorizer: Authorizer,
    table: MethodTable,
}

impl TestProcess {
    fn new() -> Self {
        let users = TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
        let services = ServiceSigners::generate(&(Arc::new(SystemClock) as Arc<dyn Clock>)).unwrap();
        let keys = VerificationKeys::new(ISSUER, &users.jwks(), &services.jwks()).unwrap();
        let both = vec![Service::ClaimIntake, Service::Registry];
        let table = MethodTable::build(&[
            ("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake]),
            ("cpor.registry.v1.RegistryService", vec![Service::Registry]),
            ("cpor.events.v1.EventService", both),
        ]);
        Self {
            users,
            services,
            authorizer: Authorizer { keys: Arc::new(keys), requires_certificates: false },
            table: table.unwrap(),
        }
    }

    fn authorize(&self, path: &str, authorization: &str) -> Result<Option<Arc<Caller>>, Status> {
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        self.authorize_headers(path, headers)
    }

    fn authorize_headers(&self, path: &str, headers: http::HeaderMap) -> Result<Option<Arc<Caller>>, Status> {
        let (mut request, ()) = http::Request::new(()).into_parts();
        request.headers = headers;
        request.extensions.insert(self.table.get(path).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.authorizer.authorize_request(&request))
    }

    fn authorize_token(&self, path: &str, token: &str) -> Result<Arc<Caller>, (Code, String)> {
        match self.authorize(path, &format!("Bearer {token}")) {
            Ok(caller) => Ok(caller.unwrap()),
            Err(error) => Err((error.code(), status::reason(&error).unwrap())),
        }
    }

    fn service_token(&self, from: Service, to: Service, actor: Option<&Actor>) -> String {
        self.services.get(from).unwrap().token(to, actor).unwrap()
    }

    fn assert_refused(&self, token: &str) {
        assert_eq!(self.authorize_token(GET, token), Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
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

/// Changes one part of a token (0: header, 1: claims) and keeps the signature.
fn with_changed_part(token: &str, part: usize, change: impl FnOnce(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[part]).unwrap()).unwrap();
    change(&mut json);
    parts[part] = URL_SAFE_NO_PAD.encode(json.to_string());
    parts.join(".")
}

/// Changes the claims of a token and signs them with the given key.
fn with_changed_claims(signer: &TokenSigner, token: &str, change: impl FnOnce(&mut Value)) -> String {
    signer.sign_json(&claims(&with_changed_part(token, 1, change)))
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn accepts_a_valid_token_repeatedly() {
    let process = TestProcess::new();
    let token = process.users.user_token(&alice()).unwrap();
    for _ in 0..2 {
        let caller = process.authorize_token(GET, &token).unwrap();
        assert_eq!(
            (caller.partner.as_ref().map(ToString::to_string), caller.side()),
            (Some("contoso".to_owned()), ActorSide::Partner)
        );
    }
    assert!(process.authorize(GET, &format!("bearer {token}")).is_ok(), "the scheme is case-insensitive (RFC 9110)");
}

#[test]
fn refuses_requests_without_a_bearer_token() {
    let process = TestProcess::new();
    for authorization in
        ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer a", &format!("Bearer {}", "x".repeat(100_000))]
    {
        let error = process.authorize(GET, authorization).unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{authorization:.40}");
    }
    assert_eq!(process.authorize_headers(GET, http::HeaderMap::new()).unwrap_err().code(), Code::Unauthenticated);
    assert!(process.authorize_headers("/grpc.health.v1.Health/Check", http::HeaderMap::new()).unwrap().is_none());
}

#[test]
fn refuses_two_authorization_headers() {
    let process = TestProcess::new();
    let token = format!("Bearer {}", process.users.user_token(&alice()).unwrap());
    let mut headers = http::HeaderMap::new();
    headers.append("authorization", token.parse().unwrap());
    headers.append("authorization", token.parse().unwrap());
    assert!(process.authorize_headers(GET, headers).is_err());
}

#[test]
fn ignores_the_algorithm_that_a_token_names() {
    let process = TestProcess::new();
    let token = process.users.user_token(&alice()).unwrap();
    for algorithm in ["none", "None", "HS256", "RS256", "ES256"] {
        process.assert_refused(&with_changed_part(&token, 0, |header| header["alg"] = json!(algorithm)));
    }
    let unsigned = with_changed_part(&token, 0, |header| header["alg"] = json!("none"));
    process.assert_refused(&format!("{}.", unsigned.rsplit_once('.').unwrap().0));
}

#[test]
fn refuses_a_public_key_used_as_hmac_secret() {
    let process = TestProcess::new();
    let token = process.users.user_token(&alice()).unwrap();
    let jwks: Value = serde_json::from_str(&process.users.jwks()).unwrap();
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = jwks["keys"][0]["kid"].as_str().map(str::to_owned);
    for secret in [public.as_slice(), jwks["keys"][0]["x"].as_str().unwrap().as_bytes()] {
        process.assert_refused(
            &jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(secret)).unwrap(),
        );
    }
}

#[test]
fn refuses_changed_claims_and_unknown_keys() {
    let process = TestProcess::new();
    let token = process.users.user_token(&alice()).unwrap();
    process.assert_refused(&with_changed_part(&token, 1, |claims| claims["partner"] = json!("fabrikam")));
    process.assert_refused(&with_changed_part(&token, 0, |header| header["kid"] = json!("unknown")));
    process.assert_refused(&with_changed_part(&token, 0, |header| drop(header.as_object_mut().unwrap().remove("kid"))));
    let untrusted = TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
    let forged = untrusted.user_token(&alice()).unwrap();
    process.assert_refused(&forged);
    let known_kid = serde_json::from_str::<Value>(&process.users.jwks()).unwrap()["keys"][0]["kid"].clone();
    process.assert_refused(&with_changed_part(&forged, 0, |header| header["kid"] = known_kid));
}

#[test]
fn checks_issuer_audience_and_times() {
    let process = TestProcess::new();
    let token = process.users.user_token(&alice()).unwrap();
    let with = |change: &dyn Fn(&mut Value)| with_changed_claims(&process.users, &token, change);
    assert!(process.authorize_token(GET, &with(&|_| ())).is_ok(), "unchanged claims");
    process.assert_refused(&with(&|claims| claims["iss"] = json!("https://other.example")));
    process.assert_refused(&with(&|claims| claims["aud"] = json!("another-system")));
    process.assert_refused(&with(&|claims| claims["aud"] = json!(["a", "b"])));
    process.assert_refused(&with(&|claims| claims["nbf"] = json!(SystemClock.now().timestamp() + 600)));
    for missing in ["iss", "sub", "aud", "exp"] {
        process.assert_refused(&with(&|claims| drop(claims.as_object_mut().unwrap().remove(missing))));
    }
    process.assert_refused(&with(&|claims| claims["exp"] = json!("9999999999")));
    process.assert_refused(&with(&|claims| claims["partner"] = json!("")));
    assert!(process.authorize_token(GET, &with(&|claims| claims["aud"] = json!(["a", "cpor"]))).is_ok());
}

#[test]
fn reports_an_expired_token() {
    let process = TestProcess::new();
    let past = VirtualClock::new(SystemClock.now() - chrono::TimeDelta::hours(2));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    process.users.save(&file).unwrap();
    let expired = TokenSigner::from_file(&file, ISSUER, Arc::new(past)).unwrap().user_token(&alice()).unwrap();
    assert_eq!(process.authorize_token(GET, &expired), Err((Code::Unauthenticated, "TOKEN_EXPIRED".to_owned())));
}

#[test]
fn checks_roles_against_the_declaration() {
    let process = TestProcess::new();
    let mut rita = UserToken { subject: "rita".to_owned(), roles: vec![Role::PoeReviewer], partner: None, ..alice() };
    let token = process.users.user_token(&rita).unwrap();
    assert!(process.authorize_token(GET, &token).is_ok());
    assert_eq!(process.authorize_token(CREATE, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
    assert_eq!(process.authorize_token(DELIVER, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
    rita.roles.clear();
    let token = process.users.user_token(&rita).unwrap();
    assert_eq!(process.authorize_token(GET, &token), Err((Code::PermissionDenied, "ROLE_NOT_ALLOWED".to_owned())));
}

#[test]
fn checks_service_callers_and_audiences() {
    let process = TestProcess::new();
    let token = |from, to| process.service_token(from, to, None);
    let caller = process.authorize_token(CHECK, &token(Service::ClaimIntake, Service::Registry)).unwrap();
    let itself = Actor::system(Service::ClaimIntake);
    assert_eq!((caller.service, &caller.actor), (Some(Service::ClaimIntake), &itself));
    let wrong_callee = process.authorize_token(CHECK, &token(Service::ClaimIntake, Service::ClaimIntake));
    assert_eq!(wrong_callee, Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    let wrong_caller = process.authorize_token(CHECK, &token(Service::CustomerConsent, Service::Registry));
    assert_eq!(wrong_caller, Err((Code::PermissionDenied, "SERVICE_NOT_ALLOWED".to_owned())));
    for hosted in [Service::ClaimIntake, Service::Registry] {
        assert!(process.authorize_token(DELIVER, &token(Service::PoeReview, hosted)).is_ok());
    }
    assert!(
        process.authorize_token(DELIVER, &token(Service::PoeReview, Service::Eligibility)).is_err(),
        "not hosted here"
    );
}

#[test]
fn issuers_cannot_sign_for_each_other() {
    let process = TestProcess::new();
    // The users' issuer signs a token of a service, and the key of a service signs a token of a
    // user.
    let valid = process.service_token(Service::ClaimIntake, Service::Registry, None);
    assert!(process.authorize_token(CHECK, &valid).is_ok());
    let as_service = process.users.sign_json(&claims(&valid));
    assert_eq!(process.authorize_token(CHECK, &as_service), Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())));
    let token = process.users.user_token(&alice()).unwrap();
    process.assert_refused(&with_changed_claims(&process.users, &token, |claims| {
        claims["sub"] = json!("services/claim-intake")
    }));
    for service in process.services.iter() {
        process.assert_refused(&service.sign_json(&claims(&token)));
        let mut claims = claims(&token);
        claims["iss"] = json!(SERVICE_ISSUER);
        process.assert_refused(&service.sign_json(&claims));
    }
}

#[test]
fn a_key_signs_only_as_its_own_service() {
    let process = TestProcess::new();
    let valid = process.service_token(Service::ClaimIntake, Service::Registry, None);
    for signer in process.services.iter() {
        let result = process.authorize_token(CHECK, &signer.sign_json(&claims(&valid)));
        if signer.service() == Service::ClaimIntake {
            assert_eq!(result.unwrap().service, Some(Service::ClaimIntake));
        } else {
            assert_eq!(result, Err((Code::Unauthenticated, "UNAUTHENTICATED".to_owned())), "{signer:?}");
        }
    }
    // A key without the name of a service, or with that of the receipts, is no key of a service.
    for jwks in [process.users.jwks(), ReceiptSigner::generate().unwrap().jwks()] {
        let keys = VerificationKeys::new(ISSUER, &process.users.jwks(), &jwks);
        assert!(matches!(keys, Err(KeyError::NoOwner(_))), "{keys:?}");
    }
}

#[test]
fn a_service_acts_only_for_the_declared_persons() {
    let process = TestProcess::new();
    let check = |from, actor: &Actor| {
        let token = process.service_token(from, Service::Registry, Some(actor));
        process.authorize_token(CHECK, &token).map(|caller| caller.actor.clone())
    };
    let person = |side| Actor::new(side, "alice@contoso.example");
    let (partner, reviewer) = (person(ActorSide::Partner), person(ActorSide::Reviewer));
    assert_eq!(check(Service::ClaimIntake, &partner), Ok(partner.clone()));
    assert_eq!(check(Service::PoeReview, &reviewer), Ok(reviewer.clone()));
    let refused = Err((Code::PermissionDenied, "ACTOR_NOT_ALLOWED".to_owned()));
    assert_eq!(check(Service::ClaimIntake, &reviewer), refused);
    assert_eq!(check(Service::PoeReview, &partner), refused);
    for other in [person(ActorSide::Customer), Actor::time(), Actor::system(Service::Eligibility)] {
        assert_eq!(check(Service::ClaimIntake, &other), refused, "{other:?}");
    }
    let itself = Actor::system(Service::ClaimIntake);
    assert_eq!(check(Service::ClaimIntake, &itself), Ok(itself));
}

/// Waits until a changed file was read again.
fn wait_until(is_done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_done() {
        assert!(start.elapsed() < Duration::from_secs(20), "the file is not read again");
        std::thread::yield_now();
    }
}

#[test]
fn changed_key_files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let users = TokenSigner::generate(ISSUER, Arc::new(SystemClock)).unwrap();
    let generate = || ServiceSigner::generate(Service::ClaimIntake, Arc::new(SystemClock)).unwrap();
    let (old, new) = (generate(), generate());
    std::fs::write(file("users.json"), users.jwks()).unwrap();
    std::fs::write(file("services.json"), old.jwks()).unwrap();
    let config = AuthConfig {
        issuer: ISSUER.to_owned(),
        jwks_file: Some(file("users.json")),
        service_jwks_file: Some(file("services.json")),
        ..AuthConfig::default()
    };
    let keys = VerificationKeys::load(&config).unwrap();
    let verify = |signer: &ServiceSigner| {
        keys.verify_with_loaded_keys(&signer.token(Service::Registry, None).unwrap(), Service::ALL)
    };
    assert!(verify(&old).is_ok());
    assert_eq!(verify(&new).unwrap_err(), TokenError::Invalid);
    // A file that is missing or malformed changes nothing.
    for broken in ["", "{}", &users.jwks()] {
        std::fs::write(file("services.json"), broken).unwrap();
        assert!(verify(&new).is_err() && verify(&old).is_ok());
    }
    std::fs::write(file("services.json"), join_jwks([old.jwks().as_str(), new.jwks().as_str()])).unwrap();
    wait_until(|| verify(&new).is_ok());
    assert!(verify(&old).is_ok(), "old and new keys overlap");
    std::fs::write(file("services.json"), new.jwks()).unwrap();
    wait_until(|| verify(&old).is_err());
    assert!(verify(&new).is_ok());

    // The private key is read again, too.
    old.save(&file("key.pem")).unwrap();
    let signer = ServiceSigner::from_file(Service::ClaimIntake, &file("key.pem"), Arc::new(SystemClock)).unwrap();
    assert!(verify(&signer).is_err());
    new.save(&file("key.pem.new")).unwrap();
    std::fs::rename(file("key.pem.new"), file("key.pem")).unwrap();
    wait_until(|| verify(&signer).is_ok());
    assert_eq!(signer.kid(), new.kid());
}

/// R56: the key of receipts is replaced without a restart.
#[test]
fn r56_a_changed_receipt_key_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name);
    let (old, new) = (ReceiptSigner::generate().unwrap(), ReceiptSigner::generate().unwrap());
    let keys = ReceiptKeys::parse(&join_jwks([old.jwks().as_str(), new.jwks().as_str()])).unwrap();
    let kid = |signer: &ReceiptSigner| keys.verify::<Value>(&signer.sign(&json!({})).unwrap()).unwrap().1;
    old.save(&file("key.pem")).unwrap();
    let signer = ReceiptSigner::from_file(&file("key.pem")).unwrap();
    let clone = signer.clone();
    assert_eq!(kid(&signer), kid(&old));
    new.save(&file("key.pem.new")).unwrap();
    std::fs::rename(file("key.pem.new"), file("key.pem")).unwrap();
    wait_until(|| kid(&signer) == kid(&new));
    assert_eq!((kid(&clone), clone.jwks()), (kid(&new), new.jwks()));
}

#[test]
fn caches_service_tokens_until_shortly_before_expiry() {
    let clock = VirtualClock::new(SystemClock.now());
    let signer = ServiceSigner::generate(Service::ClaimIntake, Arc::new(clock.clone())).unwrap();
    let token = || signer.token(Service::Registry, None).unwrap();
    let first = token();
    clock.advance_by(chrono::TimeDelta::seconds(170));
    assert_eq!(token(), first);
    clock.advance_by(chrono::TimeDelta::seconds(20));
    assert_ne!(token(), first);
}

#[test]
fn saves_a_private_file_and_never_overwrites() {
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

/// R56: receipts are signed with a key of their own.
#[test]
fn r56_receipts_and_tokens_are_not_interchangeable() {
    let process = TestProcess::new();
    let receipts = ReceiptSigner::generate().unwrap();
    let keys = ReceiptKeys::parse(&receipts.jwks()).unwrap();
    let token = process.service_token(Service::PoeReview, Service::ClaimIntake, None);
    assert!(matches!(keys.verify::<Value>(&token), Err(SignatureError::NotAReceipt)));
    // A receipt that contains the claims of a token is not a token either.
    let receipt = receipts.sign(&claims(&token)).unwrap();
    assert!(keys.verify::<Value>(&receipt).is_ok());
    assert!(process.authorize_token(DELIVER, &token).is_ok());
    let unauthenticated = (Code::Unauthenticated, "UNAUTHENTICATED".to_owned());
    assert_eq!(process.authorize_token(DELIVER, &receipt), Err(unauthenticated.clone()));
    let without_type = with_changed_part(&receipt, 0, |header| header["typ"] = json!("JWT"));
    assert_eq!(process.authorize_token(DELIVER, &without_type), Err(unauthenticated));
    // The keys of services and users do not verify receipts.
    for jwks in [process.services.jwks(), process.users.jwks()] {
        assert!(matches!(ReceiptKeys::parse(&jwks), Err(KeyError::NotForReceipts(_))));
    }
    // Receipts with an unknown key or changed content are refused.
    let unknown = ReceiptSigner::generate().unwrap().sign(&json!({})).unwrap();
    assert!(matches!(keys.verify::<Value>(&unknown), Err(SignatureError::UnknownKey(_))));
    let (head, signature) = receipt.rsplit_once('.').unwrap();
    let changed = URL_SAFE_NO_PAD.encode(claims(&token).to_string().bytes().rev().collect::<Vec<_>>());
    let changed = format!("{}.{changed}.{signature}", head.split('.').next().unwrap());
    assert!(matches!(keys.verify::<Value>(&changed), Err(SignatureError::Mismatch(_))));
}
