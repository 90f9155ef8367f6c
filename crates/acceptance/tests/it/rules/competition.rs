//! R37, R27a: claims of different companies for one key.

use chrono::TimeDelta;
use cpor_acceptance::{CONTOSO, ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, line};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    reviews::v1::{AwardOutcome, ReviewCaseState},
    r#type::v1::{AssociationState, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    r37_rivals_are_seen_side_by_side_and_their_clocks_stop,
    r37_each_partner_is_told_and_never_who_the_rival_is,
    r37_both_may_be_asked_for_more,
    r37_a_lead_awards_in_one_step,
    r27a_the_last_line_lost_rejects_the_claim,
    r37_a_pending_hold_yields_at_once,
    r37_an_official_holder_stays_until_the_winner_is_official,
    r37_if_the_winner_never_gets_there_nothing_changes_for_the_holder,
];

/// Contoso's and Northwind's claims for one subscription, both under review.
async fn rivals(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    (one, other)
}

async fn line_key(case: &TestClaim<'_>) -> String {
    case.claim().await.lines[0].key.clone()
}

async fn r37_rivals_are_seen_side_by_side_and_their_clocks_stop(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let seen = one.competition(&system.reviewer).await.unwrap();
    let rival = seen.rivals[0].review_case.clone().unwrap();
    assert_eq!((seen.rivals.len(), &rival.claim), (1, &other.name));
    assert_eq!(seen.rivals[0].keys, [line_key(&one).await]);
    one.download(&system.reviewer, &rival.evidence[0].name).await.unwrap();
    for stranger in [&one.partner, &system.operator] {
        assert_refused(one.competition(stranger).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    for case in [&one, &other] {
        let review = case.review(&system.reviewer).await.unwrap();
        assert!(review.lines[0].contested && review.deadlines.iter().all(|clock| clock.due_time.is_none()));
    }
    // Weeks later nothing is overdue, and with the rival gone the clocks go on with what was left.
    system.advance_by(TimeDelta::days(21)).await;
    assert!(!one.review(&system.reviewer).await.unwrap().overdue);
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    let review = one.review(&system.reviewer).await.unwrap();
    assert!(!review.lines[0].contested && review.deadlines.iter().any(|clock| clock.due_time.is_some()));
    one.approve(&system.reviewer).await.unwrap();
}

async fn r37_each_partner_is_told_and_never_who_the_rival_is(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    for (case, rival) in [(&one, "northwind"), (&other, "contoso")] {
        let comments = case.comments().await;
        assert!(!comments.is_empty(), "told in a comment");
        let seen = format!("{comments:?}{:?}", case.claim().await).to_lowercase();
        assert!(!seen.contains(rival), "{seen}");
    }
}

async fn r37_both_may_be_asked_for_more(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    for case in [&one, &other] {
        case.request_action(&system.reviewer).await.unwrap();
    }
    system.wait_until_idle().await;
    for case in [&one, &other] {
        let claim = case.claim().await;
        assert_eq!(claim.state(), ClaimState::PartnerActionRequired);
        assert!(claim.partner_action.unwrap().due_time.is_some(), "the partner's response runs while competing, R45");
    }
}

async fn r37_a_lead_awards_in_one_step(system: &TestSystem) {
    let claim = system.presales().await;
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let claim = Claim { lines: vec![claim.lines[0].clone(), second], ..claim };
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let keys: Vec<_> = one.claim().await.lines.iter().map(|line| line.key.clone()).collect();
    let both: Vec<_> = keys.iter().map(String::as_str).collect();
    assert_refused(one.award(&system.reviewer, &both).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(one.award(&system.lead, &both[..1]).await, Code::FailedPrecondition, "AWARDS_NOT_POSSIBLE");
    let (winner, second) = (one.review_name().await, other.review_name().await);
    let award = |key: &str, winner: &str| cpor_proto::reviews::v1::Award {
        key: key.into(),
        winner: winner.into(),
        ..Default::default()
    };
    let request = cpor_proto::reviews::v1::ArbitrateLinesRequest {
        parent: format!("tenants/{}", one.tenant),
        awards: vec![award(both[0], &winner), award(both[1], &second)],
        comment: "One each.".into(),
        ..Default::default()
    };
    system.lead.reviews().arbitrate_lines(request).await.unwrap();
    system.wait_until_idle().await;
    for (case, kept) in [(&one, both[0]), (&other, both[1])] {
        let review = case.review(&system.reviewer).await.unwrap();
        assert_eq!(review.lines.iter().map(|line| line.key.as_str()).collect::<Vec<_>>(), [kept]);
        assert!(!review.lines[0].contested);
        case.approve(&system.reviewer).await.unwrap();
        system.wait_until_idle().await;
        let held: Vec<_> = case.associations().await.into_iter().map(|held| held.state()).collect();
        assert_eq!((case.claim().await.state(), held), (ClaimState::Approved, vec![AssociationState::Pending]));
    }
}

async fn r27a_the_last_line_lost_rejects_the_claim(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    one.award(&system.lead, &[line_key(&one).await.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    let lost = other.claim().await;
    assert_eq!(lost.state(), ClaimState::Rejected);
    assert_eq!(lost.rejection.unwrap().primary_reason(), PrimaryRejectionReason::LostToCompetingClaim);
    assert_eq!(other.review(&system.lead).await.unwrap().state(), ReviewCaseState::Closed);
    one.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(one.claim().await.state(), ClaimState::Approved);
}

async fn r37_a_pending_hold_yields_at_once(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let done = rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    assert_eq!(done.awards[0].outcome(), AwardOutcome::Yielded);
    system.wait_until_idle().await;
    assert_eq!(holder.associations().await[0].state(), AssociationState::Ended);
    assert_eq!(holder.claim().await.state(), ClaimState::Approved, "the superseded claim stays approved");
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(system.associations_of_key(&rival.key(0).await, None).await[0].partner, NORTHWIND);
}

async fn superseding(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let done = rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    assert_eq!(done.awards[0].outcome(), AwardOutcome::Successor);
    rival.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.associations_of_key(&holder.key(0).await, None).await[0].partner, CONTOSO);
    (holder, rival)
}

async fn r37_an_official_holder_stays_until_the_winner_is_official(system: &TestSystem) {
    let (holder, rival) = superseding(system).await;
    system.advance_by(TimeDelta::days(8)).await;
    let on_record = system.associations_of_key(&holder.key(0).await, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, NORTHWIND));
    let [ended, begun] = [holder.associations().await, rival.associations().await].map(|mut all| all.remove(0));
    assert_eq!(ended.end_time, begun.official_time, "both change in the same instant");
    assert_eq!(holder.claim().await.state(), ClaimState::Approved);
}

async fn r37_if_the_winner_never_gets_there_nothing_changes_for_the_holder(system: &TestSystem) {
    let (holder, rival) = superseding(system).await;
    rival.decline_consent("We stay with Contoso.").await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(30)).await;
    let on_record = system.associations_of_key(&holder.key(0).await, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, CONTOSO));
}
