//! R15: in every state every command of every party either does what its rule says, or is refused, naming the state and what is
//! allowed in it.

use cpor_acceptance::{Answer, Case, PDF, Stage, World, both_databases, not_allowed, refused};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, Command, Contact, WithdrawReason},
    consents::v1::{ConsentCommand, ConsentState},
    reviews::v1::{ReviewCaseState, ReviewCommand},
};
use tonic::{Code, Status};

both_databases![
    r15_partner_commands_in_every_state,
    r15_reviewer_commands_in_every_state,
    r15_customer_commands_in_every_state,
];

/// What a partner can do, where, and the state that it leads to (R17, R18, R21, R25, R28, R29, R14).
const PARTNER: [Command; 9] = [
    Command::Update,
    Command::Delete,
    Command::Submit,
    Command::Resubmit,
    Command::Withdraw,
    Command::Dispute,
    Command::AddEvidence,
    Command::RemoveEvidence,
    Command::Comment,
];

/// Where a partner's command leads; `None`: it is refused. `Unspecified` stands for a claim that is gone.
fn partner_leads_to(stage: Stage, command: Command) -> Option<ClaimState> {
    let state = stage.state();
    match command {
        Command::Update => {
            matches!(stage, Stage::Editing | Stage::Submitted | Stage::PartnerActionRequired).then_some(state)
        }
        Command::RemoveEvidence => (stage == Stage::Editing).then_some(state),
        Command::Dispute => matches!(stage, Stage::Rejected | Stage::Declined).then_some(ClaimState::Disputed),
        Command::Delete => (stage == Stage::Editing).then_some(ClaimState::Unspecified),
        Command::Submit => (stage == Stage::Editing).then_some(ClaimState::Submitted),
        Command::Resubmit => (stage == Stage::PartnerActionRequired).then_some(ClaimState::Submitted),
        Command::Withdraw => {
            (!matches!(state, ClaimState::Editing | ClaimState::Rejected)).then_some(ClaimState::Rejected)
        }
        Command::AddEvidence => {
            let own = matches!(stage, Stage::Editing | Stage::Submitted | Stage::PartnerActionRequired);
            (own || matches!(stage, Stage::Rejected | Stage::Declined)).then_some(state)
        }
        Command::Comment => Some(state),
        Command::Unspecified => None,
    }
}

async fn as_partner(case: &Case<'_>, command: Command) -> Result<(), Status> {
    match command {
        Command::Unspecified => unreachable!("no command"),
        Command::Update => {
            let contact = Contact { name: "Bea".into(), email: "bea@contoso.example".into(), ..Contact::default() };
            let changed = Claim { partner_contact: Some(contact), ..Claim::default() };
            case.update(changed, &["partner_contact"]).await.map(drop)
        }
        Command::Delete => case.delete().await.map(drop),
        Command::Submit => case.submit().await.map(drop),
        Command::Resubmit => case.resubmit("Here it is.").await.map(drop),
        Command::Withdraw => case.withdraw(WithdrawReason::WrongActivity, "").await.map(drop),
        Command::Dispute => case.dispute("The proof is sound.").await.map(drop),
        Command::AddEvidence => case.upload("more.pdf", PDF).await.map(drop),
        Command::RemoveEvidence => case.remove(&case.evidence().await[0].name).await.map(drop),
        Command::Comment => case.comment(&case.partner, "A word.").await.map(drop),
    }
}

async fn r15_partner_commands_in_every_state(world: &World) {
    for stage in Stage::ALL {
        let case = Case::at(world, world.presales().await, stage).await;
        let allowed: Vec<_> = case.claim().await.allowed_commands().collect();
        let by_the_rules: Vec<_> =
            PARTNER.into_iter().filter(|command| partner_leads_to(stage, *command).is_some()).collect();
        assert_eq!(allowed, by_the_rules, "{stage:?}");
        for command in PARTNER.into_iter().filter(|command| !allowed.contains(command)) {
            let history = case.history().await.len();
            let answer = as_partner(&case, command).await;
            if (stage, command) == (Stage::Withdrawn, Command::Dispute) {
                refused(answer, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
                continue;
            }
            let status = not_allowed(answer, &word(command), &state_word(stage));
            assert_eq!(
                cpor_acceptance::metadata(&status, "allowed").to_lowercase(),
                words(&allowed),
                "{stage:?} {command:?}"
            );
            assert_eq!(case.history().await.len(), history, "a refused command left a trace");
        }
        for command in allowed {
            leads_as_the_rules_say(world, stage, command).await;
        }
    }
}

async fn leads_as_the_rules_say(world: &World, stage: Stage, command: Command) {
    let case = Case::at(world, world.presales().await, stage).await;
    as_partner(&case, command).await.unwrap_or_else(|status| panic!("{command:?} in {stage:?}: {status}"));
    world.settle().await;
    match partner_leads_to(stage, command).unwrap() {
        ClaimState::Unspecified => {
            drop(refused(case.seen_by(&case.partner).await, Code::NotFound, "RESOURCE_NOT_FOUND"))
        }
        state => assert_eq!(case.claim().await.state(), state, "{command:?} in {stage:?}"),
    }
}

fn word(command: Command) -> String {
    command.as_str_name().trim_start_matches("COMMAND_").to_lowercase()
}

fn words(commands: &[Command]) -> String {
    commands.iter().map(|command| word(*command)).collect::<Vec<_>>().join(",")
}

fn state_word(stage: Stage) -> String {
    stage.state().as_str_name().trim_start_matches("CLAIM_STATE_").to_lowercase()
}

/// What the case's reviewer or a lead can do, in the order of the contract.
const REVIEWER: [ReviewCommand; 7] = [
    ReviewCommand::Assign,
    ReviewCommand::Take,
    ReviewCommand::Release,
    ReviewCommand::Start,
    ReviewCommand::RequestPartnerAction,
    ReviewCommand::Approve,
    ReviewCommand::Reject,
];

/// Where a command of a lead leads the case (R19, R20, R23, R24); `None`: it is refused.
fn review_leads_to(stage: Stage, command: ReviewCommand) -> Option<ReviewCaseState> {
    match (stage, command) {
        (Stage::Submitted, ReviewCommand::Assign | ReviewCommand::Take) => Some(ReviewCaseState::Waiting),
        (Stage::Submitted, ReviewCommand::Start) => Some(ReviewCaseState::UnderReview),
        (Stage::UnderReview, ReviewCommand::RequestPartnerAction) => Some(ReviewCaseState::PartnerActionRequired),
        (Stage::UnderReview, ReviewCommand::Approve) => Some(ReviewCaseState::Approved),
        (Stage::UnderReview, ReviewCommand::Reject) => Some(ReviewCaseState::Rejected),
        // Nobody has the case of a claim that was just submitted, so there is nothing to release.
        _ => None,
    }
}

async fn as_lead(case: &Case<'_>, command: ReviewCommand) -> Answer<()> {
    let lead = &case.world.lead;
    match command {
        ReviewCommand::Unspecified => unreachable!("no command"),
        ReviewCommand::Assign => case.assign(lead, &case.world.colleague).await.map(drop),
        ReviewCommand::Take => case.take(lead).await.map(drop),
        ReviewCommand::Release => case.release(lead).await.map(drop),
        ReviewCommand::Start => case.start_review(lead).await.map(drop),
        ReviewCommand::RequestPartnerAction => case.request_action(lead).await.map(drop),
        ReviewCommand::Approve => case.approve(lead).await.map(drop),
        ReviewCommand::Reject => case.reject(lead).await.map(drop),
    }
}

fn case_state(stage: Stage) -> &'static str {
    match stage {
        Stage::Editing => "",
        Stage::Submitted => "waiting",
        Stage::UnderReview => "under_review",
        Stage::PartnerActionRequired => "partner_action_required",
        // A case that was decided stays so, whatever becomes of the association.
        Stage::Approved | Stage::Official => "approved",
        Stage::Rejected => "rejected",
        Stage::Withdrawn | Stage::Declined => "closed",
    }
}

async fn r15_reviewer_commands_in_every_state(world: &World) {
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Editing) {
        let case = Case::at(world, world.presales().await, stage).await;
        let allowed: Vec<_> = case.review(&world.lead).await.unwrap().allowed_commands().collect();
        let by_the_rules: Vec<_> =
            REVIEWER.into_iter().filter(|command| review_leads_to(stage, *command).is_some()).collect();
        assert_eq!(allowed, by_the_rules, "{stage:?}");
        for command in REVIEWER.into_iter().filter(|command| !allowed.contains(command)) {
            let word = command.as_str_name().trim_start_matches("REVIEW_COMMAND_").to_lowercase();
            let status = refused(as_lead(&case, command).await, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
            assert_eq!(cpor_acceptance::metadata(&status, "command").to_lowercase(), word);
            let state = cpor_acceptance::metadata(&status, "state").to_lowercase();
            let closed_after_approval = stage == Stage::Declined && state == "approved";
            assert!(state == case_state(stage) || closed_after_approval, "{stage:?} {command:?}: {state}");
        }
        for command in allowed {
            let case = Case::at(world, world.presales().await, stage).await;
            as_lead(&case, command).await.unwrap_or_else(|status| panic!("{command:?} in {stage:?}: {status}"));
            world.settle().await;
            let state = case.review(&world.lead).await.unwrap().state();
            assert_eq!(Some(state), review_leads_to(stage, command), "{command:?} in {stage:?}");
        }
    }
}

async fn r15_customer_commands_in_every_state(world: &World) {
    use ConsentCommand::{Approve, Decline};
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Editing) {
        let case = Case::at(world, world.presales().await, stage).await;
        let (allowed, approving, declining) = match stage {
            Stage::Submitted | Stage::UnderReview | Stage::PartnerActionRequired | Stage::Approved => {
                (vec![Approve, Decline], None, None)
            }
            Stage::Official => (vec![], Some("WINDOW_PASSED"), Some("WINDOW_PASSED")),
            // Repeating a decline gets the first answer.
            Stage::Declined => (vec![], Some("ALREADY_DECLINED"), None),
            // A claim that can be disputed can be declined (R28).
            Stage::Rejected => (vec![Decline], Some("CLAIM_CLOSED"), None),
            Stage::Withdrawn => (vec![], Some("CLAIM_CLOSED"), Some("CLAIM_CLOSED")),
            Stage::Editing => unreachable!("filtered"),
        };
        assert_eq!(case.consent().await.unwrap().allowed_commands().collect::<Vec<_>>(), allowed, "{stage:?}");
        match approving {
            Some(reason) => drop(refused(case.approve_consent().await, Code::FailedPrecondition, reason)),
            None => drop(case.approve_consent().await.unwrap()),
        }
        world.settle().await;
        match declining {
            Some(reason) => drop(refused(case.decline_consent("No.").await, Code::FailedPrecondition, reason)),
            None => assert_eq!(case.decline_consent("No.").await.unwrap().state(), ConsentState::Declined),
        }
        world.settle().await;
        let rejected = declining.is_none() || stage.state() == ClaimState::Rejected;
        assert_eq!(case.claim().await.state() == ClaimState::Rejected, rejected, "{stage:?}");
    }
}
