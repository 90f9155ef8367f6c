//! Fuzz target: changed tokens and receipts. Whatever is accepted says the same as what was signed.
use std::{sync::Arc, time::Duration};

use cpor_types::{Actor, Clock, Role, Service, SystemClock};
use serde_json::{Value, json};

use super::*;

#[test]
fn fuzz_token() {
    let users = TokenSigner::generate("https://issuer.example", Arc::new(SystemClock)).unwrap();
    let services = ServiceSigners::generate(&(Arc::new(SystemClock) as Arc<dyn Clock>)).unwrap();
    let receipts = ReceiptSigner::generate().unwrap();
    let keys = VerificationKeys::new("https://issuer.example", &users.jwks(), &services.jwks()).unwrap();
    let receipt_keys = ReceiptKeys::parse(&receipts.jwks()).unwrap();
    let user = UserToken {
        subject: "alice@contoso.example".to_owned(),
        roles: vec![Role::IncentivesAdmin],
        partner: Some("contoso".parse().unwrap()),
        tenant: None,
        lifetime: Duration::from_hours(24),
    };
    let user = users.user_token(&user).unwrap();
    let actor = Actor::system(Service::PoeReview);
    let service = services.get(Service::PoeReview).unwrap().token(Service::ClaimIntake, Some(&actor)).unwrap();
    let receipt = receipts.sign(&json!({ "claim": "partners/contoso/claims/1", "entries": 3 })).unwrap();
    let audience = [Service::ClaimIntake];
    let callers =
        [user.as_str(), service.as_str()].map(|token| keys.verify_with_loaded_keys(token, &audience).unwrap());
    let (statement, _) = receipt_keys.verify::<Value>(&receipt).unwrap();

    cpor_fuzz::fuzz(&[user.as_bytes(), service.as_bytes(), receipt.as_bytes()], |input| {
        let text = String::from_utf8_lossy(input);
        if let Ok(caller) = keys.verify_with_loaded_keys(&text, &audience) {
            assert!(callers.contains(&caller), "{caller:?}");
        }
        if let Ok((content, _)) = receipt_keys.verify::<Value>(&text) {
            assert_eq!(content, statement);
        }
    });
}
