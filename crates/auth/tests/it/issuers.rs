//! What an issuer's configuration lets its tokens do.

use cpor_auth::TokenError;
use cpor_testing::{IssuerKey, TestIssuer};
use cpor_types::Role;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::system::{Verifier, discovered};

#[tokio::test]
async fn claims_of_a_keycloak_realm_are_mapped() {
    let key = IssuerKey::generate("key", Algorithm::RS256);
    let issuer = TestIssuer::start(&[&key]).await;
    let mut config = discovered(&issuer, Some("keycloak"));
    config.roles_claim = "/resource_access/cpor/roles".to_owned();
    config.roles = [("claims-admin".to_owned(), Role::IncentivesAdmin)].into();
    config.partner_claim = "company".to_owned();
    let verifier = Verifier::start(vec![config]);
    let claims = json!({
        "sub": "5c6b2a6c", "company": ["contoso"],
        "realm_access": { "roles": ["operator"] }, "resource_access": { "cpor": { "roles": ["claims-admin"] } },
    });
    let caller = verifier.verify(&issuer.token(&key, &claims)).await.unwrap();
    assert_eq!((caller.subject.expose(), caller.roles.as_slice()), ("keycloak/5c6b2a6c", &[Role::IncentivesAdmin][..]));
    assert_eq!(caller.partner.as_ref().map(ToString::to_string).as_deref(), Some("contoso"));
    assert_eq!(caller.actor.to_text(), "partner:keycloak/5c6b2a6c");
}

#[tokio::test]
async fn the_issuer_of_a_partner_cannot_speak_for_others() {
    let key = IssuerKey::generate("key", Algorithm::ES256);
    let issuer = TestIssuer::start(&[&key]).await;
    let mut config = discovered(&issuer, Some("contoso"));
    config.partner = Some("contoso".parse().unwrap());
    let verifier = Verifier::start(vec![config]);
    let token = |role: &str| issuer.token(&key, &json!({ "sub": "a", "roles": role, "partner": "fabrikam" }));
    let caller = verifier.verify(&token("incentives_admin")).await.unwrap();
    assert_eq!(caller.partner.as_ref().map(ToString::to_string).as_deref(), Some("contoso"));
    for role in ["review_lead", "operator", "directory_sync", "customer_admin"] {
        assert_eq!(verifier.verify(&token(role)).await, Err(TokenError::Invalid), "{role}");
    }
}
