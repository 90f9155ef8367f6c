//! R61, R62: what a rule leaves to policy follows the profile that a claim was submitted under.

use chrono::TimeDelta;
use cpor_acceptance::{Case, PDF, Stage, World, both_databases, refused, violates};
use cpor_proto::claims::v1::{AssociationState, Claim, ClaimState};
use tonic::Code;

both_databases![r62_unsure_the_profile_of_2021_decides];
both_databases![with under_2020:
    r61_in_2020_the_window_counts_from_the_notice_at_submission,
    r61_in_2020_only_evidence_and_comments_are_added,
];
both_databases![with under_2023:
    r61_in_2023_the_terms_must_be_acknowledged,
    r61_in_2023_the_customer_may_decline_any_time,
    r61_in_2023_there_is_one_dispute,
];

async fn r62_unsure_the_profile_of_2021_decides(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Submitted).await;
    assert_eq!(case.claim().await.policy, "2021@1");
}

async fn r61_in_2020_the_window_counts_from_the_notice_at_submission(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::UnderReview).await;
    assert_eq!(case.claim().await.policy, "2020@1");
    // Longer than five business days: the window has passed, and the association waits for the approval alone.
    world.advance(TimeDelta::days(10)).await;
    let mails = world.mails_to(&case.contact().await).len();
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    assert_eq!(world.mails_to(&case.contact().await).len(), mails, "no notice at approval");
}

async fn r61_in_2020_only_evidence_and_comments_are_added(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::PartnerActionRequired).await;
    let edited = case.update(Claim { mpn_id: "1002".into(), ..Claim::default() }, &["mpn_id"]).await;
    refused(edited, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    case.upload("signed.pdf", PDF).await.unwrap();
    case.comment(&case.partner, "Signed.").await.unwrap();
}

/// Submitted, with the terms acknowledged.
async fn acknowledged(world: &World) -> Claim {
    Claim { terms_acknowledged: true, ..world.presales().await }
}

async fn r61_in_2023_the_terms_must_be_acknowledged(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    violates(case.submit().await, &[("terms_acknowledged", "TERMS_NOT_ACKNOWLEDGED")]);
    let case = Case::at(world, acknowledged(world).await, Stage::Submitted).await;
    assert_eq!(case.claim().await.policy, "2023@1");
}

async fn r61_in_2023_the_customer_may_decline_any_time(world: &World) {
    let case = Case::at(world, acknowledged(world).await, Stage::Official).await;
    world.advance(TimeDelta::days(100)).await;
    case.decline_consent("We part ways.").await.unwrap();
    world.settle().await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Rejected, AssociationState::Ended));
}

async fn r61_in_2023_there_is_one_dispute(world: &World) {
    let case = Case::at(world, acknowledged(world).await, Stage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    world.settle().await;
    case.review_starts().await;
    case.reject(&world.reviewer).await.unwrap();
    world.settle().await;
    assert!(case.claim().await.rejection.unwrap().r#final);
    refused(case.dispute("Once more.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
}
