//! The key of each service is replaced while the services call each other. No call fails, and then
//! the old keys are refused. The key of receipts is replaced, too, and the old one still verifies
//! earlier receipts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cpor::keys::{self, RotatedKey};
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases, call, encode, methods};
use cpor_auth::{ReceiptKeys, ServiceSigner};
use cpor_proto::claims::v1::ExportClaimReceiptRequest;
use cpor_types::{Service, SystemClock};
use futures_util::TryStreamExt as _;
use serde_json::Value;
use tonic::Code;

both_databases![with five_processes_with_key_files: keys_are_replaced_without_a_failed_call];

/// Returns the signature of a new receipt of a claim.
async fn receipt_signature(case: &TestClaim<'_>) -> String {
    let request = ExportClaimReceiptRequest { name: case.name.clone() };
    let parts = case.partner.claims().export_claim_receipt(request).await.unwrap().into_inner();
    let mut parts: Vec<_> = parts.try_collect().await.unwrap();
    parts.pop().unwrap().signature
}

async fn keys_are_replaced_without_a_failed_call(system: &TestSystem) {
    let folder = system.store().keys();
    let token = |service: &Service| {
        let file = keys::service_key_file(&folder, *service);
        let signer = ServiceSigner::from_file(*service, &file, Arc::new(SystemClock)).unwrap();
        signer.token(Service::Registry, None).unwrap()
    };
    let old_tokens: Vec<_> = Service::ALL.iter().map(token).collect();
    let receipt_keys = || {
        let jwks = std::fs::read_to_string(keys::receipt_jwks_file(&folder)).unwrap();
        ReceiptKeys::parse(&jwks).unwrap()
    };
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    let old_signature = receipt_signature(&case).await;
    let (old_receipt, old_kid) = receipt_keys().verify::<Value>(&old_signature).unwrap();
    let is_done = AtomicBool::new(false);
    let rotation = async {
        for service in Service::ALL {
            keys::rotate(&folder, RotatedKey::Service(*service)).await.unwrap();
        }
        // The last service has used its new key for a second when this returns.
        keys::rotate(&folder, RotatedKey::Receipts).await.unwrap();
        keys::retire(&folder).unwrap();
        is_done.store(true, Ordering::Relaxed);
    };
    let work = async {
        let mut approved = 0;
        // A few more claims are approved after the old keys were removed.
        let mut remaining = 3;
        while remaining > 0 {
            // Any failed call fails the test. An approval needs calls between the services.
            TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
            system.wait_until_idle().await;
            approved += 1;
            remaining -= u32::from(is_done.load(Ordering::Relaxed));
        }
        approved
    };
    let ((), approved) = tokio::join!(rotation, work);
    assert!(approved > 3, "no claim was approved during the rotation");

    let method = methods().into_iter().find(|method| method.name == "GetPartner").unwrap();
    let message = encode(&method.input, &serde_json::json!({"name": "partners/contoso"}));
    for (service, old) in Service::ALL.iter().zip(&old_tokens) {
        call(&system.actor_with_token(&token(service)), &method, message.clone()).await.unwrap();
        let refused = call(&system.actor_with_token(old), &method, message.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{service}");
    }
    // claim-intake notices the new key within a second. Its public key was published before.
    let rotated = Instant::now();
    while receipt_keys().verify::<Value>(&receipt_signature(&case).await).unwrap().1 == old_kid {
        assert!(rotated.elapsed() < Duration::from_secs(20), "the old key still signs receipts");
    }
    let verified = receipt_keys().verify::<Value>(&old_signature).unwrap();
    assert_eq!(verified, (old_receipt, old_kid), "the earlier receipt cannot be verified any more");
}
