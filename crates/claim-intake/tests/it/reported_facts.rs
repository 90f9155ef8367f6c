//! Tests of facts that other services report, of deadlines, and of the history that records them.
use cpor_durable::ReceiveError;
use cpor_proto::r#type::v1 as types;
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{
        ApprovalRefused, ConsentWindowPassed, CustomerDeclined, LineRefusal, PartnerActionRequested, ReviewApproved,
        event::Payload,
    },
};
use cpor_testing::on_both_databases;
use cpor_types::{Role, Service};
use tonic::Code;

use crate::{
    events::{review_case, review_started},
    fixture::{TestSystem, reason, start},
};

on_both_databases![
    r21_the_partner_answers_in_time,
    r47_a_late_resubmission_applies_the_deadline,
    r22_the_deadline_is_fired,
    r36_an_approval_can_be_refused_for_the_whole_claim,
    r26_a_fact_after_the_decline_is_overtaken,
    malformed_events_are_parked,
];

/// Creates a claim that waits for the partner's answer to a reviewer's request.
async fn claim_with_partner_action(system: &TestSystem) -> wire::Claim {
    let claim = system.submitted_claim().await;
    let case = review_case(system, &claim.name).await;
    system.deliver(Service::PoeReview, 1, start(), review_started(&claim.name, &case)).await.unwrap();
    let request = PartnerActionRequested {
        claim: claim.name.clone(),
        review_case_id: case,
        reasons: vec![types::PartnerActionReason::DatesMissingOrOld.into()],
        comment: "when was it signed?".into(),
        remove_line_ids: claim.lines.iter().map(|line| line.line_id.clone()).collect(),
    };
    system.deliver(Service::PoeReview, 2, start(), Payload::PartnerActionRequested(request)).await.unwrap();
    system.get(&claim.name).await.unwrap()
}

/// R20, R21: after the resubmission the claim waits for the reviewer again.
async fn r21_the_partner_answers_in_time(system: TestSystem) {
    let claim = claim_with_partner_action(&system).await;
    assert_eq!(claim.state(), wire::ClaimState::PartnerActionRequired);
    let action = claim.partner_action.unwrap();
    // The request was made on a Friday. Five business days later is the end of Friday the 13th
    // in Berlin.
    assert_eq!(action.due_time.unwrap().to_string(), "2026-03-13T23:00:00Z");
    assert_eq!(action.comment, "when was it signed?");
    assert_eq!(action.remove_line_ids, [claim.lines[0].line_id.clone()]);
    let resubmit = |comment: &str| wire::ResubmitClaimRequest {
        name: claim.name.clone(),
        comment: comment.into(),
        ..Default::default()
    };
    let refused = system.contoso().resubmit_claim(resubmit("")).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NOTHING_CHANGED"));
    let answered = system.contoso().resubmit_claim(resubmit("on 3 March")).await.unwrap().into_inner();
    assert_eq!(answered.state(), wire::ClaimState::Submitted);
    let list = wire::ListCommentsRequest { parent: claim.name.clone(), ..Default::default() };
    let comments = system.contoso().list_comments(list).await.unwrap().into_inner().comments;
    let texts: Vec<_> = comments.iter().map(|comment| (comment.side(), comment.text.as_str())).collect();
    assert_eq!(texts, [(types::ActorSide::Reviewer, "when was it signed?"), (types::ActorSide::Partner, "on 3 March")]);
}

/// R22, R47: a command after the deadline applies the deadline, even if it has not been fired.
async fn r47_a_late_resubmission_applies_the_deadline(system: TestSystem) {
    let claim = claim_with_partner_action(&system).await;
    system.hosted.host.advance_clock("2026-03-13T23:00:00Z".parse().unwrap()).await.unwrap();
    let resubmit =
        wire::ResubmitClaimRequest { name: claim.name.clone(), comment: "sorry".into(), ..Default::default() };
    let refused = system.contoso().resubmit_claim(resubmit).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED"));
    let rejected = system.get(&claim.name).await.unwrap();
    assert_eq!(rejected.state(), wire::ClaimState::Rejected);
    let rejection = rejected.rejection.unwrap();
    assert_eq!(rejection.reject_time.unwrap().to_string(), "2026-03-13T23:00:00Z");
    assert_eq!(rejection.primary_reason(), types::PrimaryRejectionReason::InsufficientPoe);
    let last = system.history(&mut system.contoso(), &claim.name).await.pop().unwrap();
    assert_eq!((last.action.as_str(), last.side()), ("response_deadline_passed", types::ActorSide::Time));
}

/// R22, R48: the runner fires the reminder and the deadline once.
async fn r22_the_deadline_is_fired(system: TestSystem) {
    let claim = claim_with_partner_action(&system).await;
    system.hosted.host.advance_clock("2026-03-14T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(
        system.hosted.host.deadline_runner().apply_due_deadlines().await.unwrap(),
        2,
        "the reminder and the deadline"
    );
    assert_eq!(system.get(&claim.name).await.unwrap().state(), wire::ClaimState::Rejected);
    assert_eq!(system.hosted.host.deadline_runner().apply_due_deadlines().await.unwrap(), 0);
}

/// R12, R36: a refusal that concerns the whole claim names no line.
async fn r36_an_approval_can_be_refused_for_the_whole_claim(system: TestSystem) {
    let claim = system.submitted_claim().await;
    let case = review_case(&system, &claim.name).await;
    system.deliver(Service::PoeReview, 1, start(), review_started(&claim.name, &case)).await.unwrap();
    let refusal = LineRefusal { line_id: String::new(), reason: "LOCATION_NOT_OF_PARTNER".into() };
    let refused = Payload::ApprovalRefused(ApprovalRefused {
        claim: claim.name.clone(),
        review_case_id: case,
        refusals: vec![refusal],
        ..Default::default()
    });
    system.deliver(Service::PoeReview, 2, start(), refused).await.unwrap();
    let last = system.history(&mut system.vendor(Role::PoeReviewer), &claim.name).await.pop().unwrap();
    assert_eq!((last.action.as_str(), last.overtaken), ("approval_refused", false));
    let change = last.changes.first().unwrap();
    assert_eq!((change.field.as_str(), change.new_value.as_str()), ("claim", "LOCATION_NOT_OF_PARTNER"));
}

/// R26, R27: a fact that comes too late is recorded as overtaken and not refused.
async fn r26_a_fact_after_the_decline_is_overtaken(system: TestSystem) {
    let claim = system.submitted_claim().await;
    let case = review_case(&system, &claim.name).await;
    system.deliver(Service::PoeReview, 1, start(), review_started(&claim.name, &case)).await.unwrap();
    let approved = Payload::ReviewApproved(ReviewApproved {
        claim: claim.name.clone(),
        review_case_id: case,
        ..Default::default()
    });
    system.deliver(Service::PoeReview, 2, start(), approved).await.unwrap();
    assert_eq!(system.get(&claim.name).await.unwrap().association_state(), types::AssociationState::Pending);
    let declined = CustomerDeclined {
        claim: claim.name.clone(),
        channel: types::ConsentChannel::Link.into(),
        comment: "never heard of them".into(),
        ..CustomerDeclined::default()
    };
    system.deliver(Service::CustomerConsent, 1, start(), Payload::CustomerDeclined(declined)).await.unwrap();
    let passed = Payload::ConsentWindowPassed(ConsentWindowPassed {
        claim: claim.name.clone(),
        ..ConsentWindowPassed::default()
    });
    system.deliver(Service::CustomerConsent, 2, start(), passed.clone()).await.unwrap();
    system.deliver(Service::CustomerConsent, 2, start(), passed).await.unwrap();
    let rejected = system.get(&claim.name).await.unwrap();
    assert_eq!(
        (rejected.state(), rejected.association_state()),
        (wire::ClaimState::Rejected, types::AssociationState::Ended)
    );
    let history = system.history(&mut system.contoso(), &claim.name).await;
    let entries: Vec<_> =
        history.iter().map(|entry| (entry.position, entry.action.as_str(), entry.overtaken)).collect();
    let expected = [
        (1, "created", false),
        (2, "evidence_added", false),
        (3, "submitted", false),
        (4, "review_started", false),
        (5, "review_approved", false),
        (6, "customer_declined", false),
        (7, "consent_window_passed", true),
    ];
    assert_eq!(entries, expected);
    assert_eq!(history[5].reason, "never heard of them");
    assert!(history[3].subject.is_empty(), "a partner does not see the reviewer");
    assert!(history.windows(2).all(|pair| pair[0].to_state == pair[1].from_state));
}

/// An event that cannot be applied parks its stream.
async fn malformed_events_are_parked(system: TestSystem) {
    let claim = system.submitted_claim().await;
    let unknown_claim = claim.name.replace("/claims/0", "/claims/1");
    let case = review_case(&system, &claim.name).await;
    for payload in [
        review_started(&unknown_claim, &case),
        review_started(&claim.name, "no uuid"),
        review_started("no claim", &case),
    ] {
        let parked = system.deliver(Service::PoeReview, 1, start(), payload).await;
        assert!(matches!(parked, Err(ReceiveError::Park(_))), "{parked:?}");
    }
    let early = system.deliver(Service::PoeReview, 5, start(), review_started(&claim.name, &case)).await;
    assert_eq!(early, Err(ReceiveError::SequenceGap { expected: 1 }));
}
