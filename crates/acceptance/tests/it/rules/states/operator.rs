//! What an operator can do to a claim (R56).

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, metadata};
use cpor_proto::claims::v1::{ClaimCommand, ExplainClaimRequest, Party};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_operator_commands_in_every_state];

/// Whether the claim has come to rest there.
fn rests(stage: ClaimStage) -> bool {
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
        for role in Role::ALL.iter().filter(|role| **role != Role::Operator) {
            assert_refused(
                case.erase(&system.actor_with_role(*role), &[]).await,
                Code::PermissionDenied,
                "ROLE_NOT_ALLOWED",
            );
        }
        let seen = case.claim_as(&system.operator).await.unwrap();
        assert_eq!(seen.allowed_commands().any(|command| command == ClaimCommand::ErasePersonalData), rests(stage));
        let partners = case.claim().await;
        assert!(!partners.allowed_commands().any(|command| command == ClaimCommand::ErasePersonalData), "no partner's");
        assert_eq!(explained(&case).await, rests(stage), "R60: {stage:?}");
        let answer = case.erase(&system.operator, &[]).await;
        if rests(stage) {
            assert_eq!(answer.unwrap().state(), stage.state());
            assert_eq!(case.history().await.len(), history + 1);
        } else {
            let status = assert_refused(answer, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
            let state = stage.state().as_str_name().trim_start_matches("CLAIM_STATE_");
            assert_eq!(metadata(&status, "state"), state);
            assert_eq!(case.history().await.len(), history, "a refused command left a trace in {stage:?}");
        }
    }
}

/// Whether the operator is told that personal data can be erased.
async fn explained(case: &TestClaim<'_>) -> bool {
    let request = ExplainClaimRequest { name: case.name.clone() };
    let told = case.system.operator.claims().explain_claim(request).await.unwrap().into_inner();
    let own = told.parties.iter().find(|party| party.party() == Party::Operator).unwrap();
    own.commands.iter().any(|command| command.caller_allowed && command.method.ends_with("/ErasePersonalData"))
}
