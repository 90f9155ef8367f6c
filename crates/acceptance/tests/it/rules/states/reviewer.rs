//! The commands of reviewers and leads (R5, R19, R20, R23, R24), on cases of submissions and of disputes.

use cpor_acceptance::{Actor, Answer, Case, Stage, World, both_databases, metadata, refused};
use cpor_proto::reviews::v1::{ReviewCaseState, ReviewCommand};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_reviewer_commands_in_every_state];

/// In the order of the contract.
const COMMANDS: [ReviewCommand; 7] = [
    ReviewCommand::Assign,
    ReviewCommand::Take,
    ReviewCommand::Release,
    ReviewCommand::Start,
    ReviewCommand::RequestPartnerAction,
    ReviewCommand::Approve,
    ReviewCommand::Reject,
];

/// What was done with a case that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Desk {
    /// Nothing.
    Untouched,
    /// The reviewer took it.
    Taken,
    /// The reviewer started.
    Started,
}

/// Every state of a case, in every way that a claim has it.
fn stations() -> Vec<(Stage, Desk)> {
    let waiting = [Stage::Submitted, Stage::Disputed];
    let walked = Stage::ALL.into_iter().filter(|stage| *stage != Stage::Editing).map(|stage| (stage, Desk::Untouched));
    let taken = waiting.into_iter().map(|stage| (stage, Desk::Taken));
    walked.chain(taken).chain([(Stage::Disputed, Desk::Started)]).collect()
}

/// So many cases there.
async fn several_at(world: &World, (stage, desk): (Stage, Desk), count: usize) -> Vec<Case<'_>> {
    let cases = Case::several_at(world, stage, count).await;
    for case in &cases {
        match desk {
            Desk::Untouched => {}
            Desk::Taken => drop(case.take(&world.reviewer).await.unwrap()),
            Desk::Started => case.review_starts().await,
        }
    }
    world.settle().await;
    cases
}

/// The state of the case there.
fn state((stage, desk): (Stage, Desk)) -> ReviewCaseState {
    match stage {
        Stage::Submitted => ReviewCaseState::Waiting,
        Stage::Disputed if desk != Desk::Started => ReviewCaseState::Waiting,
        Stage::UnderReview | Stage::Disputed => ReviewCaseState::UnderReview,
        Stage::PartnerActionRequired => ReviewCaseState::PartnerActionRequired,
        // A case that was decided stays so, whatever becomes of the association.
        Stage::Approved | Stage::Official | Stage::Declined => ReviewCaseState::Approved,
        Stage::Rejected => ReviewCaseState::Rejected,
        Stage::Withdrawn => ReviewCaseState::Closed,
        Stage::Editing => unreachable!("a draft has no case"),
    }
}

/// Where a command leads the case; `None`: the state does not admit it.
fn leads_to(station: (Stage, Desk), command: ReviewCommand) -> Option<ReviewCaseState> {
    let nobody_has_it = station.1 == Desk::Untouched;
    match (state(station), command) {
        (ReviewCaseState::Waiting, ReviewCommand::Assign) => Some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Take) => nobody_has_it.then_some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Release) => (!nobody_has_it).then_some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Start) => Some(ReviewCaseState::UnderReview),
        (ReviewCaseState::UnderReview, ReviewCommand::RequestPartnerAction) => {
            Some(ReviewCaseState::PartnerActionRequired)
        }
        (ReviewCaseState::UnderReview, ReviewCommand::Approve) => Some(ReviewCaseState::Approved),
        (ReviewCaseState::UnderReview, ReviewCommand::Reject) => Some(ReviewCaseState::Rejected),
        _ => None,
    }
}

/// Who is there to give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// A lead.
    Lead,
    /// The reviewer who took the case, if anybody did.
    Own,
    /// Another reviewer.
    Other,
}

/// Whether a reviewer who stands so to the case may give the command that its state admits.
fn may(who: Who, station: (Stage, Desk), command: ReviewCommand) -> bool {
    let waits_untaken = state(station) == ReviewCaseState::Waiting && station.1 == Desk::Untouched;
    match (who, command) {
        (Who::Lead, _) => true,
        (Who::Own | Who::Other, ReviewCommand::Take) => true,
        (Who::Own | Who::Other, ReviewCommand::Assign) | (Who::Other, _) => false,
        (Who::Own, _) => !waits_untaken,
    }
}

async fn give(case: &Case<'_>, actor: &Actor, command: ReviewCommand) -> Answer<()> {
    match command {
        ReviewCommand::Unspecified => unreachable!("no command"),
        ReviewCommand::Assign => case.assign(actor, &case.world.colleague).await.map(drop),
        ReviewCommand::Take => case.take(actor).await.map(drop),
        ReviewCommand::Release => case.release(actor).await.map(drop),
        ReviewCommand::Start => case.start_review(actor).await.map(drop),
        ReviewCommand::RequestPartnerAction => case.request_action(actor).await.map(drop),
        ReviewCommand::Approve => case.approve(actor).await.map(drop),
        ReviewCommand::Reject => case.reject(actor).await.map(drop),
    }
}

fn actor(world: &World, who: Who) -> &Actor {
    match who {
        Who::Lead => &world.lead,
        Who::Own => &world.reviewer,
        Who::Other => &world.colleague,
    }
}

/// Everybody with every command.
fn given() -> impl Iterator<Item = (Who, ReviewCommand)> {
    COMMANDS
        .into_iter()
        .flat_map(|command| [Who::Lead, Who::Own, Who::Other].into_iter().map(move |who| (who, command)))
}

/// What is refused is tried on one case, what is done has a case of its own.
async fn r15_reviewer_commands_in_every_state(world: &World) {
    for station in stations() {
        let (done, refused_ones): (Vec<_>, Vec<_>) =
            given().partition(|(who, command)| leads_to(station, *command).is_some() && may(*who, station, *command));
        let cases = several_at(world, station, 1 + done.len()).await;
        let (case, others) = cases.split_first().unwrap();
        let by_the_rules: Vec<_> =
            COMMANDS.into_iter().filter(|command| leads_to(station, *command).is_some()).collect();
        let allowed: Vec<_> = case.review(&world.lead).await.unwrap().allowed_commands().collect();
        assert_eq!(allowed, by_the_rules, "{station:?}");
        for command in COMMANDS {
            for role in Role::ALL.iter().filter(|role| !matches!(role, Role::PoeReviewer | Role::ReviewLead)) {
                let answer = give(case, &world.somebody(*role), command).await;
                refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
            }
        }
        for (who, command) in refused_ones {
            refuses_as_the_rules_say(case, station, who, command).await;
        }
        lead_as_the_rules_say(world, station, others.iter().zip(done).collect()).await;
        assert_eq!(
            case.review(&world.lead).await.unwrap().state(),
            state(station),
            "a refused command changed {station:?}"
        );
    }
}

async fn refuses_as_the_rules_say(case: &Case<'_>, station: (Stage, Desk), who: Who, command: ReviewCommand) {
    let answer = give(case, actor(case.world, who), command).await;
    let takes_what_is_taken = command == ReviewCommand::Take && state(station) == ReviewCaseState::Waiting;
    // Nothing to release is told to a lead as what the state does not admit, and to others as not their case.
    let is_not_theirs =
        who != Who::Lead && state(station) == ReviewCaseState::Waiting && command == ReviewCommand::Release;
    if command == ReviewCommand::Assign && who != Who::Lead {
        refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    } else if leads_to(station, command).is_some() || is_not_theirs {
        refused(answer, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    } else if takes_what_is_taken {
        refused(answer, Code::FailedPrecondition, "ALREADY_ASSIGNED");
    } else {
        let status = refused(answer, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
        let said = |key: &str| metadata(&status, key).to_lowercase();
        let word = command.as_str_name().trim_start_matches("REVIEW_COMMAND_").to_lowercase();
        let state = state(station).as_str_name().trim_start_matches("REVIEW_CASE_STATE_").to_lowercase();
        assert_eq!((said("command"), said("state")), (word, state), "{station:?} {who:?}");
    }
}

async fn lead_as_the_rules_say(world: &World, station: (Stage, Desk), done: Vec<(&Case<'_>, (Who, ReviewCommand))>) {
    for (case, (who, command)) in &done {
        let answer = give(case, actor(world, *who), *command).await;
        answer.unwrap_or_else(|status| panic!("{who:?}: {command:?} in {station:?}: {status}"));
    }
    world.settle().await;
    for (case, (who, command)) in done {
        let now = case.review(&world.lead).await.unwrap().state();
        assert_eq!(Some(now), leads_to(station, command), "{who:?}: {command:?} in {station:?}");
    }
}
