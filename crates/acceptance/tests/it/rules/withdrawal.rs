//! R25: a partner withdraws a claim.

use cpor_acceptance::{
    ClaimStage, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases, field_violations,
};
use cpor_proto::{
    claims::v1::{ClaimState, WithdrawReason},
    consents::v1::ConsentState,
    reviews::v1::ReviewCaseState,
    r#type::v1::{
        ActorSide, AssociationEndReason, AssociationState as HoldState, AssociationState, PrimaryRejectionReason,
    },
};
use tonic::Code;

both_databases![
    r25_a_withdrawal_is_final_and_closes_the_case,
    r25_a_withdrawal_ends_the_association,
    r25_the_reason_other_needs_a_comment,
    r25_drafts_and_rejected_claims_stay_as_they_are,
    r25_withdrawn_keys_can_be_claimed_again,
];

async fn r25_a_withdrawal_is_final_and_closes_the_case(system: &TestSystem) {
    let reasons = [
        (ClaimStage::Submitted, WithdrawReason::WrongMpnId),
        (ClaimStage::UnderReview, WithdrawReason::WrongActivity),
        (ClaimStage::PartnerActionRequired, WithdrawReason::NoLongerWorksWithCustomer),
        (ClaimStage::Approved, WithdrawReason::WrongActivity),
    ];
    for (stage, reason) in reasons {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let claim = case.withdraw(reason, "").await.unwrap();
        assert_eq!(claim.state(), ClaimState::Rejected);
        system.wait_until_idle().await;
        let rejection = case.claim().await.rejection.unwrap();
        assert_eq!((rejection.primary_reason(), rejection.is_final), (PrimaryRejectionReason::PartnerRequest, true));
        assert_eq!(rejection.dispute_due_time, None);
        assert!(case.associations().await.iter().all(|association| association.state() == HoldState::Ended));
        let review = case.review(&system.lead).await.unwrap().state();
        assert!(matches!(review, ReviewCaseState::Closed | ReviewCaseState::Approved), "{review:?}");
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::Closed);
        let entry = case.entry("withdrawn").await;
        assert_eq!((entry.side(), entry.subject.as_str()), (ActorSide::Partner, case.partner.subject.as_str()));
    }
}

async fn r25_a_withdrawal_ends_the_association(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 1);
    case.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Ended);
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason()), (HoldState::Ended, AssociationEndReason::Withdrawn));
    assert!(ended.end_time.is_some() && ended.official_time.is_some());
    assert!(system.associations_of_key(&key, None).await.is_empty());
}

async fn r25_the_reason_other_needs_a_comment(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let status =
        assert_refused(case.withdraw(WithdrawReason::Other, "").await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(field_violations(&status).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["comment"]);
    assert_refused(case.withdraw(WithdrawReason::Unspecified, "").await, Code::InvalidArgument, "INVALID_FIELDS");
    case.withdraw(WithdrawReason::Other, "The project was stopped.").await.unwrap();
    assert_eq!(case.claim().await.rejection.unwrap().comment, "The project was stopped.");
    let withdrawn = case.entry("withdrawn").await;
    assert_eq!(withdrawn.reason, "The project was stopped.");
    assert_eq!(
        (withdrawn.changes[0].field.as_str(), withdrawn.changes[0].new_value.as_str()),
        ("withdraw_reason", "other")
    );
}

async fn r25_drafts_and_rejected_claims_stay_as_they_are(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    assert_not_allowed(case.withdraw(WithdrawReason::WrongMpnId, "").await, "withdraw", "editing");
    for stage in [ClaimStage::Rejected, ClaimStage::Withdrawn, ClaimStage::Declined] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        assert_not_allowed(case.withdraw(WithdrawReason::WrongMpnId, "").await, "withdraw", "rejected");
    }
}

async fn r25_withdrawn_keys_can_be_claimed_again(system: &TestSystem) {
    let claim = system.presales().await;
    for _ in 0..2 {
        let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
        case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
        system.wait_until_idle().await;
    }
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Approved).await;
    assert_eq!(rival.associations().await.len(), 1);
}
