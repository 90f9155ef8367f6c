//! Exclusivity under concurrency (R36).
use cpor_registry_client::{HoldOutcome, RegistryReason};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, Service};
use sea_orm::{ConnectionTrait, Statement};

use crate::events::closed;
use crate::fixture::TestSystem;
use crate::rows::{at, claim, directory_rows, hold};

on_both_databases![
    two_partners_race_for_each_key,
    a_hold_races_with_the_end_of_its_claim,
    a_decision_races_with_its_repetition,
    overlapping_claims_are_held_whole_or_not_at_all,
];

/// The number of races in each test, from the environment variable `CPOR_TEST_RACES`.
fn races() -> u128 {
    std::env::var("CPOR_TEST_RACES").map_or(50, |count| count.parse().expect("CPOR_TEST_RACES is a count"))
}

/// The number of rows of a table; `of` may contain a WHERE clause.
async fn count(system: &TestSystem, of: &str) -> i64 {
    let db = system.db.reader();
    let row =
        db.query_one_raw(Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {of}")));
    row.await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Two companies request the same key at the same time, on PostgreSQL at two replicas. Exactly
/// one gets it.
async fn two_partners_race_for_each_key(system: TestSystem) {
    let races = races();
    for rows in directory_rows(races).chunks(1000) {
        system.import_new(rows.to_vec()).await;
    }
    let actor = Actor::system(Service::PoeReview);
    let (one, other) = (system.registry(Service::PoeReview, 0), system.registry(Service::PoeReview, 1));
    let (mut contoso, mut litware) = (0, 0);
    for n in 1..=races {
        let holds = [hold(&claim("contoso", 2 * n), 2 * n, &[n]), hold(&claim("litware", 2 * n + 1), 2 * n + 1, &[n])];
        let [first, second] = holds;
        // The order alternates, so that neither company has an advantage.
        let (first, second) = if n % 2 == 0 {
            tokio::join!(one.place_hold(&actor, first), other.place_hold(&actor, second))
        } else {
            let (second, first) = tokio::join!(one.place_hold(&actor, second), other.place_hold(&actor, first));
            (first, second)
        };
        match (first.unwrap(), second.unwrap()) {
            (HoldOutcome::Held, HoldOutcome::Refused(refusals)) => {
                contoso += 1;
                assert_eq!(
                    refusals.iter().map(|refusal| refusal.reason).collect::<Vec<_>>(),
                    [RegistryReason::KeyHeld]
                );
            }
            (HoldOutcome::Refused(refusals), HoldOutcome::Held) => {
                litware += 1;
                assert_eq!(
                    refusals.iter().map(|refusal| refusal.reason).collect::<Vec<_>>(),
                    [RegistryReason::KeyHeld]
                );
            }
            both => panic!("race {n} ended in {both:?}"),
        }
    }
    assert_eq!(contoso + litware, races);
    let races = i64::try_from(races).unwrap();
    assert_eq!((count(&system, "key_holder").await, count(&system, "association").await), (races, races));
}

/// A claim is closed while it is approved, on PostgreSQL at two replicas. No hold is left.
async fn a_hold_races_with_the_end_of_its_claim(system: TestSystem) {
    let races = races();
    for rows in directory_rows(races).chunks(1000) {
        system.import_new(rows.to_vec()).await;
    }
    let (registry, actor) = (system.registry(Service::PoeReview, 1), Actor::system(Service::PoeReview));
    for n in 1..=races {
        let claim = claim("contoso", n);
        let end = system.deliver(
            claim.claim.0,
            1,
            closed(&claim, cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest),
            at("2026-03-01T00:00:00Z"),
        );
        let (answer, ended) = tokio::join!(registry.place_hold(&actor, hold(&claim, n, &[n])), end);
        ended.unwrap();
        if let HoldOutcome::Refused(refusals) = answer.unwrap() {
            assert_eq!(
                refusals.iter().map(|refusal| refusal.reason).collect::<Vec<_>>(),
                [RegistryReason::ClaimClosed]
            );
        }
    }
    let held = count(&system, "association WHERE end_time IS NULL").await;
    assert_eq!((held, count(&system, "key_holder").await), (0, 0));
}

/// The same decision is sent twice at the same time. It is made once, and both callers get the
/// outcome.
async fn a_decision_races_with_its_repetition(system: TestSystem) {
    let races = races();
    for rows in directory_rows(races).chunks(1000) {
        system.import_new(rows.to_vec()).await;
    }
    let actor = Actor::system(Service::PoeReview);
    let (one, other) = (system.registry(Service::PoeReview, 0), system.registry(Service::PoeReview, 1));
    for n in 1..=races {
        let hold = hold(&claim("contoso", n), n, &[n]);
        let both = tokio::join!(one.place_hold(&actor, hold.clone()), other.place_hold(&actor, hold));
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (HoldOutcome::Held, HoldOutcome::Held));
    }
    assert_eq!(count(&system, "association").await, i64::try_from(races).unwrap());
}

/// Claims with overlapping keys are sent at the same time. Each claim is held completely or not
/// at all, and no key has two holders.
async fn overlapping_claims_are_held_whole_or_not_at_all(system: TestSystem) {
    system.import_new(directory_rows(8)).await;
    let actor = Actor::system(Service::PoeReview);
    let attempts = (1..=24_u128).map(|n| {
        let registry = system.registry(Service::PoeReview, usize::try_from(n).unwrap());
        let claim = claim(if n % 2 == 0 { "contoso" } else { "litware" }, n);
        let (first, second) = (n % 8 + 1, n * 5 % 8 + 1);
        let mut keys = vec![first, second];
        keys.dedup();
        let (hold, actor) = (hold(&claim, n, &keys), actor.clone());
        async move { (claim, keys, registry.place_hold(&actor, hold).await.unwrap()) }
    });
    let answers = futures_util::future::join_all(attempts).await;
    let mut holders = std::collections::BTreeMap::new();
    let mut held = 0;
    for (claim, keys, answer) in &answers {
        if *answer == HoldOutcome::Held {
            held += keys.len();
            for key in keys {
                let holder = holders.entry(*key).or_insert(&claim.partner);
                assert_eq!(*holder, &claim.partner, "subscription {key} has two holders: {answers:?}");
            }
        }
    }
    assert_eq!(count(&system, "association").await, i64::try_from(held).unwrap());
    assert_eq!(count(&system, "key_holder").await, i64::try_from(holders.len()).unwrap());
    assert!(!holders.is_empty(), "at least one claim is held");
}
