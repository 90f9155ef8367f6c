//! Disputes, through the API (R28, R33).
use cpor_kit::status;
use cpor_proto::claims::v1 as wire;
use cpor_types::Service;
use tonic::{Code, Status};

use crate::{
    reports::{approved, case, declined, rejected, rejected_claim, started},
    stage::{PDF, Stage, on_both, reason, start},
};

async fn dispute(stage: &Stage, name: &str, justification: &str) -> Result<wire::Claim, Status> {
    let request =
        wire::DisputeClaimRequest { name: name.into(), justification: justification.into(), ..Default::default() };
    Ok(stage.contoso().dispute_claim(request).await?.into_inner())
}

on_both! {
    /// R28: words or evidence, a new case, and the partner sees until when.
    async fn r28_a_rejection_is_disputed(stage: Stage) {
        let claim = rejected_claim(&stage).await;
        let rejection = claim.rejection.clone().unwrap();
        // Thirty calendar days after Friday the 6th of March, to the end of the day in Berlin.
        assert_eq!(rejection.dispute_due_time.unwrap().to_string(), "2026-04-05T22:00:00Z");
        assert!(!rejection.r#final && !rejection.dispute_due_rule.is_empty());
        let allowed: Vec<_> = claim.allowed_commands().collect();
        assert_eq!(allowed, [wire::Command::Dispute, wire::Command::AddEvidence, wire::Command::Comment]);
        let unfounded = dispute(&stage, &claim.name, " ").await.unwrap_err();
        assert_eq!((unfounded.code(), reason(&unfounded).as_str()), (Code::FailedPrecondition, "DISPUTE_UNFOUNDED"));

        let before = case(&stage, &claim.name).await;
        stage.upload(&claim.name, "signed.pdf", PDF).await.unwrap();
        let disputed = dispute(&stage, &claim.name, "").await.unwrap();
        assert_eq!((disputed.state(), disputed.disputes, disputed.disputes_left), (wire::ClaimState::Disputed, 1, None));
        let after = case(&stage, &claim.name).await;
        assert_ne!(before, after);
        let last = stage.history(&mut stage.contoso(), &claim.name).await.pop().unwrap();
        assert_eq!((last.action.as_str(), last.from_state(), last.to_state()), (
            "disputed",
            wire::ClaimState::Rejected,
            wire::ClaimState::Disputed
        ));
        stage.tell(Service::PoeReview, 3, start(), started(&claim.name, &after)).await.unwrap();
        stage.tell(Service::PoeReview, 4, start(), approved(&claim.name, &after)).await.unwrap();
        assert_eq!(stage.get(&claim.name).await.unwrap().state(), wire::ClaimState::Approved);
    }

    /// R33: who comes too late is told what helps.
    async fn r28_r33_a_late_dispute_is_told_that_only_a_new_claim_helps(stage: Stage) {
        let claim = rejected_claim(&stage).await;
        stage.hosted.host.advance("2026-04-05T22:00:00Z".parse().unwrap()).await.unwrap();
        let late = dispute(&stage, &claim.name, "it is signed").await.unwrap_err();
        assert_eq!((late.code(), reason(&late).as_str()), (Code::FailedPrecondition, "DISPUTE_WINDOW_PASSED"));
        assert!(late.message().contains("only a new claim with updated proof of execution helps"), "{late:?}");
        assert_eq!(status::metadata(&late, "advice").unwrap(), "SUBMIT_NEW_CLAIM");
        assert_eq!(status::metadata(&late, "due_time").unwrap(), "2026-04-05T22:00:00Z");
        let rejection = stage.get(&claim.name).await.unwrap().rejection.unwrap();
        assert_eq!((rejection.r#final, rejection.dispute_due_time), (true, None));
        let late = stage.upload(&claim.name, "late.pdf", PDF).await.unwrap_err();
        assert_eq!((reason(&late).as_str(), status::metadata(&late, "allowed").unwrap().as_str()), (
            "COMMAND_NOT_ALLOWED",
            "COMMENT"
        ));
    }

    /// R38: while it was rejected, another claim of the company took the line.
    async fn r38_a_dispute_whose_line_was_claimed_again_is_refused(stage: Stage) {
        let claim = rejected_claim(&stage).await;
        let second = stage.submitted().await;
        let refused = dispute(&stage, &claim.name, "it is signed").await.unwrap_err();
        assert_eq!(reason(&refused), "CLAIM_INCOMPLETE");
        assert_eq!(status::violations(&refused)[0].reason, "ALREADY_CLAIMED");
        let withdraw = wire::WithdrawClaimRequest {
            name: second.name,
            reason: wire::WithdrawReason::WrongActivity.into(),
            ..Default::default()
        };
        stage.contoso().withdraw_claim(withdraw).await.unwrap();
        dispute(&stage, &claim.name, "it is signed").await.unwrap();
        let third = stage.complete_draft().await;
        let refused = stage.submit(&third.name).await.unwrap_err();
        assert_eq!(status::violations(&refused)[0].reason, "ALREADY_CLAIMED", "a disputed claim's lines are live");
    }

    /// R28: a decline while it is rejected counts, and silence then rejects for good.
    async fn r28_silence_after_a_decline_rejects_finally(stage: Stage) {
        let claim = rejected_claim(&stage).await;
        stage.tell(Service::CustomerConsent, 1, start(), declined(&claim.name, "link")).await.unwrap();
        let disputed = dispute(&stage, &claim.name, "it is signed").await.unwrap();
        assert!(disputed.explicit_approval_needed);
        let case = case(&stage, &claim.name).await;
        stage.tell(Service::PoeReview, 3, start(), started(&claim.name, &case)).await.unwrap();
        stage.tell(Service::PoeReview, 4, start(), approved(&claim.name, &case)).await.unwrap();
        stage.tell(Service::CustomerConsent, 2, start(), declined(&claim.name, "silence")).await.unwrap();
        let rejection = stage.get(&claim.name).await.unwrap().rejection.unwrap();
        assert_eq!(rejection.primary_reason(), wire::PrimaryRejectionReason::CustomerDeclined);
        assert!(rejection.r#final);
        let refused = dispute(&stage, &claim.name, "please").await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), status::metadata(&refused, "finality").unwrap().as_str()), (
            "DISPUTE_NOT_ALLOWED",
            "NO_EXPLICIT_APPROVAL"
        ));
    }

    /// R28: as often as it is rejected, under a policy that does not count.
    async fn r28_a_rejected_dispute_is_disputed_again(stage: Stage) {
        let claim = rejected_claim(&stage).await;
        dispute(&stage, &claim.name, "it is signed").await.unwrap();
        let second = case(&stage, &claim.name).await;
        stage.tell(Service::PoeReview, 3, start(), started(&claim.name, &second)).await.unwrap();
        stage.tell(Service::PoeReview, 4, start(), rejected(&claim.name, &second)).await.unwrap();
        let again = dispute(&stage, &claim.name, "look again").await.unwrap();
        assert_eq!((again.state(), again.disputes), (wire::ClaimState::Disputed, 2));
    }
}
