//! R26, R26a, R27, R28, R42, R43: decisions of a signed-in customer, and what silence means.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, due_rule, from_timestamp, timestamp,
};
use cpor_proto::{
    claims::v1::ClaimState,
    consents::v1::{ConsentCommand, ConsentState},
    reviews::v1::ReviewCaseState,
    r#type::v1::{
        ActorSide, AssociationEndReason, AssociationState, AssociationState as HoldState, ConsentChannel,
        PrimaryRejectionReason,
    },
};
use tonic::Code;

both_databases![
    r26_a_decline_rejects_in_every_state,
    r26_a_decline_frees_the_hold,
    r26a_makes_an_approved_claim_official_at_once,
    r26a_makes_an_open_claim_official_at_approval,
    r26a_a_decline_overrides_an_approval,
    r26a_a_repeated_decision_changes_nothing,
    r27_official_when_the_window_passes,
    r42_silence_is_enough,
    r43_an_early_approval_can_be_declined_in_the_window,
    r28_a_decline_of_a_rejected_claim_is_recorded,
    r28_a_final_rejection_cannot_be_declined,
    r28_silence_after_a_decline_is_a_decline,
];

async fn r26_a_decline_rejects_in_every_state(system: &TestSystem) {
    for stage in
        [ClaimStage::Submitted, ClaimStage::UnderReview, ClaimStage::PartnerActionRequired, ClaimStage::Approved]
    {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let consent = case.decline_consent("We did this ourselves.").await.unwrap();
        assert_eq!((consent.state(), consent.channel()), (ConsentState::Declined, ConsentChannel::SignedIn));
        assert_eq!(consent.decline_time, Some(timestamp("2026-03-16T09:00:00Z")));
        system.wait_until_idle().await;
        let claim = case.claim().await;
        let rejection = claim.rejection.clone().unwrap();
        assert_eq!(
            (claim.state(), rejection.primary_reason()),
            (ClaimState::Rejected, PrimaryRejectionReason::CustomerDeclined)
        );
        assert_eq!(rejection.comment, "We did this ourselves.");
        let entry = case.entry("customer_declined").await;
        assert_eq!((entry.side(), entry.overtaken), (ActorSide::Customer, false));
        let review = case.review(&system.lead).await.unwrap().state();
        assert!(matches!(review, ReviewCaseState::Closed | ReviewCaseState::Approved), "{stage:?}: {review:?}");
    }
}

async fn r26_a_decline_frees_the_hold(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::Declined).await;
    let ended = case.associations().await.remove(0);
    assert_eq!(
        (ended.state(), ended.end_reason(), ended.official_time),
        (HoldState::Ended, AssociationEndReason::Declined, None)
    );
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Approved).await;
    assert_eq!(rival.associations().await.remove(0).state(), HoldState::Pending);
}

async fn r26a_makes_an_approved_claim_official_at_once(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    system.advance_by(TimeDelta::hours(5)).await;
    let consent = case.approve_consent().await.unwrap();
    assert_eq!(
        (consent.state(), consent.approve_time),
        (ConsentState::Granted, Some(timestamp("2026-03-16T14:00:00Z")))
    );
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!(
        (claim.association_state(), claim.official_time),
        (AssociationState::Official, Some(timestamp("2026-03-16T14:00:00Z")))
    );
    let association = case.associations().await.remove(0);
    assert_eq!(
        (association.state(), association.official_time),
        (HoldState::Official, Some(timestamp("2026-03-16T14:00:00Z")))
    );
    system.advance_by(TimeDelta::days(10)).await;
    let official = case.history().await.into_iter().filter(|entry| entry.action == "association_official").count();
    assert_eq!(official, 1, "the passing of the window changes nothing");
}

async fn r26a_makes_an_open_claim_official_at_approval(system: &TestSystem) {
    for stage in [ClaimStage::Submitted, ClaimStage::UnderReview, ClaimStage::PartnerActionRequired] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        case.approve_consent().await.unwrap();
        system.wait_until_idle().await;
        let claim = case.claim().await;
        assert_eq!((claim.state(), claim.association_state()), (stage.state(), AssociationState::Unspecified));
        if stage == ClaimStage::PartnerActionRequired {
            case.resubmit("Here it is.").await.unwrap();
            system.wait_until_idle().await;
        }
        if stage != ClaimStage::UnderReview {
            case.take_and_start_review().await;
        }
        case.approve(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        let claim = case.claim().await;
        assert_eq!(
            (claim.state(), claim.association_state()),
            (ClaimState::Approved, AssociationState::Official),
            "{stage:?}"
        );
        assert_eq!(case.consent().await.unwrap().state(), ConsentState::Granted);
    }
}

async fn r26a_a_decline_overrides_an_approval(system: &TestSystem) {
    for stage in [ClaimStage::Submitted, ClaimStage::Approved] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        case.approve_consent().await.unwrap();
        system.wait_until_idle().await;
        case.decline_consent("On second thoughts.").await.unwrap();
        system.wait_until_idle().await;
        assert_eq!(case.claim().await.state(), ClaimState::Rejected);
        assert!(case.associations().await.iter().all(|association| association.state() == HoldState::Ended));
        assert_refused(case.approve_consent().await, Code::FailedPrecondition, "ALREADY_DECLINED");
    }
}

async fn r26a_a_repeated_decision_changes_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let first = case.approve_consent().await.unwrap();
    system.advance_by(TimeDelta::hours(1)).await;
    assert_eq!(case.approve_consent().await.unwrap().approve_time, first.approve_time);
    let first = case.decline_consent("No.").await.unwrap();
    system.advance_by(TimeDelta::hours(1)).await;
    assert_eq!(case.decline_consent("No, no.").await.unwrap().decline_time, first.decline_time);
    assert_eq!(case.claim().await.rejection.unwrap().comment, "No.");
    let declined = case.history().await.into_iter().filter(|entry| entry.action == "customer_declined").count();
    assert_eq!(declined, 1);
}

async fn r27_official_when_the_window_passes(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let consent = case.consent().await.unwrap();
    let due = from_timestamp(consent.due_time);
    // The window ends with the seventh calendar day after the notice, in Prague.
    assert_eq!(
        (consent.due_time, consent.due_rule.as_str()),
        (Some(timestamp("2026-03-23T23:00:00Z")), due_rule("7 calendar days, calendar cz 2026"))
    );
    assert_eq!(case.claim().await.consent_due_time, consent.due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Pending);
    system.advance_to(due).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Official));
    assert_eq!(claim.official_time, consent.due_time);
    let association = case.associations().await.remove(0);
    assert_eq!((association.state(), association.official_time), (HoldState::Official, consent.due_time));
    assert_eq!(case.entry("consent_window_passed").await.side(), ActorSide::Time);
    assert_refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
    assert_refused(case.approve_consent().await, Code::FailedPrecondition, "WINDOW_PASSED");
}

async fn r42_silence_is_enough(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::Official).await;
    let consent = case.consent().await.unwrap();
    assert_eq!(
        (consent.state(), consent.approve_time, consent.channel()),
        (ConsentState::Granted, None, ConsentChannel::Unspecified)
    );
    assert_eq!(case.associations().await.len(), 2);
}

/// A claim whose customer approved before the reviewer did.
async fn approved_early(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

async fn r43_an_early_approval_can_be_declined_in_the_window(system: &TestSystem) {
    let case = approved_early(system).await;
    let approved = from_timestamp(case.claim().await.official_time);
    let consent = case.consent().await.unwrap();
    // The association is official at once, and the consent window is open all the same.
    assert_eq!((consent.state(), consent.due_time), (ConsentState::Granted, Some(timestamp("2026-03-23T23:00:00Z"))));
    assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
    assert_eq!(case.associations().await.remove(0).state(), HoldState::Official);
    let due = from_timestamp(consent.due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!(
        (claim.state(), claim.rejection.unwrap().primary_reason()),
        (ClaimState::Rejected, PrimaryRejectionReason::CustomerDeclined)
    );
    let ended = case.associations().await.remove(0);
    assert_eq!((ended.state(), ended.end_reason()), (HoldState::Ended, AssociationEndReason::Declined));
    assert_eq!(from_timestamp(ended.official_time), approved, "it was on record until the decline");

    let case = approved_early(system).await;
    let due = from_timestamp(case.consent().await.unwrap().due_time);
    system.advance_to(due).await;
    assert_refused(case.decline_consent("Too late.").await, Code::FailedPrecondition, "WINDOW_PASSED");
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    let granted = case.history().await.into_iter().filter(|entry| entry.action == "association_granted").count();
    assert_eq!(granted, 1, "it was granted already");
    assert!(!case.entry("consent_window_passed").await.overtaken, "R56: the end of the window is recorded");
}

async fn r28_a_decline_of_a_rejected_claim_is_recorded(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let consent = case.consent().await.unwrap();
    assert_eq!(consent.state(), ConsentState::Closed);
    assert_eq!(consent.allowed_commands().collect::<Vec<_>>(), [ConsentCommand::Decline]);
    assert_eq!(consent.due_time, case.claim().await.rejection.unwrap().dispute_due_time);
    assert_refused(case.approve_consent().await, Code::FailedPrecondition, "CLAIM_CLOSED");
    assert_eq!(case.decline_consent("Not them.").await.unwrap().state(), ConsentState::Declined);
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!(claim.state(), ClaimState::Rejected);
    assert_eq!(
        claim.rejection.unwrap().primary_reason(),
        PrimaryRejectionReason::InsufficientPoe,
        "the reason of the rejection stays"
    );
    assert!(
        case.dispute("They meant another project.").await.unwrap().explicit_approval_needed,
        "it counts as a decline"
    );
    system.wait_until_idle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.explicit_approval_needed), (ConsentState::Requested, true));
}

async fn r28_a_final_rejection_cannot_be_declined(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let due = from_timestamp(case.consent().await.unwrap().due_time);
    system.advance_to(due).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.allowed_commands.len(), consent.due_time), (ConsentState::Closed, 0, None));
    assert_refused(case.decline_consent("Not them.").await, Code::FailedPrecondition, "CLAIM_CLOSED");
}

async fn r28_silence_after_a_decline_is_a_decline(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    let contact = case.contact().await;
    let mails = system.mails_to(&contact).len();
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.approve_time, consent.decline_time), (ConsentState::Requested, None, None));
    let notices = system.mails_to(&contact);
    assert_eq!(notices.len(), mails + 1);
    let notice = &notices[mails].text;
    assert!(notice.contains("It becomes official only if you approve."), "{notice}");
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let due = from_timestamp(case.consent().await.unwrap().due_time);
    system.advance_to(due).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.channel()), (ConsentState::Declined, ConsentChannel::Silence));
    assert_eq!(from_timestamp(consent.decline_time), due);
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
}
