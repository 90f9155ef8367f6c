//! The commands of reviewers and review leads (R5, R19, R20, R23, R24), for submitted and disputed
//! claims.

use cpor_acceptance::{Actor, ApiResult, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, metadata};
use cpor_proto::reviews::v1::{ReviewCaseState, ReviewCommand};
use cpor_types::Role;
use tonic::Code;

both_databases![r15_reviewer_commands_in_every_state];

/// All commands on a case whose lines are not contested, in the order of the API, except the
/// confirmation of a contact: the contact of these claims needs none (R43a).
const COMMANDS: [ReviewCommand; 7] = [
    ReviewCommand::Assign,
    ReviewCommand::Take,
    ReviewCommand::Release,
    ReviewCommand::Start,
    ReviewCommand::RequestPartnerAction,
    ReviewCommand::Approve,
    ReviewCommand::Reject,
];

/// What the reviewer did with a waiting case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CaseProgress {
    /// Nothing.
    Untouched,
    /// The reviewer took the case.
    Taken,
    /// The reviewer started the review.
    Started,
}

/// A claim stage, and what the reviewer did with the case.
type Situation = (ClaimStage, CaseProgress);

/// All situations, so that every state of a case occurs.
fn situations() -> Vec<Situation> {
    let waiting = [ClaimStage::Submitted, ClaimStage::Disputed];
    let untouched = ClaimStage::ALL
        .into_iter()
        .filter(|stage| *stage != ClaimStage::Editing)
        .map(|stage| (stage, CaseProgress::Untouched));
    let taken = waiting.into_iter().map(|stage| (stage, CaseProgress::Taken));
    untouched.chain(taken).chain([(ClaimStage::Disputed, CaseProgress::Started)]).collect()
}

/// Creates this number of claims in a situation.
async fn several_in(system: &TestSystem, (stage, progress): Situation, count: usize) -> Vec<TestClaim<'_>> {
    let cases = TestClaim::several_at_stage(system, stage, count).await;
    for case in &cases {
        match progress {
            CaseProgress::Untouched => {}
            CaseProgress::Taken => drop(case.take(&system.reviewer).await.unwrap()),
            CaseProgress::Started => case.take_and_start_review().await,
        }
    }
    system.wait_until_idle().await;
    cases
}

/// The state of the case in a situation.
fn state((stage, progress): Situation) -> ReviewCaseState {
    match stage {
        ClaimStage::Submitted => ReviewCaseState::Waiting,
        ClaimStage::Disputed if progress != CaseProgress::Started => ReviewCaseState::Waiting,
        ClaimStage::UnderReview | ClaimStage::Disputed => ReviewCaseState::UnderReview,
        ClaimStage::PartnerActionRequired => ReviewCaseState::PartnerActionRequired,
        // The state of a decided case does not follow the association.
        ClaimStage::Approved | ClaimStage::Official | ClaimStage::Declined => ReviewCaseState::Approved,
        ClaimStage::Rejected => ReviewCaseState::Rejected,
        ClaimStage::Withdrawn => ReviewCaseState::Closed,
        ClaimStage::Editing => unreachable!("a draft has no case"),
    }
}

/// The state of the case after a command, or `None` if the state does not admit it.
fn state_after(situation: Situation, command: ReviewCommand) -> Option<ReviewCaseState> {
    let is_unassigned = situation.1 == CaseProgress::Untouched;
    match (state(situation), command) {
        (ReviewCaseState::Waiting, ReviewCommand::Assign) => Some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Take) => is_unassigned.then_some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Release) => (!is_unassigned).then_some(ReviewCaseState::Waiting),
        (ReviewCaseState::Waiting, ReviewCommand::Start) => Some(ReviewCaseState::UnderReview),
        (ReviewCaseState::UnderReview, ReviewCommand::RequestPartnerAction) => {
            Some(ReviewCaseState::PartnerActionRequired)
        }
        (ReviewCaseState::UnderReview, ReviewCommand::Approve) => Some(ReviewCaseState::Approved),
        (ReviewCaseState::UnderReview, ReviewCommand::Reject) => Some(ReviewCaseState::Rejected),
        _ => None,
    }
}

/// The relation of an actor to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CaseActor {
    /// A review lead.
    Lead,
    /// The reviewer who takes the case.
    CaseReviewer,
    /// Another reviewer.
    OtherReviewer,
}

/// Whether an actor may give a command that the state of the case admits.
fn may(case_actor: CaseActor, situation: Situation, command: ReviewCommand) -> bool {
    let waits_unassigned = state(situation) == ReviewCaseState::Waiting && situation.1 == CaseProgress::Untouched;
    match (case_actor, command) {
        (CaseActor::Lead, _) => true,
        (CaseActor::CaseReviewer | CaseActor::OtherReviewer, ReviewCommand::Take) => true,
        (CaseActor::CaseReviewer | CaseActor::OtherReviewer, ReviewCommand::Assign) | (CaseActor::OtherReviewer, _) => {
            false
        }
        (CaseActor::CaseReviewer, _) => !waits_unassigned,
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
        ReviewCommand::RequestStatement => case.request_statement(actor).await.map(drop),
        ReviewCommand::Approve => case.approve(actor).await.map(drop),
        ReviewCommand::Reject => case.reject(actor).await.map(drop),
        ReviewCommand::ConfirmCustomerContact => case.confirm_contact(actor).await.map(drop),
    }
}

fn actor(system: &TestSystem, case_actor: CaseActor) -> &Actor {
    match case_actor {
        CaseActor::Lead => &system.lead,
        CaseActor::CaseReviewer => &system.reviewer,
        CaseActor::OtherReviewer => &system.colleague,
    }
}

/// Every actor with every command.
fn actors_and_commands() -> impl Iterator<Item = (CaseActor, ReviewCommand)> {
    COMMANDS.into_iter().flat_map(|command| {
        [CaseActor::Lead, CaseActor::CaseReviewer, CaseActor::OtherReviewer]
            .into_iter()
            .map(move |case_actor| (case_actor, command))
    })
}

/// Refused commands are given to one claim, accepted ones to a claim of their own.
async fn r15_reviewer_commands_in_every_state(system: &TestSystem) {
    for situation in situations() {
        let (accepted, refused): (Vec<_>, Vec<_>) = actors_and_commands().partition(|(case_actor, command)| {
            state_after(situation, *command).is_some() && may(*case_actor, situation, *command)
        });
        let cases = several_in(system, situation, 1 + accepted.len()).await;
        let (case, others) = cases.split_first().unwrap();
        let expected: Vec<_> =
            COMMANDS.into_iter().filter(|command| state_after(situation, *command).is_some()).collect();
        let allowed: Vec<_> = case.review(&system.lead).await.unwrap().allowed_commands().collect();
        assert_eq!(allowed, expected, "{situation:?}");
        // Roles are refused before the state is read, so one situation shows it.
        if situation == (ClaimStage::UnderReview, CaseProgress::Untouched) {
            assert_other_roles_refused(case).await;
        }
        for (case_actor, command) in refused {
            assert_refused_by_rules(case, situation, case_actor, command).await;
        }
        assert_accepted_by_rules(system, situation, others.iter().zip(accepted).collect()).await;
        assert_eq!(
            case.review(&system.lead).await.unwrap().state(),
            state(situation),
            "a refused command changed {situation:?}"
        );
    }
}

async fn assert_other_roles_refused(case: &TestClaim<'_>) {
    for command in COMMANDS {
        for role in Role::ALL.iter().filter(|role| !matches!(role, Role::PoeReviewer | Role::ReviewLead)) {
            let result = give(case, &case.system.actor_with_role(*role), command).await;
            assert_refused(result, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
    }
}

async fn assert_refused_by_rules(
    case: &TestClaim<'_>,
    situation: Situation,
    case_actor: CaseActor,
    command: ReviewCommand,
) {
    let result = give(case, actor(case.system, case_actor), command).await;
    let takes_assigned_case = command == ReviewCommand::Take && state(situation) == ReviewCaseState::Waiting;
    // A case without a reviewer cannot be released. Only a lead learns that from the refusal.
    let releases_other_case = case_actor != CaseActor::Lead
        && state(situation) == ReviewCaseState::Waiting
        && command == ReviewCommand::Release;
    if command == ReviewCommand::Assign && case_actor != CaseActor::Lead {
        assert_refused(result, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    } else if state_after(situation, command).is_some() || releases_other_case {
        assert_refused(result, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    } else if takes_assigned_case {
        assert_refused(result, Code::FailedPrecondition, "ALREADY_ASSIGNED");
    } else {
        let status = assert_refused(result, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
        let value = |key: &str| metadata(&status, key).to_lowercase();
        let command_name = command.as_str_name().trim_start_matches("REVIEW_COMMAND_").to_lowercase();
        let state = state(situation).as_str_name().trim_start_matches("REVIEW_CASE_STATE_").to_lowercase();
        assert_eq!((value("command"), value("state")), (command_name, state), "{situation:?} {case_actor:?}");
    }
}

async fn assert_accepted_by_rules(
    system: &TestSystem,
    situation: Situation,
    accepted: Vec<(&TestClaim<'_>, (CaseActor, ReviewCommand))>,
) {
    for (case, (case_actor, command)) in &accepted {
        let result = give(case, actor(system, *case_actor), *command).await;
        result.unwrap_or_else(|status| panic!("{case_actor:?}: {command:?} in {situation:?}: {status}"));
    }
    system.wait_until_idle().await;
    for (case, (case_actor, command)) in accepted {
        let now = case.review(&system.lead).await.unwrap().state();
        assert_eq!(Some(now), state_after(situation, command), "{case_actor:?}: {command:?} in {situation:?}");
    }
}
