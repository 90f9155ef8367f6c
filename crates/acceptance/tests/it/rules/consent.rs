//! R26, R26a, R27, R28, R42, R43: what the customer says, signed in, and what silence means.

use chrono::TimeDelta;
use cpor_acceptance::{Case, Stage, World, at, both_databases, moment, refused};
use cpor_proto::{
    claims::v1::{AssociationState, ClaimState, PrimaryRejectionReason, Side},
    consents::v1::{ConsentChannel, ConsentCommand, ConsentState},
    registry::v1::{AssociationState as Held, EndReason},
    reviews::v1::ReviewCaseState,
};
use tonic::Code;

both_databases![
    r26_a_decline_rejects_in_every_state,
    r26_a_decline_frees_the_hold,
    r26a_approving_after_approval_makes_it_official_at_once,
    r26a_approving_before_makes_it_official_at_approval,
    r26a_a_decline_beats_an_approval,
    r26a_repeating_gets_the_first_answer,
    r27_the_window_passes_and_the_association_is_official,
    r42_silence_is_enough,
    r43_an_early_approval_can_still_be_declined_until_the_window_passes,
    r28_while_a_rejection_can_be_disputed_a_decline_is_recorded,
    r28_when_it_can_no_longer_be_disputed_nothing_can_be_declined,
    r28_a_dispute_asks_the_customer_again_and_silence_after_a_decline_is_one,
];

async fn r26_a_decline_rejects_in_every_state(world: &World) {
    for stage in [Stage::Submitted, Stage::UnderReview, Stage::PartnerActionRequired, Stage::Approved] {
        let case = Case::at(world, world.presales().await, stage).await;
        let consent = case.decline_consent("We did this ourselves.").await.unwrap();
        assert_eq!((consent.state(), consent.channel()), (ConsentState::Declined, ConsentChannel::SignedIn));
        assert_eq!(consent.decline_time, Some(at("2026-03-16T09:00:00Z")));
        world.settle().await;
        let claim = case.claim().await;
        let rejection = claim.rejection.clone().unwrap();
        assert_eq!(
            (claim.state(), rejection.primary_reason()),
            (ClaimState::Rejected, PrimaryRejectionReason::CustomerDeclined)
        );
        assert_eq!(rejection.comment, "We did this ourselves.");
        let entry = case.entry("customer_declined").await;
        assert_eq!((entry.side(), entry.overtaken), (Side::Customer, false));
        let review = case.review(&world.lead).await.unwrap().state();
        assert!(matches!(review, ReviewCaseState::Closed | ReviewCaseState::Approved), "{stage:?}: {review:?}");
    }
}

async fn r26_a_decline_frees_the_hold(world: &World) {
    let claim = world.presales().await;
    let case = Case::at(world, claim.clone(), Stage::Declined).await;
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason(), ended.official_time), (Held::Ended, EndReason::Declined, None));
    let rival = Case::at(world, world.rival_of(&claim), Stage::Approved).await;
    assert_eq!(rival.associations().await.remove(0).state(), Held::Pending);
}

async fn r26a_approving_after_approval_makes_it_official_at_once(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    world.advance(TimeDelta::hours(5)).await;
    let consent = case.approve_consent().await.unwrap();
    assert_eq!((consent.state(), consent.approve_time), (ConsentState::Granted, Some(at("2026-03-16T14:00:00Z"))));
    world.settle().await;
    let claim = case.claim().await;
    assert_eq!(
        (claim.association_state(), claim.official_time),
        (AssociationState::Official, Some(at("2026-03-16T14:00:00Z")))
    );
    let held = case.associations().await.remove(0);
    assert_eq!((held.state(), held.official_time), (Held::Official, Some(at("2026-03-16T14:00:00Z"))));
    world.advance(TimeDelta::days(10)).await;
    let official = case.history().await.into_iter().filter(|entry| entry.action == "association_official").count();
    assert_eq!(official, 1, "the window that passes has nothing more to do");
}

async fn r26a_approving_before_makes_it_official_at_approval(world: &World) {
    for stage in [Stage::Submitted, Stage::UnderReview, Stage::PartnerActionRequired] {
        let case = Case::at(world, world.presales().await, stage).await;
        case.approve_consent().await.unwrap();
        world.settle().await;
        let claim = case.claim().await;
        assert_eq!((claim.state(), claim.association_state()), (stage.state(), AssociationState::Unspecified));
        if stage == Stage::PartnerActionRequired {
            case.resubmit("Here it is.").await.unwrap();
            world.settle().await;
        }
        if stage != Stage::UnderReview {
            case.review_starts().await;
        }
        case.approve(&world.reviewer).await.unwrap();
        world.settle().await;
        let claim = case.claim().await;
        assert_eq!(
            (claim.state(), claim.association_state()),
            (ClaimState::Approved, AssociationState::Official),
            "{stage:?}"
        );
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::Granted);
    }
}

async fn r26a_a_decline_beats_an_approval(world: &World) {
    for stage in [Stage::Submitted, Stage::Approved] {
        let case = Case::at(world, world.presales().await, stage).await;
        case.approve_consent().await.unwrap();
        world.settle().await;
        case.decline_consent("On second thoughts.").await.unwrap();
        world.settle().await;
        assert_eq!(case.claim().await.state(), ClaimState::Rejected);
        assert!(case.associations().await.iter().all(|held| held.state() == Held::Ended));
        refused(case.approve_consent().await, Code::FailedPrecondition, "ALREADY_DECLINED");
    }
}

async fn r26a_repeating_gets_the_first_answer(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    let first = case.approve_consent().await.unwrap();
    world.advance(TimeDelta::hours(1)).await;
    assert_eq!(case.approve_consent().await.unwrap().approve_time, first.approve_time);
    let first = case.decline_consent("No.").await.unwrap();
    world.advance(TimeDelta::hours(1)).await;
    assert_eq!(case.decline_consent("No, no.").await.unwrap().decline_time, first.decline_time);
    assert_eq!(case.claim().await.rejection.unwrap().comment, "No.");
    let declined = case.history().await.into_iter().filter(|entry| entry.action == "customer_declined").count();
    assert_eq!(declined, 1);
}

async fn r27_the_window_passes_and_the_association_is_official(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    let consent = case.consent().await.unwrap();
    let due = moment(consent.due_time);
    // Seven calendar days after the notice, to the end of the day in Prague.
    assert_eq!(
        (consent.due_time, consent.due_rule.as_str()),
        (Some(at("2026-03-23T23:00:00Z")), "7 calendar days, calendar cz 2026")
    );
    assert_eq!(case.claim().await.consent_due_time, consent.due_time);
    world.advance_to(due - TimeDelta::microseconds(1)).await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Pending);
    world.advance_to(due).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Official));
    assert_eq!(claim.official_time, consent.due_time);
    let held = case.associations().await.remove(0);
    assert_eq!((held.state(), held.official_time), (Held::Official, consent.due_time));
    assert_eq!(case.entry("consent_window_passed").await.side(), Side::Time);
    refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
    refused(case.approve_consent().await, Code::FailedPrecondition, "WINDOW_PASSED");
}

async fn r42_silence_is_enough(world: &World) {
    let case = Case::at(world, world.workloads(), Stage::Official).await;
    let consent = case.consent().await.unwrap();
    assert_eq!(
        (consent.state(), consent.approve_time, consent.channel()),
        (ConsentState::Granted, None, ConsentChannel::Unspecified)
    );
    assert_eq!(case.associations().await.len(), 2);
}

/// A claim that was approved after its customer had approved.
async fn approved_early(world: &World) -> Case<'_> {
    let case = Case::at(world, world.presales().await, Stage::UnderReview).await;
    case.approve_consent().await.unwrap();
    world.settle().await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    case
}

async fn r43_an_early_approval_can_still_be_declined_until_the_window_passes(world: &World) {
    let case = approved_early(world).await;
    let approved = moment(case.claim().await.official_time);
    let consent = case.consent().await.unwrap();
    // Official at once, and yet with the window of every other approval.
    assert_eq!((consent.state(), consent.due_time), (ConsentState::Granted, Some(at("2026-03-23T23:00:00Z"))));
    assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
    assert_eq!(case.associations().await.remove(0).state(), Held::Official);
    let due = moment(consent.due_time);
    world.advance_to(due - TimeDelta::microseconds(1)).await;
    case.decline_consent("On second thoughts.").await.unwrap();
    world.settle().await;
    let claim = case.claim().await;
    assert_eq!(
        (claim.state(), claim.rejection.unwrap().primary_reason()),
        (ClaimState::Rejected, PrimaryRejectionReason::CustomerDeclined)
    );
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason()), (Held::Ended, EndReason::Declined));
    assert_eq!(moment(ended.official_time), approved, "it was on record until then");

    let case = approved_early(world).await;
    let due = moment(case.consent().await.unwrap().due_time);
    world.advance_to(due).await;
    refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
    world.settle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    let granted = case.history().await.into_iter().filter(|entry| entry.action == "association_granted").count();
    assert_eq!(granted, 1, "it was granted already");
    assert!(!case.entry("consent_window_passed").await.overtaken, "R56: that it can be declined no more is history");
}

async fn r28_while_a_rejection_can_be_disputed_a_decline_is_recorded(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Rejected).await;
    let consent = case.consent().await.unwrap();
    assert_eq!(consent.state(), ConsentState::Closed);
    assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
    assert_eq!(consent.due_time, case.claim().await.rejection.unwrap().dispute_due_time);
    refused(case.approve_consent().await, Code::FailedPrecondition, "CLAIM_CLOSED");
    assert_eq!(case.decline_consent("Not them.").await.unwrap().state(), ConsentState::Declined);
    world.settle().await;
    let claim = case.claim().await;
    assert_eq!(claim.state(), ClaimState::Rejected);
    assert_eq!(
        claim.rejection.unwrap().primary_reason(),
        PrimaryRejectionReason::InsufficientPoe,
        "it is rejected already"
    );
    assert!(
        case.dispute("They meant another project.").await.unwrap().explicit_approval_needed,
        "it counts as a decline"
    );
    world.settle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.explicit_approval_needed), (ConsentState::Requested, true));
}

async fn r28_when_it_can_no_longer_be_disputed_nothing_can_be_declined(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Rejected).await;
    let due = moment(case.consent().await.unwrap().due_time);
    world.advance_to(due).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.allowed_commands.len(), consent.due_time), (ConsentState::Closed, 0, None));
    refused(case.decline_consent("Not them.").await, Code::FailedPrecondition, "CLAIM_CLOSED");
}

async fn r28_a_dispute_asks_the_customer_again_and_silence_after_a_decline_is_one(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Declined).await;
    let contact = case.contact().await;
    let mails = world.mails_to(&contact).len();
    case.dispute("They meant another project.").await.unwrap();
    world.settle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.approve_time, consent.decline_time), (ConsentState::Requested, None, None));
    let told = world.mails_to(&contact);
    assert_eq!(told.len(), mails + 1);
    assert!(told[mails].text.contains("It becomes official only if you approve."), "{}", told[mails].text);
    case.review_starts().await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    let due = moment(case.consent().await.unwrap().due_time);
    world.advance_to(due).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.channel()), (ConsentState::Declined, ConsentChannel::Silence));
    assert_eq!(moment(consent.decline_time), due);
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
}
