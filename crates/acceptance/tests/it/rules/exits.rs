//! R25: a partner withdraws.

use cpor_acceptance::{Case, Stage, World, both_databases, faults, not_allowed, refused};
use cpor_proto::{
    claims::v1::{AssociationState, ClaimState, PrimaryRejectionReason, Side, WithdrawReason},
    consents::v1::ConsentState,
    registry::v1::{AssociationState as Held, EndReason},
    reviews::v1::ReviewCaseState,
};
use tonic::Code;

both_databases![
    r25_withdrawal_is_final_and_closes_everything,
    r25_an_official_association_ends_with_a_withdrawal,
    r25_other_needs_words,
    r25_neither_drafts_nor_rejected_claims_are_withdrawn,
    r25_what_was_withdrawn_can_be_claimed_again,
];

async fn r25_withdrawal_is_final_and_closes_everything(world: &World) {
    let reasons = [
        (Stage::Submitted, WithdrawReason::WrongMpnId),
        (Stage::UnderReview, WithdrawReason::WrongActivity),
        (Stage::PartnerActionRequired, WithdrawReason::NoLongerWorksWithCustomer),
        (Stage::Approved, WithdrawReason::WrongActivity),
    ];
    for (stage, reason) in reasons {
        let case = Case::at(world, world.presales().await, stage).await;
        let claim = case.withdraw(reason, "").await.unwrap();
        assert_eq!(claim.state(), ClaimState::Rejected);
        world.settle().await;
        let rejection = case.claim().await.rejection.unwrap();
        assert_eq!((rejection.primary_reason(), rejection.r#final), (PrimaryRejectionReason::PartnerRequest, true));
        assert_eq!(rejection.dispute_due_time, None);
        assert!(case.associations().await.iter().all(|held| held.state() == Held::Ended));
        let review = case.review(&world.lead).await.unwrap().state();
        assert!(matches!(review, ReviewCaseState::Closed | ReviewCaseState::Approved), "{review:?}");
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::Closed);
        let entry = case.entry("withdrawn").await;
        assert_eq!((entry.side(), entry.subject.as_str()), (Side::Partner, case.partner.subject.as_str()));
    }
}

async fn r25_an_official_association_ends_with_a_withdrawal(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    let key = case.key(0).await;
    assert_eq!(world.on_record(&key, None).await.len(), 1);
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Ended);
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason()), (Held::Ended, EndReason::Withdrawn));
    assert!(ended.end_time.is_some() && ended.official_time.is_some());
    assert!(world.on_record(&key, None).await.is_empty());
}

async fn r25_other_needs_words(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Submitted).await;
    let status = refused(case.withdraw(WithdrawReason::Other, "").await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(faults(&status).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["comment"]);
    refused(case.withdraw(WithdrawReason::Unspecified, "").await, Code::InvalidArgument, "INVALID_FIELDS");
    case.withdraw(WithdrawReason::Other, "The project was stopped.").await.unwrap();
    assert_eq!(case.claim().await.rejection.unwrap().comment, "The project was stopped.");
    let withdrawn = case.entry("withdrawn").await;
    assert_eq!(withdrawn.reason, "The project was stopped.");
    assert_eq!((withdrawn.changes[0].field.as_str(), withdrawn.changes[0].to.as_str()), ("withdraw_reason", "other"));
}

async fn r25_neither_drafts_nor_rejected_claims_are_withdrawn(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    not_allowed(case.withdraw(WithdrawReason::WrongMpnId, "").await, "withdraw", "editing");
    for stage in [Stage::Rejected, Stage::Withdrawn, Stage::Declined] {
        let case = Case::at(world, world.presales().await, stage).await;
        not_allowed(case.withdraw(WithdrawReason::WrongMpnId, "").await, "withdraw", "rejected");
    }
}

async fn r25_what_was_withdrawn_can_be_claimed_again(world: &World) {
    let claim = world.presales().await;
    for _ in 0..2 {
        let case = Case::at(world, claim.clone(), Stage::Approved).await;
        case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
        world.settle().await;
    }
    let rival = Case::at(world, world.rival_of(&claim), Stage::Approved).await;
    assert_eq!(rival.associations().await.len(), 1);
}
