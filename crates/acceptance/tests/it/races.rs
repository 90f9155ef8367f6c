//! Two partners' claims for one key, approved at the same moment: always exactly one holder.

use cpor_acceptance::{Actor, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, AssociationState as Held},
};
use tokio::sync::Barrier;
use tonic::Code;

both_databases![with two_replicas: approvals_race_for_one_key];

/// `CPOR_TEST_RACES`, or 50.
fn races() -> usize {
    std::env::var("CPOR_TEST_RACES").map_or(50, |count| count.parse().expect("CPOR_TEST_RACES is a number"))
}

async fn approvals_race_for_one_key(system: &TestSystem) {
    let (mut first_won, all) = (0, races());
    for start in (0..all).step_by(10) {
        let mut pairs = Vec::new();
        for _ in start..all.min(start + 10) {
            pairs.push(rivals(system).await);
        }
        system.wait_until_idle().await;
        for (one, other) in &pairs {
            one.take_and_start_review().await;
            other.take_and_start_review().await;
        }
        for (one, other) in &pairs {
            first_won += usize::from(race(system, one, other).await);
        }
        system.wait_until_idle().await;
        for (one, other) in &pairs {
            exactly_one_holds(one, other).await;
        }
    }
    println!("{all} races on {} replicas: the first won {first_won}", system.replicas());
}

/// Contoso's and Northwind's claims for one subscription, submitted.
async fn rivals(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let rival = system.rival_of(&claim);
    let (one, other) =
        (TestClaim::create_with_evidence(system, claim).await, TestClaim::create_with_evidence(system, rival).await);
    one.submit().await.unwrap();
    other.submit().await.unwrap();
    (one, other)
}

/// Both are approved as closely together as can be, each at its own replica. Whether the first won.
async fn race(system: &TestSystem, one: &TestClaim<'_>, other: &TestClaim<'_>) -> bool {
    let start = Barrier::new(2);
    let approve = async |case: &TestClaim<'_>, reviewer: Actor| {
        let name = case.review_name().await;
        let request = cpor_proto::reviews::v1::ApproveReviewCaseRequest { name, ..Default::default() };
        let mut reviews = reviewer.reviews();
        start.wait().await;
        reviews.approve_review_case(request).await.map(drop)
    };
    let second = system.replicas() - 1;
    let answers =
        tokio::join!(approve(one, system.reviewer.clone()), approve(other, system.reviewer.at_replica(second)));
    match answers {
        (Ok(()), lost) => {
            assert_refused(lost, Code::FailedPrecondition, "LINES_NOT_HELD");
            true
        }
        (lost, Ok(())) => {
            assert_refused(lost, Code::FailedPrecondition, "LINES_NOT_HELD");
            false
        }
        (Err(one), Err(other)) => panic!("nobody won: {one:?} and {other:?}"),
    }
}

async fn exactly_one_holds(one: &TestClaim<'_>, other: &TestClaim<'_>) {
    let mut holders = 0;
    for case in [one, other] {
        let (claim, held) = (case.claim().await, case.associations().await);
        match claim.state() {
            ClaimState::Approved => {
                holders += 1;
                assert_eq!(claim.association_state(), AssociationState::Pending);
                assert_eq!(held.iter().map(|held| held.state()).collect::<Vec<_>>(), [Held::Pending]);
            }
            state => {
                assert_eq!(state, ClaimState::UnderReview, "the loser goes on under review");
                assert!(held.is_empty(), "the loser holds nothing: {held:?}");
            }
        }
    }
    assert_eq!(holders, 1);
}
