//! A corpus of forged and malformed tokens, all of which are refused.

use cpor_auth::TokenError;
use cpor_testing::{IssuerKey, TestIssuer};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::system::{Verifier, discovered, now};

const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

fn rita() -> Value {
    json!({ "sub": "rita@vendor.example", "roles": ["poe_reviewer"] })
}

/// An issuer with one key, and a verifier that trusts it and has fetched the key.
struct Setup {
    key: IssuerKey,
    issuer: TestIssuer,
    verifier: Verifier,
}

impl Setup {
    async fn new(algorithm: Algorithm) -> Self {
        let key = IssuerKey::generate("key-1", algorithm);
        let issuer = TestIssuer::start(&[&key]).await;
        let verifier = Verifier::start(vec![discovered(&issuer, None)]);
        let setup = Self { key, issuer, verifier };
        let valid = setup.issuer.token(&setup.key, &rita());
        setup.verifier.verify(&valid).await.unwrap();
        setup
    }

    /// A token with a valid signature and changed claims.
    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.issuer.claims(&rita());
        change(&mut claims);
        self.key.sign(&self.key.header().to_string(), &claims.to_string())
    }

    /// A token with a valid signature and a changed header.
    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.key.header();
        change(&mut header);
        self.key.sign(&header.to_string(), &self.issuer.claims(&rita()).to_string())
    }

    async fn assert_refused(&self, token: &str, why: &str) {
        for attempt in 0..2 {
            let error = self.verifier.verify(token).await.unwrap_err();
            assert!(
                matches!(error, TokenError::Invalid | TokenError::UnknownKey),
                "{why}, attempt {attempt}: {error:?}"
            );
        }
    }

    async fn assert_accepted(&self, token: &str, why: &str) {
        for attempt in 0..2 {
            assert!(self.verifier.verify(token).await.is_ok(), "{why}, attempt {attempt}");
        }
    }
}

#[tokio::test]
async fn accepts_the_four_algorithms() {
    for algorithm in ALGORITHMS {
        let setup = Setup::new(algorithm).await;
        let caller = setup.verifier.verify(&setup.issuer.token(&setup.key, &rita())).await.unwrap();
        assert_eq!(caller.subject, "rita@vendor.example");
    }
}

#[tokio::test]
async fn the_key_decides_the_algorithm() {
    for algorithm in ALGORITHMS {
        let setup = Setup::new(algorithm).await;
        let valid = setup.issuer.token(&setup.key, &rita());
        let (_, claims_and_signature) = valid.split_once('.').unwrap();
        for other in ["none", "None", "HS256", "HS512", "RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA"] {
            if other == format!("{algorithm:?}") {
                continue;
            }
            let header = json!({ "typ": "JWT", "alg": other, "kid": "key-1" }).to_string();
            let signed = setup.key.sign(&header, &setup.issuer.claims(&rita()).to_string());
            setup.assert_refused(&signed, &format!("{other} with a key for {algorithm:?}")).await;
            let (header, _) = signed.split_once('.').unwrap();
            setup.assert_refused(&format!("{header}.{claims_and_signature}"), other).await;
            let (message, _) = signed.rsplit_once('.').unwrap();
            setup.assert_refused(&format!("{message}."), "an empty signature").await;
        }
    }
}

/// The key and its signature are right, but the issuer publishes the key for another algorithm.
#[tokio::test]
async fn a_key_signs_only_with_its_algorithm() {
    let mut rsa = IssuerKey::generate("rsa", Algorithm::RS256);
    let issuer = TestIssuer::start(&[&rsa]).await;
    let verifier = Verifier::start(vec![discovered(&issuer, None)]);
    assert!(verifier.verify(&issuer.token(&rsa, &rita())).await.is_ok());
    rsa.algorithm = Algorithm::PS256;
    assert_eq!(verifier.verify(&issuer.token(&rsa, &rita())).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_public_key_is_not_a_shared_secret() {
    for algorithm in ALGORITHMS {
        let setup = Setup::new(algorithm).await;
        let jwk = setup.key.jwk();
        let text = jwk.to_string();
        let parts = ["n", "x", "y"].map(|name| jwk[name].as_str().unwrap_or_default().to_owned());
        for secret in parts.iter().chain([&text]).filter(|secret| !secret.is_empty()) {
            let header = json!({ "typ": "JWT", "alg": "HS256", "kid": "key-1" });
            let unsigned = setup.key.sign(&header.to_string(), &setup.issuer.claims(&rita()).to_string());
            let (message, _) = unsigned.rsplit_once('.').unwrap();
            let secret = EncodingKey::from_secret(secret.as_bytes());
            let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256).unwrap();
            setup.assert_refused(&format!("{message}.{signature}"), "HS256").await;
        }
    }
}

#[tokio::test]
async fn only_keys_of_the_issuer_count() {
    let setup = Setup::new(Algorithm::RS256).await;
    let stranger = IssuerKey::generate("key-1", Algorithm::RS256);
    setup.assert_refused(&setup.issuer.token(&stranger, &rita()), "the kid of another key").await;
    for kid in [
        json!("../key-1"),
        json!("key-1\u{0}"),
        json!("KEY-1"),
        json!(" key-1"),
        json!("key-1' OR '1'='1"),
        json!("/etc/passwd"),
        json!("http://127.0.0.1:1/jwks"),
        json!(""),
        json!(["key-1"]),
        json!({ "key-1": 1 }),
        json!(1),
    ] {
        setup.assert_refused(&setup.with_header(|header| header["kid"] = kid.clone()), &kid.to_string()).await;
    }
    // Keys that the token brings along are not looked at.
    let brought = [
        ("jwk", stranger.jwk()),
        ("jku", json!(format!("{}/keys", setup.issuer.url))),
        ("x5u", json!(format!("{}/keys", setup.issuer.url))),
        ("x5c", json!(["MIIB"])),
    ];
    let fetches = setup.issuer.key_fetches();
    for (name, value) in brought {
        let mut header = stranger.header();
        header[name] = value;
        let token = stranger.sign(&header.to_string(), &setup.issuer.claims(&rita()).to_string());
        setup.assert_refused(&token, name).await;
    }
    assert_eq!(setup.issuer.key_fetches(), fetches);
}

#[tokio::test]
async fn the_key_of_one_issuer_does_not_sign_for_another() {
    let keys = [IssuerKey::generate("same", Algorithm::ES256), IssuerKey::generate("same", Algorithm::ES256)];
    let (corp, shop) = (TestIssuer::start(&[&keys[0]]).await, TestIssuer::start(&[&keys[1]]).await);
    let verifier = Verifier::start(vec![discovered(&corp, Some("corp")), discovered(&shop, Some("shop"))]);
    let subject = async |token: String| verifier.verify(&token).await.map(|caller| caller.subject.expose().to_owned());
    assert_eq!(subject(corp.token(&keys[0], &rita())).await, Ok("corp/rita@vendor.example".to_owned()));
    assert_eq!(subject(shop.token(&keys[1], &rita())).await, Ok("shop/rita@vendor.example".to_owned()));
    assert_eq!(subject(corp.token(&keys[1], &rita())).await, Err(TokenError::Invalid));
    assert_eq!(subject(shop.token(&keys[0], &rita())).await, Err(TokenError::Invalid));
    let unknown = TestIssuer::start(&[&keys[0]]).await;
    assert_eq!(subject(unknown.token(&keys[0], &rita())).await, Err(TokenError::Invalid));
    assert_eq!(unknown.key_fetches(), 0, "the claims of a token cause no request to another server");
}

#[tokio::test]
async fn weak_and_foreign_keys_are_not_used() {
    let setup = Setup::new(Algorithm::RS256).await;
    let parameters = setup.key.jwk();
    // The kid of the token leads to these keys only.
    let p384 = json!({ "kty": "EC", "crv": "P-384", "kid": "k", "x": "AQAB", "y": "AQAB" });
    let rsa_1024 = json!({ "kty": "RSA", "kid": "k", "n": format!("{}8", "_".repeat(170)), "e": "AQAB" });
    let encryption = {
        let mut jwk = parameters.clone();
        (jwk["kid"], jwk["use"]) = (json!("k"), json!("enc"));
        jwk
    };
    for jwk in [p384, rsa_1024, encryption] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("jwks.json");
        std::fs::write(&file, json!({ "keys": [jwk, parameters] }).to_string()).unwrap();
        let verifier = Verifier::start(vec![crate::system::in_file(&setup.issuer, &file)]);
        assert!(verifier.verify(&setup.issuer.token(&setup.key, &rita())).await.is_ok());
        let token = setup.with_header(|header| header["kid"] = json!("k"));
        assert_eq!(verifier.verify(&token).await, Err(TokenError::UnknownKey), "{jwk}");
    }
}

#[tokio::test]
async fn an_issuer_can_allow_fewer_algorithms() {
    let (rsa, ec) = (IssuerKey::generate("rsa", Algorithm::RS256), IssuerKey::generate("ec", Algorithm::ES256));
    let issuer = TestIssuer::start(&[&rsa, &ec]).await;
    let mut config = discovered(&issuer, None);
    config.algorithms = vec![Algorithm::ES256];
    let verifier = Verifier::start(vec![config]);
    assert!(verifier.verify(&issuer.token(&ec, &rita())).await.is_ok());
    assert_eq!(verifier.verify(&issuer.token(&rsa, &rita())).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn checks_the_header() {
    let setup = Setup::new(Algorithm::EdDSA).await;
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"] {
        setup.assert_accepted(&setup.with_header(|header| header["typ"] = json!(typ)), typ).await;
    }
    setup.assert_accepted(&setup.with_header(|header| drop(header.as_object_mut().unwrap().remove("typ"))), "-").await;
    for typ in ["cpor-receipt", "logout+jwt", "dpop+jwt", "JWE", "", "application/jwt+x", "xjwt"] {
        setup.assert_refused(&setup.with_header(|header| header["typ"] = json!(typ)), typ).await;
    }
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A128GCM")),
        ("typ", json!(7)),
        ("jwk", json!("not a key")),
    ] {
        setup.assert_refused(&setup.with_header(|header| header[name] = value.clone()), name).await;
    }
    let unnamed = |header: &mut Value| drop(header.as_object_mut().unwrap().remove("kid"));
    setup.assert_accepted(&setup.with_header(unnamed), "the issuer has one key").await;
    let twice =
        setup.key.sign(r#"{"alg":"EdDSA","kid":"key-1","kid":"key-1"}"#, &setup.issuer.claims(&rita()).to_string());
    setup.assert_refused(&twice, "the kid twice").await;
}

#[tokio::test]
async fn checks_issuer_audience_and_subject() {
    let setup = Setup::new(Algorithm::EdDSA).await;
    setup.assert_accepted(&setup.with_claims(|claims| claims["aud"] = json!(["other", "cpor"])), "a list").await;
    for audience in [json!("other"), json!(["a", "b"]), json!([]), json!("CPOR"), json!(null), json!({ "cpor": 1 })] {
        let token = setup.with_claims(|claims| claims["aud"] = audience.clone());
        setup.assert_refused(&token, &audience.to_string()).await;
    }
    let url = setup.issuer.url.clone();
    for issuer in [json!(format!("{url}/")), json!(url.to_uppercase()), json!([url]), json!("cpor"), json!(null)] {
        setup.assert_refused(&setup.with_claims(|claims| claims["iss"] = issuer.clone()), &issuer.to_string()).await;
    }
    for subject in [json!(""), json!(7), json!(null), json!(["rita"]), json!("services/claim-intake"), json!("a\nb")] {
        setup.assert_refused(&setup.with_claims(|claims| claims["sub"] = subject.clone()), &subject.to_string()).await;
    }
    for missing in ["iss", "aud", "exp", "sub"] {
        let token = setup.with_claims(|claims| drop(claims.as_object_mut().unwrap().remove(missing)));
        setup.assert_refused(&token, missing).await;
    }
    for roles in [json!([["poe_reviewer"]]), json!(7), json!({ "poe_reviewer": true })] {
        setup.assert_refused(&setup.with_claims(|claims| claims["roles"] = roles.clone()), &roles.to_string()).await;
    }
}

#[tokio::test]
async fn checks_the_validity_period() {
    let setup = Setup::new(Algorithm::EdDSA).await;
    let with_time = |name: &str, value: Value| setup.with_claims(|claims| claims[name] = value);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in a double")]
    let later = now() as f64 + 60.5;
    setup.assert_accepted(&with_time("exp", json!(later)), "a fraction").await;
    setup.assert_accepted(&with_time("exp", json!(now() - 5)), "the clocks may differ").await;
    setup.assert_accepted(&with_time("nbf", json!(now() + 5)), "the clocks may differ").await;
    for expired in [json!(now() - 120), json!(0), json!(-1), json!(1.5)] {
        let outcome = setup.verifier.verify(&with_time("exp", expired.clone())).await;
        assert_eq!(outcome, Err(TokenError::Expired), "{expired}");
    }
    for (name, value) in [
        ("nbf", json!(now() + 600)),
        ("nbf", json!(later + 600.0)),
        ("iat", json!(now() + 600)),
        ("nbf", json!("0")),
        ("iat", json!([0])),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("exp", json!(true)),
    ] {
        setup.assert_refused(&with_time(name, value.clone()), &format!("{name} {value}")).await;
    }
}

#[tokio::test]
async fn refuses_duplicate_claims_and_malformed_texts() {
    let setup = Setup::new(Algorithm::EdDSA).await;
    let claims = setup.issuer.claims(&rita()).to_string();
    let header = setup.key.header().to_string();
    let with_duplicate = |claim: &str| setup.key.sign(&header, &claims.replacen('{', &format!("{{{claim},"), 1));
    setup.assert_accepted(&with_duplicate(r#""another":1"#), "another claim").await;
    for claim in [r#""sub":"root""#, r#""roles":["operator"]"#, r#""s\u0075b":"root""#, r#""x":{"a":1,"a":2}"#] {
        setup.assert_refused(&with_duplicate(claim), claim).await;
    }
    for claims in ["", "[]", "null", "7", "{", &"[".repeat(5_000), &format!("{claims}{claims}")] {
        setup.assert_refused(&setup.key.sign(&header, claims), "not claims").await;
    }
    let huge = setup.with_claims(|claims| claims["padding"] = json!("x".repeat(10_000)));
    setup.assert_refused(&huge, "too long").await;
    let valid = setup.issuer.token(&setup.key, &rita());
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{valid}."),
        format!(".{valid}"),
        format!("{valid}.{valid}"),
        format!("{valid}="),
        format!("{valid}\n"),
        valid.replace('.', ""),
        valid.replacen('.', ".=", 1),
        "x".repeat(1 << 20),
    ] {
        setup.assert_refused(&token, "malformed").await;
    }
}
