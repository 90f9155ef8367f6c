//! Invalid tokens are refused.

use std::{sync::Arc, time::Duration};

use cpor_acceptance::{Actor, CONTOSO, TestSystem, assert_refused, both_databases, call, encode, methods, reason};
use cpor_auth::{TokenSigner, UserToken};
use cpor_proto::{claims::v1::ListClaimsRequest, consents::v1::ListConsentsRequest};
use cpor_types::{Role, SystemClock, VirtualClock};
use tonic::Code;

both_databases![
    forged_and_expired_tokens_are_refused,
    roles_of_two_sides_are_refused,
    tokens_for_unknown_companies_are_refused,
    users_cannot_impersonate_services,
    health_and_reflection_are_open,
];

async fn list(actor: &Actor) -> Result<(), tonic::Status> {
    let request = ListClaimsRequest { parent: CONTOSO.into(), ..ListClaimsRequest::default() };
    actor.claims().list_claims(request).await.map(drop)
}

/// The claims of a valid token.
fn alice() -> UserToken {
    UserToken {
        subject: "alice@contoso.example".into(),
        roles: vec![Role::IncentivesAdmin],
        partner: Some("contoso".parse().unwrap()),
        tenant: None,
        lifetime: Duration::from_secs(60),
    }
}

async fn forged_and_expired_tokens_are_refused(system: &TestSystem) {
    let valid = system.issuer().user_token(&alice()).unwrap();
    list(&system.actor_with_token(&valid)).await.unwrap();

    let unknown_key = TokenSigner::generate("cpor", Arc::new(SystemClock)).unwrap().user_token(&alice()).unwrap();
    let other_issuer =
        TokenSigner::generate("https://other.example", Arc::new(SystemClock)).unwrap().user_token(&alice()).unwrap();
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    for forged in [
        unknown_key,
        other_issuer,
        format!("{head}."),
        format!("{head}.{reversed}"),
        head.to_owned(),
        "x".into(),
        "a.b.c".into(),
    ] {
        assert_refused(list(&system.actor_with_token(&forged)).await, Code::Unauthenticated, "UNAUTHENTICATED");
    }

    let key_file = system.store().directory(0).join("issuer.pem");
    system.issuer().save(&key_file).unwrap();
    let past_clock = VirtualClock::new("2020-01-01T00:00:00Z".parse().unwrap());
    let expired =
        TokenSigner::from_file(&key_file, "cpor", Arc::new(past_clock)).unwrap().user_token(&alice()).unwrap();
    assert_refused(list(&system.actor_with_token(&expired)).await, Code::Unauthenticated, "TOKEN_EXPIRED");
}

async fn roles_of_two_sides_are_refused(system: &TestSystem) {
    let token = |roles: &[Role], partner: Option<&str>| {
        let partner = partner.map(|partner| partner.parse().unwrap());
        system.actor_with_token(
            &system.issuer().user_token(&UserToken { roles: roles.to_vec(), partner, ..alice() }).unwrap(),
        )
    };
    for mixed in [
        token(&[Role::IncentivesAdmin, Role::Operator], Some("contoso")),
        token(&[Role::IncentivesAdmin, Role::ReviewLead], Some("contoso")),
        token(&[Role::IncentivesAdmin, Role::CustomerAdmin], Some("contoso")),
        token(&[Role::IncentivesAdmin], None),
    ] {
        assert_refused(list(&mixed).await, Code::Unauthenticated, "UNAUTHENTICATED");
    }
    assert_refused(list(&token(&[], Some("contoso"))).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
}

async fn tokens_for_unknown_companies_are_refused(system: &TestSystem) {
    let token = UserToken { partner: Some("nosuch".parse().unwrap()), ..alice() };
    let unknown = system.actor_with_token(&system.issuer().user_token(&token).unwrap());
    let request = ListClaimsRequest { parent: "partners/nosuch".into(), ..ListClaimsRequest::default() };
    let status = assert_refused(unknown.claims().list_claims(request).await, Code::PermissionDenied, "OWNER_UNKNOWN");
    assert_eq!(status.message(), "the token is for partners/nosuch, which the directory does not know");

    let tenant = "00000000-0000-4000-8000-000000000001";
    let token =
        UserToken { roles: vec![Role::CustomerAdmin], partner: None, tenant: Some(tenant.parse().unwrap()), ..alice() };
    let unknown = system.actor_with_token(&system.issuer().user_token(&token).unwrap());
    let request = ListConsentsRequest { parent: format!("tenants/{tenant}"), ..ListConsentsRequest::default() };
    assert_refused(unknown.consents().list_consents(request).await, Code::PermissionDenied, "OWNER_UNKNOWN");
}

async fn users_cannot_impersonate_services(system: &TestSystem) {
    let check = methods().into_iter().find(|method| method.name == "CheckClaim").unwrap();
    let message = encode(&check.input, &serde_json::json!({"partner": CONTOSO}));
    let impostor = system.actor("services/claim-intake", Role::Operator, None);
    assert_refused(call(&impostor, &check, message).await, Code::Unauthenticated, "UNAUTHENTICATED");
}

async fn health_and_reflection_are_open(system: &TestSystem) {
    // Without a token a caller learns only that the method is unknown.
    let mut method = cpor_acceptance::methods().remove(0);
    method.path = "/cpor.claims.v1.ClaimService/NoSuchMethod".into();
    let status = cpor_acceptance::call(&system.anonymous, &method, vec![]).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unimplemented, "UNKNOWN_METHOD"));
    method.path = "/grpc.health.v1.Health/Check".into();
    let (_, messages) = cpor_acceptance::call(&system.anonymous, &method, vec![]).await.unwrap();
    assert_eq!(messages[0].as_ref(), [8, 1], "SERVING");
    method.path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".into();
    // The request list_services is the string in field 7.
    let (_, messages) = cpor_acceptance::call(&system.anonymous, &method, vec![0x3a, 0]).await.unwrap();
    assert!(String::from_utf8_lossy(&messages[0]).contains("cpor.claims.v1.ClaimService"));
}
