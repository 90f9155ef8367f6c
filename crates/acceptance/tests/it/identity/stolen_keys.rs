//! Whoever steals the key of a service can do nothing but what this service may: forged tokens of
//! each key, for each method, service and person.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cpor_acceptance::{Method, TestSystem, both_databases, call, encode, methods, reason};
use cpor_types::{Actor, ActorSide, Clock as _, Service, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode as sign};
use serde_json::{Value, json};
use tonic::Code;

use super::{fixture::AccessFixture, requests::request_for};

both_databases![
    a_stolen_key_speaks_for_one_service,
    a_stolen_key_opens_only_its_methods,
    a_service_names_only_declared_persons,
    the_receipt_key_makes_no_calls
];

/// A private key that an attacker has read from its file.
struct StolenKey {
    key: EncodingKey,
    kid: String,
}

impl StolenKey {
    fn of_service(system: &TestSystem, service: Service) -> Self {
        let signer = system.keys().service(service);
        let file = system.store().keys().join(format!("{service}-{}.pem", system.next_number()));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        signer.save(&file).unwrap();
        Self::read(&file, signer.kid())
    }

    fn read(file: &Path, kid: String) -> Self {
        let pem = std::fs::read_to_string(file).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Self { key: EncodingKey::from_ed_der(&STANDARD.decode(body).unwrap()), kid }
    }

    /// A token with the claims of a service, as this key can sign it.
    fn token(&self, as_service: Service, to: Service, claims: Value) -> String {
        let now = SystemClock.now().timestamp();
        let mut all = json!({
            "iss": "cpor-services", "sub": format!("services/{as_service}"), "aud": to.as_str(),
            "iat": now, "exp": now + 300,
        });
        all.as_object_mut().unwrap().extend(claims.as_object().cloned().unwrap_or_default());
        sign(&Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) }, &all, &self.key).unwrap()
    }
}

/// Calls the method and returns the code and the reason.
async fn attempt(system: &TestSystem, token: &str, method: &Method, message: Vec<u8>) -> (Code, String) {
    match call(&system.actor_with_token(token), method, message).await {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => (status.code(), reason(&status)),
    }
}

fn is_refused(code: Code) -> bool {
    matches!(code, Code::PermissionDenied | Code::Unauthenticated)
}

async fn a_stolen_key_speaks_for_one_service(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let methods = methods();
    for thief in Service::ALL.iter().copied() {
        let key = StolenKey::of_service(system, thief);
        for method in methods.iter().filter(|method| !method.services.is_empty()) {
            let message = encode(&method.input, &request_for(method, &fixture.own));
            for victim in Service::ALL.iter().copied().filter(|victim| *victim != thief) {
                // Neither the subject nor the other claims make a token one of another service.
                let act = json!({"act": format!("system:{victim}"), "cpor_service": victim.as_str()});
                for claims in [json!({}), act] {
                    let token = key.token(victim, method.service, claims);
                    let refused = attempt(system, &token, method, message.clone()).await;
                    let expected = (Code::Unauthenticated, "UNAUTHENTICATED".to_owned());
                    assert_eq!(refused, expected, "{thief} as {victim} at {}", method.path);
                }
            }
        }
    }
}

/// The methods of users, too: a service has no roles, whatever its token says.
async fn a_stolen_key_opens_only_its_methods(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let methods = methods();
    for thief in Service::ALL.iter().copied() {
        let key = StolenKey::of_service(system, thief);
        let roles: Vec<_> = cpor_types::Role::ALL.iter().map(|role| role.as_str()).collect();
        for method in &methods {
            let claims = json!({"roles": roles, "partner": "contoso"});
            let token = key.token(thief, method.service, claims);
            let message = encode(&method.input, &request_for(method, &fixture.own));
            let (code, reason) = attempt(system, &token, method, message).await;
            if method.services.contains(&thief) {
                assert!(!is_refused(code), "{thief} at {}: {reason}", method.path);
            } else {
                let expected = (Code::PermissionDenied, "SERVICE_NOT_ALLOWED");
                assert_eq!((code, reason.as_str()), expected, "{thief} at {}", method.path);
            }
        }
    }
}

async fn a_service_names_only_declared_persons(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    for method in methods() {
        let message = encode(&method.input, &request_for(&method, &fixture.own));
        for service in &method.services {
            let declared = method.on_behalf_of.iter().find(|(declared, _)| declared == service);
            for side in ActorSide::ALL.iter().copied() {
                let person = Actor::new(side, "someone@contoso.example");
                let token = system.keys().service(*service).token(method.service, Some(&person)).unwrap();
                let (code, reason) = attempt(system, &token, &method, message.clone()).await;
                let named = format!("{service} on behalf of the side {side} at {}", method.path);
                if declared.is_some_and(|(_, sides)| sides.contains(&side)) {
                    assert!(!is_refused(code), "{named}: {reason}");
                } else {
                    assert_eq!((code, reason.as_str()), (Code::PermissionDenied, "ACTOR_NOT_ALLOWED"), "{named}");
                }
            }
        }
    }
}

async fn the_receipt_key_makes_no_calls(system: &TestSystem) {
    let file = system.store().keys().join("receipt.pem");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let signer = &system.keys().receipts;
    signer.save(&file).unwrap();
    let jwks: Value = serde_json::from_str(&signer.jwks()).unwrap();
    let key = StolenKey::read(&file, jwks["keys"][0]["kid"].as_str().unwrap().to_owned());
    let check = methods().into_iter().find(|method| method.name == "CheckClaim").unwrap();
    let message = encode(&check.input, &json!({"partner": "partners/contoso"}));
    for service in Service::ALL {
        let token = key.token(*service, Service::Registry, json!({}));
        let refused = attempt(system, &token, &check, message.clone()).await;
        assert_eq!(refused, (Code::Unauthenticated, "UNAUTHENTICATED".to_owned()), "as {service}");
    }
}
