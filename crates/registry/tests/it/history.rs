//! The permanent claim records: decisions get their recorded outcome, and the records of other
//! claims are not read.
use cpor_registry_client::{HoldOutcome, HoldRequest, RegistryError, RegistryReason, SharedRegistry};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, ClaimName, Service};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

use crate::events::{closed, granted};
use crate::fixture::TestSystem;
use crate::rows::{at, claim, directory_rows, hold, tenant};

on_both_databases![
    records_of_other_claims_are_not_read,
    conflicts_do_not_affect_other_commands,
    an_outcome_outlives_its_claim,
];

async fn place(registry: &SharedRegistry, hold: &HoldRequest) -> HoldOutcome {
    registry.place_hold(&Actor::system(Service::PoeReview), hold.clone()).await.unwrap()
}

fn refused_for(answer: &HoldOutcome, reason: RegistryReason) -> bool {
    matches!(answer, HoldOutcome::Refused(refusals) if refusals.iter().all(|refusal| refusal.reason == reason))
}

async fn end(system: &TestSystem, claim: &ClaimName, sequence: u64) {
    system
        .deliver(
            claim.claim.0,
            sequence,
            closed(claim, cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest),
            at("2026-03-01T00:00:00Z"),
        )
        .await
        .unwrap();
}

/// Makes the record of a claim unreadable, so that reading it fails.
async fn corrupt_record(system: &TestSystem, claim: &ClaimName) {
    let db = system.db.writer();
    let update = "UPDATE tenant_claim SET decisions = '\"corrupted\"' WHERE claim = $1";
    let corrupted = Statement::from_sql_and_values(db.get_database_backend(), update, [claim.claim.0.into()]);
    assert_eq!(db.execute_raw(corrupted).await.unwrap().rows_affected(), 1);
}

async fn records_of_other_claims_are_not_read(system: TestSystem) {
    system.import_new(directory_rows(2)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (past, live) = (claim("contoso", 1), claim("litware", 2));
    assert_eq!(place(&registry, &hold(&past, 1, &[1])).await, HoldOutcome::Held);
    end(&system, &past, 1).await;
    corrupt_record(&system, &past).await;

    assert_eq!(place(&registry, &hold(&live, 2, &[1])).await, HoldOutcome::Held);
    system.deliver(live.claim.0, 1, granted(&live), at("2026-03-09T00:00:00Z")).await.unwrap();
    assert!(refused_for(&place(&registry, &hold(&claim("contoso", 3), 3, &[1])).await, RegistryReason::KeyHeld));
    system.import(vec![tenant(crate::rows::TENANT, "new.example")]).await;
    end(&system, &live, 2).await;
    let own = registry.place_hold(&Actor::system(Service::PoeReview), hold(&past, 4, &[1])).await;
    assert!(matches!(own, Err(RegistryError::Unavailable(_))), "the claim's own record is read: {own:?}");
}

/// The requests wait at the same time, are about one tenant, and share transactions.
async fn conflicts_do_not_affect_other_commands(system: TestSystem) {
    system.import_new(directory_rows(30)).await;
    let registry = system.registry(Service::PoeReview, 0);
    let (closed_claim, repeated) = (claim("contoso", 100), hold(&claim("litware", 101), 101, &[30]));
    end(&system, &closed_claim, 1).await;
    assert_eq!(place(&registry, &repeated).await, HoldOutcome::Held);
    let holds: Vec<_> = (1..=29_u128)
        .map(|n| match n % 3 {
            0 => hold(&closed_claim, n, &[n]),
            1 => repeated.clone(),
            _ => hold(&claim("contoso", n), n, &[n]),
        })
        .collect();
    let answers = futures_util::future::join_all(holds.iter().map(|hold| place(&registry, hold))).await;
    for (hold, answer) in holds.iter().zip(&answers) {
        let late = hold.claim == closed_claim;
        assert!(
            if late { refused_for(answer, RegistryReason::ClaimClosed) } else { *answer == HoldOutcome::Held },
            "{hold:?} {answer:?}"
        );
    }
}

async fn an_outcome_outlives_its_claim(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (one, other) = (system.registry(Service::PoeReview, 0), system.registry(Service::PoeReview, 1));
    let contoso = claim("contoso", 1);
    let first = hold(&contoso, 1, &[1]);
    assert_eq!(place(&one, &first).await, HoldOutcome::Held);
    end(&system, &contoso, 1).await;
    assert_eq!(place(&one, &hold(&claim("litware", 2), 2, &[1])).await, HoldOutcome::Held, "the key is free");
    assert_eq!(place(&other, &first).await, HoldOutcome::Held, "the recorded outcome, although the hold has ended");
    let mut anew = first;
    anew.decision_id = Uuid::from_u128(3).into();
    assert!(refused_for(&place(&other, &anew).await, RegistryReason::ClaimClosed));
}
