//! The keys of issuers change while tokens are verified.

use std::{sync::Arc, time::Duration};

use cpor_auth::TokenError;
use cpor_testing::{IssuerKey, TestIssuer};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::system::{Verifier, discovered, in_file};

fn rita() -> Value {
    json!({ "sub": "rita@vendor.example", "roles": ["poe_reviewer"] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_under_load_fails_no_call() {
    let keys = ["old", "new"].map(|kid| IssuerKey::generate(kid, Algorithm::ES256));
    let issuer = TestIssuer::start(&[&keys[0]]).await;
    let verifier = Arc::new(Verifier::start(vec![discovered(&issuer, None)]));
    let old = issuer.token(&keys[0], &rita());
    verifier.verify(&old).await.unwrap();
    // All callers use the new key as soon as it is published; tokens of the old key stay valid.
    issuer.publish(&[&keys[1], &keys[0]]);
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let caller = json!({ "sub": format!("rita-{number}"), "roles": ["poe_reviewer"] });
            let token = if number % 5 == 0 { old.clone() } else { issuer.token(&keys[1], &caller) };
            let verifier = Arc::clone(&verifier);
            tokio::spawn(async move { verifier.verify(&token).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(issuer.key_fetches(), 2, "one at the start, and one for all calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_kids_cause_one_fetch() {
    let key = IssuerKey::generate("key", Algorithm::EdDSA);
    let issuer = TestIssuer::start(&[&key]).await;
    let verifier = Arc::new(Verifier::start(vec![discovered(&issuer, None)]));
    verifier.verify(&issuer.token(&key, &rita())).await.unwrap();
    let at_start = issuer.key_fetches();
    let calls: Vec<_> = (0..10_000)
        .map(|number| {
            let header = json!({ "alg": "EdDSA", "kid": format!("unknown-{number}") }).to_string();
            let token = key.sign(&header, &issuer.claims(&rita()).to_string());
            let verifier = Arc::clone(&verifier);
            tokio::spawn(async move { verifier.verify(&token).await })
        })
        .collect();
    for call in calls {
        // Calls that are too many to wait are refused as well.
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, TokenError::UnknownKey | TokenError::IssuerUnavailable), "{error:?}");
    }
    assert_eq!(issuer.key_fetches(), at_start + 1);
}

#[tokio::test]
async fn a_withdrawn_key_is_no_longer_accepted() {
    let keys = ["old", "new"].map(|kid| IssuerKey::generate(kid, Algorithm::RS256));
    let issuer = TestIssuer::start(&[&keys[0]]).await;
    let verifier = Verifier::start(vec![discovered(&issuer, None)]);
    let old = issuer.token(&keys[0], &rita());
    verifier.verify(&old).await.unwrap();
    issuer.publish(&[&keys[1]]);
    verifier.verify(&issuer.token(&keys[1], &rita())).await.unwrap();
    assert_eq!(verifier.verify(&old).await, Err(TokenError::UnknownKey), "although it was in the cache");
}

#[tokio::test]
async fn an_issuer_that_fails_at_the_start_does_not_stop_the_others() {
    let key = IssuerKey::generate("key", Algorithm::EdDSA);
    let (corp, shop) = (TestIssuer::start(&[&key]).await, TestIssuer::start(&[&key]).await);
    corp.set_failing(true);
    let verifier = Verifier::start(vec![discovered(&corp, Some("corp")), discovered(&shop, Some("shop"))]);
    verifier.verify(&shop.token(&key, &rita())).await.unwrap();
    let token = corp.token(&key, &rita());
    assert_eq!(verifier.verify(&token).await, Err(TokenError::IssuerUnavailable));
    let metrics = verifier.metrics.encode();
    for line in [
        r#"cpor_issuer_keys_usable{issuer="corp"} 0.0"#,
        r#"cpor_issuer_keys_usable{issuer="shop"} 1.0"#,
        r#"cpor_issuer_key_refreshes_total{issuer="corp",outcome="error"}"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    corp.set_failing(false);
    // The keys are fetched again after a few seconds, without a call that demands it.
    tokio::time::timeout(Duration::from_secs(30), async {
        while verifier.keys.verify_with_loaded_keys(&token, &[]).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_discovery_document_must_be_that_of_the_issuer() {
    let key = IssuerKey::generate("key", Algorithm::EdDSA);
    let issuer = TestIssuer::start(&[&key]).await;
    let mut config = discovered(&issuer, None);
    config.url.push('/');
    let verifier = Verifier::start(vec![config]);
    let mut claims = issuer.claims(&rita());
    claims["iss"] = json!(format!("{}/", issuer.url));
    let token = key.sign(&key.header().to_string(), &claims.to_string());
    assert_eq!(verifier.verify(&token).await, Err(TokenError::IssuerUnavailable));
}

#[tokio::test(start_paused = true)]
async fn stale_keys_are_not_used() {
    let key = IssuerKey::generate("key", Algorithm::EdDSA);
    let issuer = TestIssuer::start(&[]).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    let jwks = json!({ "keys": [key.jwk()] }).to_string();
    std::fs::write(&file, &jwks).unwrap();
    let verifier = Verifier::start(vec![in_file(&issuer, &file)]);
    let mut claims = issuer.claims(&rita());
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 7 * 24 * 3600);
    let token = key.sign(&key.header().to_string(), &claims.to_string());
    assert!(verifier.verify(&token).await.is_ok());
    tokio::time::sleep(Duration::from_secs(25 * 3600)).await;
    assert!(verifier.verify(&token).await.is_ok(), "the file was read again meanwhile");
    std::fs::remove_file(&file).unwrap();
    tokio::time::sleep(Duration::from_secs(23 * 3600)).await;
    assert!(verifier.verify(&token).await.is_ok());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(
        verifier.keys.verify_with_loaded_keys(&token, &[]),
        Err(TokenError::IssuerUnavailable),
        "although it was in the cache"
    );
    std::fs::write(&file, &jwks).unwrap();
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_read_again() {
    let keys = ["old", "new"].map(|kid| IssuerKey::generate(kid, Algorithm::EdDSA));
    let issuer = TestIssuer::start(&[]).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    let write = |key: &IssuerKey| std::fs::write(&file, json!({ "keys": [key.jwk()] }).to_string()).unwrap();
    write(&keys[0]);
    let verifier = Verifier::start(vec![in_file(&issuer, &file)]);
    let tokens = keys.each_ref().map(|key| issuer.token(key, &rita()));
    assert!(verifier.verify(&tokens[0]).await.is_ok());
    write(&keys[1]);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(verifier.keys.verify_with_loaded_keys(&tokens[1], &[]).is_ok());
    assert_eq!(verifier.keys.verify_with_loaded_keys(&tokens[0], &[]), Err(TokenError::UnknownKey));
    std::fs::write(&file, "half of a ").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(
        verifier.keys.verify_with_loaded_keys(&tokens[1], &[]).is_ok(),
        "a file that cannot be parsed changes nothing"
    );
}
