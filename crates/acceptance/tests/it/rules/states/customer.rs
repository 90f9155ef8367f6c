//! What a customer can say (R26, R26a, R28, R43).

use cpor_acceptance::{Actor, ApiResult, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    consents::v1::{ApproveConsentRequest, ConsentCommand, ConsentState, DeclineConsentRequest},
};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_customer_commands_in_every_state];

async fn give(case: &TestClaim<'_>, actor: &Actor, command: ConsentCommand) -> ApiResult<ConsentState> {
    let name = case.consent_name();
    let consent = match command {
        ConsentCommand::Unspecified => unreachable!("no command"),
        ConsentCommand::Approve => {
            let request = ApproveConsentRequest { name, ..ApproveConsentRequest::default() };
            actor.consents().approve_consent(request).await?
        }
        ConsentCommand::Decline => {
            let request = DeclineConsentRequest { name, comment: "No.".into(), ..DeclineConsentRequest::default() };
            actor.consents().decline_consent(request).await?
        }
    };
    Ok(consent.into_inner().state())
}

/// What the customer can say there, and why an approval and a decline are refused; `None`: it is taken, or was said before.
fn by_the_rules(stage: ClaimStage) -> (Vec<ConsentCommand>, Option<&'static str>, Option<&'static str>) {
    use ConsentCommand::{Approve, Decline};
    match stage {
        ClaimStage::Submitted
        | ClaimStage::UnderReview
        | ClaimStage::PartnerActionRequired
        | ClaimStage::Approved
        | ClaimStage::Disputed => (vec![Approve, Decline], None, None),
        ClaimStage::Official => (vec![], Some("WINDOW_PASSED"), Some("WINDOW_PASSED")),
        // Repeating a decline gets the first answer.
        ClaimStage::Declined => (vec![], Some("ALREADY_DECLINED"), None),
        // A claim that can be disputed can be declined (R28).
        ClaimStage::Rejected => (vec![Decline], Some("CLAIM_CLOSED"), None),
        ClaimStage::Withdrawn => (vec![], Some("CLAIM_CLOSED"), Some("CLAIM_CLOSED")),
        ClaimStage::Editing => unreachable!("a draft asks nobody"),
    }
}

async fn r15_customer_commands_in_every_state(system: &TestSystem) {
    use ConsentCommand::{Approve, Decline};
    for stage in ClaimStage::ALL.into_iter().filter(|stage| *stage != ClaimStage::Editing) {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let (allowed, approving, declining) = by_the_rules(stage);
        assert_eq!(case.consent().await.unwrap().allowed_commands().collect::<Vec<_>>(), allowed, "{stage:?}");
        for command in [Approve, Decline] {
            for role in Role::ALL.iter().filter(|role| **role != Role::CustomerAdmin) {
                assert_refused(
                    give(&case, &system.actor_with_role(*role), command).await,
                    Code::PermissionDenied,
                    "ROLE_NOT_ALLOWED",
                );
            }
            assert_refused(give(&case, &system.litware, command).await, Code::NotFound, "RESOURCE_NOT_FOUND");
        }
        for (command, refusal) in [(Approve, approving), (Decline, declining)] {
            let answer = give(&case, case.customer(), command).await;
            match refusal {
                Some(reason) => drop(assert_refused(answer, Code::FailedPrecondition, reason)),
                None if command == Decline => assert_eq!(answer.unwrap(), ConsentState::Declined, "{stage:?}"),
                None => drop(answer.unwrap()),
            }
            system.wait_until_idle().await;
        }
        let rejected = declining.is_none() || stage.state() == ClaimState::Rejected;
        assert_eq!(case.claim().await.state() == ClaimState::Rejected, rejected, "{stage:?}");
    }
}
