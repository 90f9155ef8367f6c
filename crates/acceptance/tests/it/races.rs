//! Claims of two partners for one key are approved at the same time: exactly one gets the hold
//! (R36).

use cpor_acceptance::{Actor, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, AssociationState as HoldState},
};
use tokio::sync::Barrier;
use tonic::Code;

both_databases![with two_replicas: approvals_race_for_one_key];

/// The number of races: `CPOR_TEST_RACES`, or 50.
fn races() -> usize {
    std::env::var("CPOR_TEST_RACES").map_or(50, |count| count.parse().expect("CPOR_TEST_RACES is a number"))
}

async fn approvals_race_for_one_key(system: &TestSystem) {
    let (mut first_wins, races) = (0, races());
    for start in (0..races).step_by(10) {
        let mut pairs = Vec::new();
        for _ in start..races.min(start + 10) {
            pairs.push(submit_rivals(system).await);
        }
        system.wait_until_idle().await;
        for (one, other) in &pairs {
            one.take_and_start_review().await;
            other.take_and_start_review().await;
        }
        for (one, other) in &pairs {
            first_wins += usize::from(race(system, one, other).await);
        }
        system.wait_until_idle().await;
        for (one, other) in &pairs {
            assert_one_holder(one, other).await;
        }
    }
    println!("{races} races on {} replicas: the first claim won {first_wins}", system.replicas());
}

/// Submits claims of Contoso and Northwind for one subscription.
async fn submit_rivals(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let rival = system.rival_of(&claim);
    let (one, other) =
        (TestClaim::create_with_evidence(system, claim).await, TestClaim::create_with_evidence(system, rival).await);
    one.submit().await.unwrap();
    other.submit().await.unwrap();
    (one, other)
}

/// Approves both claims at the same time, each at its own replica. Returns whether the first one
/// won.
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
    let results =
        tokio::join!(approve(one, system.reviewer.clone()), approve(other, system.reviewer.at_replica(second)));
    match results {
        (Ok(()), refused) => {
            assert_refused(refused, Code::FailedPrecondition, "LINES_NOT_HELD");
            true
        }
        (refused, Ok(())) => {
            assert_refused(refused, Code::FailedPrecondition, "LINES_NOT_HELD");
            false
        }
        (Err(one), Err(other)) => panic!("no approval succeeded: {one:?} and {other:?}"),
    }
}

async fn assert_one_holder(one: &TestClaim<'_>, other: &TestClaim<'_>) {
    let mut holders = 0;
    for case in [one, other] {
        let (claim, associations) = (case.claim().await, case.associations().await);
        match claim.state() {
            ClaimState::Approved => {
                holders += 1;
                assert_eq!(claim.association_state(), AssociationState::Pending);
                assert_eq!(
                    associations.iter().map(|association| association.state()).collect::<Vec<_>>(),
                    [HoldState::Pending]
                );
            }
            state => {
                assert_eq!(state, ClaimState::UnderReview, "the refused claim stays under review");
                assert!(associations.is_empty(), "the refused claim has a hold: {associations:?}");
            }
        }
    }
    assert_eq!(holders, 1);
}
