//! The commands of customers (R26, R26a, R28, R43).

use cpor_acceptance::{Actor, ApiResult, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    consents::v1::{ApproveConsentRequest, ConsentCommand, ConsentState, DeclineConsentRequest},
};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_customer_commands_in_every_state];

/// Gives a command as an actor. Returns the state of the consent after it.
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

/// The allowed commands at a stage, and the reasons why an approval and a decline are refused.
/// `None` if the command is accepted or repeats an earlier one.
fn expected_at(stage: ClaimStage) -> (Vec<ConsentCommand>, Option<&'static str>, Option<&'static str>) {
    use ConsentCommand::{Approve, Decline};
    match stage {
        ClaimStage::Submitted
        | ClaimStage::UnderReview
        | ClaimStage::PartnerActionRequired
        | ClaimStage::Approved
        | ClaimStage::Disputed => (vec![Approve, Decline], None, None),
        ClaimStage::Official => (vec![], Some("WINDOW_PASSED"), Some("WINDOW_PASSED")),
        // A repeated decline changes nothing.
        ClaimStage::Declined => (vec![], Some("ALREADY_DECLINED"), None),
        // A disputable rejection can be declined (R28).
        ClaimStage::Rejected => (vec![Decline], Some("CLAIM_CLOSED"), None),
        ClaimStage::Withdrawn => (vec![], Some("CLAIM_CLOSED"), Some("CLAIM_CLOSED")),
        ClaimStage::Editing => unreachable!("a draft has no consent"),
    }
}

async fn r15_customer_commands_in_every_state(system: &TestSystem) {
    use ConsentCommand::{Approve, Decline};
    for stage in ClaimStage::ALL.into_iter().filter(|stage| *stage != ClaimStage::Editing) {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let (allowed, approval_refusal, decline_refusal) = expected_at(stage);
        assert_eq!(case.consent().await.unwrap().allowed_commands().collect::<Vec<_>>(), allowed, "{stage:?}");
        for command in [Approve, Decline] {
            // Roles are refused before the state is read, so one stage shows it.
            let is_tried = |role: &Role| *role != Role::CustomerAdmin && stage == ClaimStage::Approved;
            for role in Role::ALL.iter().filter(|role| is_tried(role)) {
                assert_refused(
                    give(&case, &system.actor_with_role(*role), command).await,
                    Code::PermissionDenied,
                    "ROLE_NOT_ALLOWED",
                );
            }
            assert_refused(give(&case, &system.litware, command).await, Code::NotFound, "RESOURCE_NOT_FOUND");
        }
        for (command, refusal) in [(Approve, approval_refusal), (Decline, decline_refusal)] {
            let result = give(&case, case.customer(), command).await;
            match refusal {
                Some(reason) => drop(assert_refused(result, Code::FailedPrecondition, reason)),
                None if command == Decline => assert_eq!(result.unwrap(), ConsentState::Declined, "{stage:?}"),
                None => drop(result.unwrap()),
            }
            system.wait_until_idle().await;
        }
        let is_rejected = decline_refusal.is_none() || stage.state() == ClaimState::Rejected;
        assert_eq!(case.claim().await.state() == ClaimState::Rejected, is_rejected, "{stage:?}");
    }
}
