//! The commands of partners (R4, R17, R18, R21, R25, R28, R29, R14).

use cpor_acceptance::{
    Actor, ClaimStage, NORTHWIND, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases,
    metadata,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimCommand, ClaimState, WithdrawReason},
    r#type::v1::Contact,
};
use cpor_types::{ActorSide, Role};
use tonic::{Code, Status};

both_databases![r15_partner_commands_in_every_state];

const COMMANDS: [ClaimCommand; 9] = [
    ClaimCommand::Update,
    ClaimCommand::Delete,
    ClaimCommand::Submit,
    ClaimCommand::Resubmit,
    ClaimCommand::Withdraw,
    ClaimCommand::Dispute,
    ClaimCommand::AddEvidence,
    ClaimCommand::RemoveEvidence,
    ClaimCommand::Comment,
];

/// The state after a command, or `None` if the command is refused. `Unspecified` means that the
/// claim is deleted.
fn state_after(stage: ClaimStage, command: ClaimCommand) -> Option<ClaimState> {
    use ClaimStage::{Declined, Editing, PartnerActionRequired, Rejected, Submitted};
    let state = stage.state();
    let editable = matches!(stage, Editing | Submitted | PartnerActionRequired);
    let disputable = matches!(stage, Rejected | Declined);
    match command {
        ClaimCommand::Update => editable.then_some(state),
        ClaimCommand::RemoveEvidence => (stage == Editing).then_some(state),
        ClaimCommand::Dispute => disputable.then_some(ClaimState::Disputed),
        ClaimCommand::Delete => (stage == Editing).then_some(ClaimState::Unspecified),
        ClaimCommand::Submit => (stage == Editing).then_some(ClaimState::Submitted),
        ClaimCommand::Resubmit => (stage == PartnerActionRequired).then_some(ClaimState::Submitted),
        ClaimCommand::Withdraw => {
            (!matches!(state, ClaimState::Editing | ClaimState::Rejected)).then_some(ClaimState::Rejected)
        }
        ClaimCommand::AddEvidence => (editable || disputable).then_some(state),
        ClaimCommand::Comment => Some(state),
        // Under the policy profile of 2021, payment cannot be declined.
        ClaimCommand::Unspecified | ClaimCommand::DeclinePayment | ClaimCommand::ErasePersonalData => None,
    }
}

/// The reason why the role may not give the command (R4, R5), or `None` if it may.
fn role_refusal(role: Role, command: ClaimCommand, stage: ClaimStage) -> Option<&'static str> {
    match (role, command) {
        (Role::GlobalAdmin | Role::BillingAdmin | Role::IncentivesAdmin, _)
        | (Role::IncentivesUser | Role::PoeReviewer | Role::ReviewLead, ClaimCommand::Comment)
        | (Role::IncentivesUser, ClaimCommand::Delete | ClaimCommand::AddEvidence | ClaimCommand::RemoveEvidence) => {
            None
        }
        (Role::IncentivesUser, ClaimCommand::Update) => (stage != ClaimStage::Editing).then_some("DRAFTS_ONLY"),
        _ => Some("ROLE_NOT_ALLOWED"),
    }
}

/// The claim with another actor in place of its partner.
fn as_actor<'s>(case: &TestClaim<'s>, actor: &Actor) -> TestClaim<'s> {
    TestClaim { partner: actor.clone(), ..case.clone() }
}

/// Gives a command as the partner of the claim. `document` is the document that is removed.
async fn give(case: &TestClaim<'_>, command: ClaimCommand, document: &str) -> Result<(), Status> {
    match command {
        ClaimCommand::Unspecified | ClaimCommand::DeclinePayment | ClaimCommand::ErasePersonalData => {
            unreachable!("not in `COMMANDS`")
        }
        ClaimCommand::Update => {
            let name = format!("Bea {}", case.system.next_number());
            let contact = Contact { name, email: "bea@contoso.example".into(), ..Contact::default() };
            let changed = Claim { partner_contact: Some(contact), ..Claim::default() };
            case.update(changed, &["partner_contact"]).await.map(drop)
        }
        ClaimCommand::Delete => case.delete().await.map(drop),
        ClaimCommand::Submit => case.submit().await.map(drop),
        ClaimCommand::Resubmit => case.resubmit("Here it is.").await.map(drop),
        ClaimCommand::Withdraw => case.withdraw(WithdrawReason::WrongActivity, "").await.map(drop),
        ClaimCommand::Dispute => case.dispute("The proof is sound.").await.map(drop),
        ClaimCommand::AddEvidence => case.upload("more.pdf", PDF).await.map(drop),
        ClaimCommand::RemoveEvidence => case.remove(document).await.map(drop),
        ClaimCommand::Comment => case.comment(&case.partner, "A comment.").await.map(drop),
    }
}

/// The commands that succeed at a stage, with the roles that may give them.
fn accepted_commands(stage: ClaimStage) -> impl Iterator<Item = (Role, ClaimCommand)> {
    let commands = COMMANDS.into_iter().filter(move |command| state_after(stage, *command).is_some());
    let with_roles = commands.flat_map(|command| Role::ALL.iter().map(move |role| (*role, command)));
    with_roles.filter(move |(role, command)| role_refusal(*role, *command, stage).is_none())
}

/// Whether a command changes the claim so that it cannot be given again.
fn changes(stage: ClaimStage, command: ClaimCommand) -> bool {
    state_after(stage, command) != Some(stage.state()) || command == ClaimCommand::RemoveEvidence
}

/// Commands that can be repeated are given to one claim, all others to a claim of their own.
async fn r15_partner_commands_in_every_state(system: &TestSystem) {
    for stage in ClaimStage::ALL {
        let (changing, repeatable): (Vec<_>, Vec<_>) =
            accepted_commands(stage).partition(|(_, command)| changes(stage, *command));
        let cases = TestClaim::several_at_stage(system, stage, 1 + changing.len()).await;
        let (case, others) = cases.split_first().unwrap();
        let allowed: Vec<_> = case.claim().await.allowed_commands().collect();
        let expected: Vec<_> = COMMANDS.into_iter().filter(|command| state_after(stage, *command).is_some()).collect();
        assert_eq!(allowed, expected, "{stage:?}");
        let document = case.evidence().await.remove(0).name;
        let history = case.history().await.len();
        for command in COMMANDS {
            // Roles of other sides are refused before the state is read, so one stage shows it.
            let is_tried = |role: &Role| role.side() == ActorSide::Partner || stage == ClaimStage::UnderReview;
            for role in Role::ALL.iter().filter(|role| is_tried(role)) {
                assert_refused_by_rules(case, stage, *role, command, &document).await;
            }
            for role in Role::ALL.iter().filter(|role| role.side() == ActorSide::Partner) {
                let as_rival = as_actor(case, &system.actor("nora@northwind.example", *role, Some(NORTHWIND)));
                let reason = role_refusal(*role, command, ClaimStage::Editing);
                let code = reason.map_or(Code::NotFound, |_| Code::PermissionDenied);
                assert_refused(give(&as_rival, command, &document).await, code, reason.unwrap_or("RESOURCE_NOT_FOUND"));
            }
        }
        assert_eq!(case.history().await.len(), history, "a refused command changed the history at {stage:?}");
        let repeatable = repeatable.into_iter().map(|given| (case, given));
        assert_accepted_by_rules(system, stage, repeatable.chain(others.iter().zip(changing)).collect()).await;
    }
}

async fn assert_refused_by_rules(
    case: &TestClaim<'_>,
    stage: ClaimStage,
    role: Role,
    command: ClaimCommand,
    document: &str,
) {
    let role_refusal = role_refusal(role, command, stage);
    if role_refusal.is_none() && state_after(stage, command).is_some() {
        return;
    }
    let result = give(&as_actor(case, &case.system.actor_with_role(role)), command, document).await;
    match role_refusal {
        Some(reason) => drop(assert_refused(result, Code::PermissionDenied, reason)),
        None if (stage, command) == (ClaimStage::Withdrawn, ClaimCommand::Dispute) => {
            drop(assert_refused(result, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED"));
        }
        None => {
            let status = assert_not_allowed(result, &command_name(command), &state_name(stage));
            let allowed =
                COMMANDS.into_iter().filter(|command| state_after(stage, *command).is_some()).map(command_name);
            let named_commands = metadata(&status, "allowed").to_lowercase();
            assert_eq!(named_commands, allowed.collect::<Vec<_>>().join(","), "{stage:?} {command:?}");
        }
    }
}

async fn assert_accepted_by_rules(
    system: &TestSystem,
    stage: ClaimStage,
    given: Vec<(&TestClaim<'_>, (Role, ClaimCommand))>,
) {
    for (case, (role, command)) in &given {
        let document = case.evidence().await.remove(0).name;
        let as_role = as_actor(case, &system.actor_with_role(*role));
        give(&as_role, *command, &document)
            .await
            .unwrap_or_else(|status| panic!("{role}: {command:?} in {stage:?}: {status}"));
    }
    system.wait_until_idle().await;
    for (case, (role, command)) in given {
        match state_after(stage, command) {
            Some(ClaimState::Unspecified) => {
                drop(assert_refused(case.claim_as(&case.partner).await, Code::NotFound, "RESOURCE_NOT_FOUND"));
            }
            expected => assert_eq!(Some(case.claim().await.state()), expected, "{role}: {command:?} in {stage:?}"),
        }
    }
}

fn command_name(command: ClaimCommand) -> String {
    command.as_str_name().trim_start_matches("CLAIM_COMMAND_").to_lowercase()
}

fn state_name(stage: ClaimStage) -> String {
    stage.state().as_str_name().trim_start_matches("CLAIM_STATE_").to_lowercase()
}
