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

/// Where a command leads; `None`: it is refused. `Unspecified` stands for a claim that is gone.
fn leads_to(stage: ClaimStage, command: ClaimCommand) -> Option<ClaimState> {
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
        ClaimCommand::Unspecified | ClaimCommand::ErasePersonalData => None,
    }
}

/// Why somebody of this role may not give the command, whatever else of the claim (R4, R5); `None`: it may.
fn forbidden(role: Role, command: ClaimCommand, stage: ClaimStage) -> Option<&'static str> {
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

/// The claim in the hands of somebody else.
fn held_by<'w>(case: &TestClaim<'w>, actor: &Actor) -> TestClaim<'w> {
    TestClaim { partner: actor.clone(), ..case.clone() }
}

async fn give(case: &TestClaim<'_>, command: ClaimCommand, document: &str) -> Result<(), Status> {
    match command {
        ClaimCommand::Unspecified | ClaimCommand::ErasePersonalData => unreachable!("no command of a partner's"),
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
        ClaimCommand::Comment => case.comment(&case.partner, "A word.").await.map(drop),
    }
}

/// Who may give what there.
fn given(stage: ClaimStage) -> impl Iterator<Item = (Role, ClaimCommand)> {
    let admitted = COMMANDS.into_iter().filter(move |command| leads_to(stage, *command).is_some());
    let by_all = admitted.flat_map(|command| Role::ALL.iter().map(move |role| (*role, command)));
    by_all.filter(move |(role, command)| forbidden(*role, *command, stage).is_none())
}

/// Whether the next who gives the command meets another claim than the one before.
fn changes(stage: ClaimStage, command: ClaimCommand) -> bool {
    leads_to(stage, command) != Some(stage.state()) || command == ClaimCommand::RemoveEvidence
}

/// What leaves the state as it is is done to the same claim, one after the other; what changes it, to one of its own.
async fn r15_partner_commands_in_every_state(system: &TestSystem) {
    for stage in ClaimStage::ALL {
        let (changing, leaving): (Vec<_>, Vec<_>) = given(stage).partition(|(_, command)| changes(stage, *command));
        let cases = TestClaim::several_at_stage(system, stage, 1 + changing.len()).await;
        let (case, others) = cases.split_first().unwrap();
        let allowed: Vec<_> = case.claim().await.allowed_commands().collect();
        let by_the_rules: Vec<_> = COMMANDS.into_iter().filter(|command| leads_to(stage, *command).is_some()).collect();
        assert_eq!(allowed, by_the_rules, "{stage:?}");
        let document = case.evidence().await.remove(0).name;
        let history = case.history().await.len();
        for command in COMMANDS {
            for role in Role::ALL {
                refuses_as_the_rules_say(case, stage, *role, command, &document).await;
            }
            for role in Role::ALL.iter().filter(|role| role.side() == ActorSide::Partner) {
                let stranger = held_by(case, &system.actor("nora@northwind.example", *role, Some(NORTHWIND)));
                let reason = forbidden(*role, command, ClaimStage::Editing);
                let code = reason.map_or(Code::NotFound, |_| Code::PermissionDenied);
                assert_refused(give(&stranger, command, &document).await, code, reason.unwrap_or("RESOURCE_NOT_FOUND"));
            }
        }
        assert_eq!(case.history().await.len(), history, "a refused command left a trace in {stage:?}");
        let left = leaving.into_iter().map(|given| (case, given));
        lead_as_the_rules_say(system, stage, left.chain(others.iter().zip(changing)).collect()).await;
    }
}

async fn refuses_as_the_rules_say(
    case: &TestClaim<'_>,
    stage: ClaimStage,
    role: Role,
    command: ClaimCommand,
    document: &str,
) {
    let forbidden = forbidden(role, command, stage);
    if forbidden.is_none() && leads_to(stage, command).is_some() {
        return;
    }
    let answer = give(&held_by(case, &case.system.actor_with_role(role)), command, document).await;
    match forbidden {
        Some(reason) => drop(assert_refused(answer, Code::PermissionDenied, reason)),
        None if (stage, command) == (ClaimStage::Withdrawn, ClaimCommand::Dispute) => {
            drop(assert_refused(answer, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED"));
        }
        None => {
            let status = assert_not_allowed(answer, &named(command), &word(stage));
            let allowed = COMMANDS.into_iter().filter(|command| leads_to(stage, *command).is_some()).map(named);
            let told = metadata(&status, "allowed").to_lowercase();
            assert_eq!(told, allowed.collect::<Vec<_>>().join(","), "{stage:?} {command:?}");
        }
    }
}

async fn lead_as_the_rules_say(
    system: &TestSystem,
    stage: ClaimStage,
    given: Vec<(&TestClaim<'_>, (Role, ClaimCommand))>,
) {
    for (case, (role, command)) in &given {
        let document = case.evidence().await.remove(0).name;
        let acting = held_by(case, &system.actor_with_role(*role));
        give(&acting, *command, &document)
            .await
            .unwrap_or_else(|status| panic!("{role}: {command:?} in {stage:?}: {status}"));
    }
    system.wait_until_idle().await;
    for (case, (role, command)) in given {
        match leads_to(stage, command) {
            Some(ClaimState::Unspecified) => {
                drop(assert_refused(case.claim_as(&case.partner).await, Code::NotFound, "RESOURCE_NOT_FOUND"));
            }
            led => assert_eq!(Some(case.claim().await.state()), led, "{role}: {command:?} in {stage:?}"),
        }
    }
}

fn named(command: ClaimCommand) -> String {
    command.as_str_name().trim_start_matches("COMMAND_").to_lowercase()
}

fn word(stage: ClaimStage) -> String {
    stage.state().as_str_name().trim_start_matches("CLAIM_STATE_").to_lowercase()
}
