//! What an operator can do to a claim (R56).

use cpor_acceptance::{Case, Stage, World, both_databases, metadata, refused};
use cpor_proto::claims::v1::{Command, ExplainClaimRequest, Party};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_operator_commands_in_every_state];

/// Whether the claim has come to rest there.
fn rests(stage: Stage) -> bool {
    match stage {
        Stage::Withdrawn => true,
        Stage::Editing
        | Stage::Submitted
        | Stage::UnderReview
        | Stage::PartnerActionRequired
        | Stage::Approved
        | Stage::Official
        | Stage::Rejected
        | Stage::Declined
        | Stage::Disputed => false,
    }
}

async fn r15_operator_commands_in_every_state(world: &World) {
    for stage in Stage::ALL {
        let case = Case::at(world, world.presales().await, stage).await;
        let history = case.history().await.len();
        for role in Role::ALL.iter().filter(|role| **role != Role::Operator) {
            refused(case.erase(&world.somebody(*role), &[]).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
        let seen = case.seen_by(&world.operator).await.unwrap();
        assert_eq!(seen.allowed_commands().any(|command| command == Command::ErasePersonalData), rests(stage));
        let partners = case.claim().await;
        assert!(!partners.allowed_commands().any(|command| command == Command::ErasePersonalData), "no partner's");
        assert_eq!(explained(&case).await, rests(stage), "R60: {stage:?}");
        let answer = case.erase(&world.operator, &[]).await;
        if rests(stage) {
            assert_eq!(answer.unwrap().state(), stage.state());
            assert_eq!(case.history().await.len(), history + 1);
        } else {
            let status = refused(answer, Code::FailedPrecondition, "PERSONAL_DATA_NEEDED");
            let state = stage.state().as_str_name().trim_start_matches("CLAIM_STATE_");
            assert_eq!(metadata(&status, "state"), state);
            assert_eq!(case.history().await.len(), history, "a refused command left a trace in {stage:?}");
        }
    }
}

/// Whether the operator is told that personal data can be erased.
async fn explained(case: &Case<'_>) -> bool {
    let request = ExplainClaimRequest { name: case.name.clone() };
    let told = case.world.operator.claims().explain_claim(request).await.unwrap().into_inner();
    let own = told.parties.iter().find(|party| party.party() == Party::Operator).unwrap();
    own.commands.iter().any(|command| command.caller_may && command.method.ends_with("/ErasePersonalData"))
}
