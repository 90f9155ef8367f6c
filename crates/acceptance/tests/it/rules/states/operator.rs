//! The command of operators: the erasure of personal data (R56).

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, metadata};
use cpor_proto::claims::v1::{ClaimCommand, ExplainClaimRequest, Party};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_operator_commands_in_every_state];

/// Whether the claim needs its personal data no more at this stage.
fn can_be_erased(stage: ClaimStage) -> bool {
    match stage {
        ClaimStage::Withdrawn => true,
        ClaimStage::Editing
        | ClaimStage::Submitted
        | ClaimStage::UnderReview
        | ClaimStage::PartnerActionRequired
        | ClaimStage::Approved
        | ClaimStage::Official
        | ClaimStage::Rejected
        | ClaimStage::Declined
        | ClaimStage::Disputed => false,
    }
}

async fn r15_operator_commands_in_every_state(system: &TestSystem) {
    for stage in ClaimStage::ALL {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let history = case.history().await.len();
        // Roles are refused before the state is read, so one stage shows it.
        let is_tried = |role: &Role| *role != Role::Operator && stage == ClaimStage::Withdrawn;
        for role in Role::ALL.iter().filter(|role| is_tried(role)) {
            assert_refused(
                case.erase(&system.actor_with_role(*role), &[]).await,
                Code::PermissionDenied,
                "ROLE_NOT_ALLOWED",
            );
        }
        let operator_view = case.claim_as(&system.operator).await.unwrap();
        assert_eq!(
            operator_view.allowed_commands().any(|command| command == ClaimCommand::ErasePersonalData),
            can_be_erased(stage)
        );
        let partner_view = case.claim().await;
        assert!(!partner_view.allowed_commands().any(|command| command == ClaimCommand::ErasePersonalData));
        assert_eq!(explanation_offers_erasure(&case).await, can_be_erased(stage), "R60: {stage:?}");
        let result = case.erase(&system.operator, &[]).await;
        if can_be_erased(stage) {
            assert_eq!(result.unwrap().state(), stage.state());
            assert_eq!(case.history().await.len(), history + 1);
        } else {
            let status = assert_refused(result, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
            let state = stage.state().as_str_name().trim_start_matches("CLAIM_STATE_");
            assert_eq!(metadata(&status, "state"), state);
            assert_eq!(case.history().await.len(), history, "a refused command changed the history at {stage:?}");
        }
    }
}

/// Whether the explanation of the claim offers the erasure to the operator.
async fn explanation_offers_erasure(case: &TestClaim<'_>) -> bool {
    let request = ExplainClaimRequest { name: case.name.clone() };
    let explanation = case.system.operator.claims().explain_claim(request).await.unwrap().into_inner();
    let operator = explanation.parties.iter().find(|party| party.party() == Party::Operator).unwrap();
    operator.commands.iter().any(|command| command.caller_allowed && command.method.ends_with("/ErasePersonalData"))
}
