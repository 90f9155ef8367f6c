//! Tests of disputes through the API (R28, R33).
use cpor_call::status;
use cpor_proto::claims::v1 as wire;
use cpor_proto::r#type::v1 as types;
use cpor_testing::on_both_databases;
use cpor_types::Service;
use tonic::{Code, Status};

use crate::{
    events::{customer_declined, rejected_claim, review_approved, review_case, review_rejected, review_started},
    fixture::{PDF, TestSystem, reason, start},
};

on_both_databases![
    r28_a_rejection_is_disputed,
    r33_a_late_dispute_advises_a_new_claim,
    r38_a_dispute_whose_line_was_claimed_again_is_refused,
    r28_silence_after_a_decline_rejects_finally,
    r28_a_rejected_dispute_is_disputed_again,
];

async fn dispute(system: &TestSystem, name: &str, justification: &str) -> Result<wire::Claim, Status> {
    let request =
        wire::DisputeClaimRequest { name: name.into(), justification: justification.into(), ..Default::default() };
    Ok(system.contoso().dispute_claim(request).await?.into_inner())
}

/// R28: a dispute needs a justification or new evidence. It opens a new review case.
async fn r28_a_rejection_is_disputed(system: TestSystem) {
    let claim = rejected_claim(&system).await;
    let rejection = claim.rejection.clone().unwrap();
    // Thirty calendar days after Friday the 6th of March, to the end of the day in Berlin.
    assert_eq!(rejection.dispute_due_time.unwrap().to_string(), "2026-04-05T22:00:00Z");
    assert!(!rejection.is_final && !rejection.dispute_due_rule.is_empty());
    let allowed: Vec<_> = claim.allowed_commands().collect();
    assert_eq!(allowed, [wire::ClaimCommand::Dispute, wire::ClaimCommand::AddEvidence, wire::ClaimCommand::Comment]);
    let unfounded = dispute(&system, &claim.name, " ").await.unwrap_err();
    assert_eq!((unfounded.code(), reason(&unfounded).as_str()), (Code::FailedPrecondition, "DISPUTE_UNFOUNDED"));

    let before = review_case(&system, &claim.name).await;
    system.upload(&claim.name, "signed.pdf", PDF).await.unwrap();
    let disputed = dispute(&system, &claim.name, "").await.unwrap();
    assert_eq!((disputed.state(), disputed.disputes, disputed.disputes_left), (wire::ClaimState::Disputed, 1, None));
    let after = review_case(&system, &claim.name).await;
    assert_ne!(before, after);
    let last = system.history(&mut system.contoso(), &claim.name).await.pop().unwrap();
    assert_eq!(
        (last.action.as_str(), last.from_state(), last.to_state()),
        ("disputed", wire::ClaimState::Rejected, wire::ClaimState::Disputed)
    );
    system.deliver(Service::PoeReview, 3, start(), review_started(&claim.name, &after)).await.unwrap();
    system.deliver(Service::PoeReview, 4, start(), review_approved(&claim.name, &after)).await.unwrap();
    assert_eq!(system.get(&claim.name).await.unwrap().state(), wire::ClaimState::Approved);
}

/// R33: the refusal of a late dispute advises a new claim.
async fn r33_a_late_dispute_advises_a_new_claim(system: TestSystem) {
    let claim = rejected_claim(&system).await;
    system.hosted.host.advance_clock("2026-04-05T22:00:00Z".parse().unwrap()).await.unwrap();
    let late = dispute(&system, &claim.name, "it is signed").await.unwrap_err();
    assert_eq!((late.code(), reason(&late).as_str()), (Code::FailedPrecondition, "DISPUTE_WINDOW_PASSED"));
    assert!(late.message().contains("only a new claim with updated proof of execution helps"), "{late:?}");
    assert_eq!(status::metadata(&late, "advice").unwrap(), "SUBMIT_NEW_CLAIM");
    assert_eq!(status::metadata(&late, "due_time").unwrap(), "2026-04-05T22:00:00Z");
    let rejection = system.get(&claim.name).await.unwrap().rejection.unwrap();
    assert_eq!((rejection.is_final, rejection.dispute_due_time), (true, None));
    let late = system.upload(&claim.name, "late.pdf", PDF).await.unwrap_err();
    assert_eq!(
        (reason(&late).as_str(), status::metadata(&late, "allowed").unwrap().as_str()),
        ("COMMAND_NOT_ALLOWED", "COMMENT")
    );
}

/// R38: another claim of the company took the line while this claim was rejected.
async fn r38_a_dispute_whose_line_was_claimed_again_is_refused(system: TestSystem) {
    let claim = rejected_claim(&system).await;
    let second = system.submitted_claim().await;
    let refused = dispute(&system, &claim.name, "it is signed").await.unwrap_err();
    assert_eq!(reason(&refused), "CLAIM_INCOMPLETE");
    assert_eq!(status::field_violations(&refused)[0].reason, "ALREADY_CLAIMED");
    let withdraw = wire::WithdrawClaimRequest {
        name: second.name,
        reason: wire::WithdrawReason::WrongActivity.into(),
        ..Default::default()
    };
    system.contoso().withdraw_claim(withdraw).await.unwrap();
    dispute(&system, &claim.name, "it is signed").await.unwrap();
    let third = system.complete_draft().await;
    let refused = system.submit(&third.name).await.unwrap_err();
    assert_eq!(
        status::field_violations(&refused)[0].reason,
        "ALREADY_CLAIMED",
        "the lines of a disputed claim are live"
    );
}

/// R28: a decline of a rejected claim counts. Silence after a dispute then rejects the claim
/// finally.
async fn r28_silence_after_a_decline_rejects_finally(system: TestSystem) {
    let claim = rejected_claim(&system).await;
    system
        .deliver(Service::CustomerConsent, 1, start(), customer_declined(&claim.name, types::ConsentChannel::Link))
        .await
        .unwrap();
    let disputed = dispute(&system, &claim.name, "it is signed").await.unwrap();
    assert!(disputed.explicit_approval_needed);
    let case = review_case(&system, &claim.name).await;
    system.deliver(Service::PoeReview, 3, start(), review_started(&claim.name, &case)).await.unwrap();
    system.deliver(Service::PoeReview, 4, start(), review_approved(&claim.name, &case)).await.unwrap();
    system
        .deliver(Service::CustomerConsent, 2, start(), customer_declined(&claim.name, types::ConsentChannel::Silence))
        .await
        .unwrap();
    let rejection = system.get(&claim.name).await.unwrap().rejection.unwrap();
    assert_eq!(rejection.primary_reason(), types::PrimaryRejectionReason::CustomerDeclined);
    assert!(rejection.is_final);
    let refused = dispute(&system, &claim.name, "please").await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), status::metadata(&refused, "finality").unwrap().as_str()),
        ("DISPUTE_NOT_ALLOWED", "NO_EXPLICIT_APPROVAL")
    );
}

/// R28: the default policy does not limit the number of disputes.
async fn r28_a_rejected_dispute_is_disputed_again(system: TestSystem) {
    let claim = rejected_claim(&system).await;
    dispute(&system, &claim.name, "it is signed").await.unwrap();
    let second = review_case(&system, &claim.name).await;
    system.deliver(Service::PoeReview, 3, start(), review_started(&claim.name, &second)).await.unwrap();
    system.deliver(Service::PoeReview, 4, start(), review_rejected(&claim.name, &second)).await.unwrap();
    let again = dispute(&system, &claim.name, "look again").await.unwrap();
    assert_eq!((again.state(), again.disputes), (wire::ClaimState::Disputed, 2));
}
