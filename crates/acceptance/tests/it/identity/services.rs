//! Calls every method as every service. Only declared services are permitted, and only with a token
//! for the called service.

use cpor_acceptance::{TestSystem, both_databases, call, encode, methods, reason};
use cpor_types::Service;
use tonic::Code;

use super::{AccessFixture, requests::request_for};

both_databases![
    each_service_reaches_only_its_methods,
    a_service_token_is_valid_for_one_service,
    users_cannot_impersonate_services
];

async fn each_service_reaches_only_its_methods(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    let (methods, mut permitted) = (methods(), 0);
    for method in &methods {
        for from in Service::ALL {
            let caller = system.service(*from, method.service);
            let response = call(&caller, method, encode(&method.input, &request_for(method, &fixture.own))).await;
            let code = response.as_ref().err().map(tonic::Status::code);
            if method.services.contains(from) {
                permitted += 1;
                assert!(
                    !matches!(code, Some(Code::PermissionDenied | Code::Unauthenticated)),
                    "{from} at {}: {code:?}",
                    method.path
                );
            } else {
                let status = response.expect_err("a service that is not declared");
                let expected = (Code::PermissionDenied, "SERVICE_NOT_ALLOWED");
                assert_eq!((status.code(), reason(&status).as_str()), expected, "{from} at {}", method.path);
            }
        }
    }
    assert_eq!(permitted, methods.iter().map(|method| method.services.len()).sum::<usize>());
    assert!(permitted >= 9, "only {permitted} services in the descriptors");
}

async fn a_service_token_is_valid_for_one_service(system: &TestSystem) {
    let check = methods().into_iter().find(|method| method.name == "CheckClaim").unwrap();
    let message = encode(&check.input, &serde_json::json!({"partner": "partners/contoso"}));
    for to in Service::ALL.iter().filter(|to| **to != Service::Registry) {
        let caller = system.service(Service::ClaimIntake, *to);
        let status = call(&caller, &check, message.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "a token for {to}");
    }
    call(&system.service(Service::ClaimIntake, Service::Registry), &check, message).await.unwrap();
}

async fn users_cannot_impersonate_services(system: &TestSystem) {
    let subject = "services/claim-intake";
    let check = methods().into_iter().find(|method| method.name == "CheckClaim").unwrap();
    let message = encode(&check.input, &serde_json::json!({"partner": "partners/contoso"}));
    let impostor = system.actor(subject, cpor_types::Role::Operator, None);
    let status = call(&impostor, &check, message).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "UNAUTHENTICATED"));
}
