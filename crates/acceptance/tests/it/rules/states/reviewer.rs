//! The commands of reviewers and leads (R5, R19, R20, R23, R24), on cases of submissions and of disputes.

use cpor_acceptance::{Actor, ApiResult, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, metadata};
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
fn stations() -> Vec<(ClaimStage, Desk)> {
    let waiting = [ClaimStage::Submitted, ClaimStage::Disputed];
    let walked =
        ClaimStage::ALL.into_iter().filter(|stage| *stage != ClaimStage::Editing).map(|stage| (stage, Desk::Untouched));
    let taken = waiting.into_iter().map(|stage| (stage, Desk::Taken));
    walked.chain(taken).chain([(ClaimStage::Disputed, Desk::Started)]).collect()
}

/// So many cases there.
async fn several_at_stage(system: &TestSystem, (stage, desk): (ClaimStage, Desk), count: usize) -> Vec<TestClaim<'_>> {
    let cases = TestClaim::several_at_stage(system, stage, count).await;
    for case in &cases {
        match desk {
            Desk::Untouched => {}
            Desk::Taken => drop(case.take(&system.reviewer).await.unwrap()),
            Desk::Started => case.take_and_start_review().await,
        }
    }
    system.wait_until_idle().await;
    cases
}

/// The state of the case there.
fn state((stage, desk): (ClaimStage, Desk)) -> ReviewCaseState {
    match stage {
        ClaimStage::Submitted => ReviewCaseState::Waiting,
        ClaimStage::Disputed if desk != Desk::Started => ReviewCaseState::Waiting,
        ClaimStage::UnderReview | ClaimStage::Disputed => ReviewCaseState::UnderReview,
        ClaimStage::PartnerActionRequired => ReviewCaseState::PartnerActionRequired,
        // A case that was decided stays so, whatever becomes of the association.
        ClaimStage::Approved | ClaimStage::Official | ClaimStage::Declined => ReviewCaseState::Approved,
        ClaimStage::Rejected => ReviewCaseState::Rejected,
        ClaimStage::Withdrawn => ReviewCaseState::Closed,
        ClaimStage::Editing => unreachable!("a draft has no case"),
    }
}

/// Where a command leads the case; `None`: the state does not admit it.
fn leads_to(station: (ClaimStage, Desk), command: ReviewCommand) -> Option<ReviewCaseState> {
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
fn may(who: Who, station: (ClaimStage, Desk), command: ReviewCommand) -> bool {
    let waits_untaken = state(station) == ReviewCaseState::Waiting && station.1 == Desk::Untouched;
    match (who, command) {
        (Who::Lead, _) => true,
        (Who::Own | Who::Other, ReviewCommand::Take) => true,
        (Who::Own | Who::Other, ReviewCommand::Assign) | (Who::Other, _) => false,
        (Who::Own, _) => !waits_untaken,
    }
}

async fn give(case: &TestClaim<'_>, actor: &Actor, command: ReviewCommand) -> ApiResult<()> {
    match command {
        ReviewCommand::Unspecified => unreachable!("no command"),
        ReviewCommand::Assign => case.assign(actor, &case.system.colleague).await.map(drop),
        ReviewCommand::Take => case.take(actor).await.map(drop),
        ReviewCommand::Release => case.release(actor).await.map(drop),
        ReviewCommand::Start => case.start_review(actor).await.map(drop),
        ReviewCommand::RequestPartnerAction => case.request_action(actor).await.map(drop),
        ReviewCommand::Approve => case.approve(actor).await.map(drop),
        ReviewCommand::Reject => case.reject(actor).await.map(drop),
    }
}

fn actor(system: &TestSystem, who: Who) -> &Actor {
    match who {
        Who::Lead => &system.lead,
        Who::Own => &system.reviewer,
        Who::Other => &system.colleague,
    }
}

/// Everybody with every command.
fn given() -> impl Iterator<Item = (Who, ReviewCommand)> {
    COMMANDS
        .into_iter()
        .flat_map(|command| [Who::Lead, Who::Own, Who::Other].into_iter().map(move |who| (who, command)))
}

/// What is refused is tried on one case, what is done has a case of its own.
async fn r15_reviewer_commands_in_every_state(system: &TestSystem) {
    for station in stations() {
        let (done, refused_ones): (Vec<_>, Vec<_>) =
            given().partition(|(who, command)| leads_to(station, *command).is_some() && may(*who, station, *command));
        let cases = several_at_stage(system, station, 1 + done.len()).await;
        let (case, others) = cases.split_first().unwrap();
        let by_the_rules: Vec<_> =
            COMMANDS.into_iter().filter(|command| leads_to(station, *command).is_some()).collect();
        let allowed: Vec<_> = case.review(&system.lead).await.unwrap().allowed_commands().collect();
        assert_eq!(allowed, by_the_rules, "{station:?}");
        for command in COMMANDS {
            for role in Role::ALL.iter().filter(|role| !matches!(role, Role::PoeReviewer | Role::ReviewLead)) {
                let answer = give(case, &system.actor_with_role(*role), command).await;
                assert_refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
            }
        }
        for (who, command) in refused_ones {
            refuses_as_the_rules_say(case, station, who, command).await;
        }
        lead_as_the_rules_say(system, station, others.iter().zip(done).collect()).await;
        assert_eq!(
            case.review(&system.lead).await.unwrap().state(),
            state(station),
            "a refused command changed {station:?}"
        );
    }
}

async fn refuses_as_the_rules_say(case: &TestClaim<'_>, station: (ClaimStage, Desk), who: Who, command: ReviewCommand) {
    let answer = give(case, actor(case.system, who), command).await;
    let takes_what_is_taken = command == ReviewCommand::Take && state(station) == ReviewCaseState::Waiting;
    // Nothing to release is told to a lead as what the state does not admit, and to others as not their case.
    let is_not_theirs =
        who != Who::Lead && state(station) == ReviewCaseState::Waiting && command == ReviewCommand::Release;
    if command == ReviewCommand::Assign && who != Who::Lead {
        assert_refused(answer, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    } else if leads_to(station, command).is_some() || is_not_theirs {
        assert_refused(answer, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    } else if takes_what_is_taken {
        assert_refused(answer, Code::FailedPrecondition, "ALREADY_ASSIGNED");
    } else {
        let status = assert_refused(answer, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
        let said = |key: &str| metadata(&status, key).to_lowercase();
        let word = command.as_str_name().trim_start_matches("REVIEW_COMMAND_").to_lowercase();
        let state = state(station).as_str_name().trim_start_matches("REVIEW_CASE_STATE_").to_lowercase();
        assert_eq!((said("command"), said("state")), (word, state), "{station:?} {who:?}");
    }
}

async fn lead_as_the_rules_say(
    system: &TestSystem,
    station: (ClaimStage, Desk),
    done: Vec<(&TestClaim<'_>, (Who, ReviewCommand))>,
) {
    for (case, (who, command)) in &done {
        let answer = give(case, actor(system, *who), *command).await;
        answer.unwrap_or_else(|status| panic!("{who:?}: {command:?} in {station:?}: {status}"));
    }
    system.wait_until_idle().await;
    for (case, (who, command)) in done {
        let now = case.review(&system.lead).await.unwrap().state();
        assert_eq!(Some(now), leads_to(station, command), "{who:?}: {command:?} in {station:?}");
    }
}
