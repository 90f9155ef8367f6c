//! R37, R27a: claims of different companies for one key.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, NORTHWIND, PDF, TestClaim, TestSystem, assert_refused, both_databases, from_timestamp, line,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    registry::v1::ArbitrateHoldsRequest,
    reviews::v1::{AwardOutcome, ReviewCaseState},
    r#type::v1::{AssociationState, PrimaryRejectionReason},
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    r37_rivals_are_shown_together_and_clocks_stop,
    r37_partners_learn_of_rivals_but_not_their_names,
    r37_reviewers_may_ask_both_rivals_for_more,
    r37_a_lead_awards_in_one_step,
    r37_an_award_reserves_the_key,
    r37_a_removed_line_releases_its_award,
    r37_a_winner_that_claims_again_is_a_rival_again,
    r27a_losing_the_last_line_rejects_the_claim,
    r37_a_pending_hold_yields_at_once,
    r37_an_official_holder_stays_until_superseded,
    r37_a_failed_successor_changes_nothing,
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

async fn r37_rivals_are_shown_together_and_clocks_stop(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let competition = one.competition(&system.reviewer).await.unwrap();
    let rival = competition.rivals[0].review_case.clone().unwrap();
    assert_eq!((competition.rivals.len(), &rival.claim), (1, &other.name));
    assert_eq!(competition.rivals[0].keys, [line_key(&one).await]);
    one.download(&system.reviewer, &rival.evidence[0].name).await.unwrap();
    for actor in [&one.partner, &system.operator] {
        assert_refused(one.competition(actor).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
    for case in [&one, &other] {
        let review = case.review(&system.reviewer).await.unwrap();
        assert!(review.lines[0].contested && review.deadlines.iter().all(|clock| clock.due_time.is_none()));
    }
    // After weeks nothing is overdue. Without a rival the clocks resume with the time that was
    // left.
    system.advance_by(TimeDelta::days(21)).await;
    assert!(!one.review(&system.reviewer).await.unwrap().overdue);
    other.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    let review = one.review(&system.reviewer).await.unwrap();
    assert!(!review.lines[0].contested && review.deadlines.iter().any(|clock| clock.due_time.is_some()));
    one.approve(&system.reviewer).await.unwrap();
}

async fn r37_partners_learn_of_rivals_but_not_their_names(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    for (case, rival) in [(&one, "northwind"), (&other, "contoso")] {
        let comments = case.comments().await;
        let notices = comments.iter().filter(|comment| comment.text.starts_with("Another company claims some of what"));
        assert_eq!(notices.count(), 1, "{comments:#?}");
        let shown = format!("{comments:?}{:?}", case.claim().await).to_lowercase();
        assert!(!shown.contains(rival), "{shown}");
    }
}

async fn r37_reviewers_may_ask_both_rivals_for_more(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    for case in [&one, &other] {
        case.request_action(&system.reviewer).await.unwrap();
    }
    system.wait_until_idle().await;
    for case in [&one, &other] {
        let claim = case.claim().await;
        assert_eq!((claim.state(), claim.lines[0].contested), (ClaimState::PartnerActionRequired, true));
    }
    // The answer of one side is shown beside the case of the other.
    one.upload("signed.pdf", PDF).await.unwrap();
    one.resubmit("").await.unwrap();
    system.wait_until_idle().await;
    let claim = one.claim().await;
    assert_eq!((claim.state(), claim.lines[0].contested), (ClaimState::Submitted, true));
    assert_eq!(rival_documents(&other).await, ["proof.pdf", "signed.pdf"]);
    // The response deadline runs while the claims compete (R45), so silence ends the competition.
    let due = from_timestamp(other.claim().await.partner_action.unwrap().due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert_eq!(other.claim().await.state(), ClaimState::PartnerActionRequired);
    system.advance_to(due).await;
    assert_eq!(other.claim().await.state(), ClaimState::Rejected);
    assert!(!one.claim().await.lines[0].contested);
}

/// The file names of the documents of the only rival, as the reviewer sees them beside the case.
async fn rival_documents(case: &TestClaim<'_>) -> Vec<String> {
    let mut rivals = case.competition(&case.system.reviewer).await.unwrap().rivals;
    assert_eq!(rivals.len(), 1, "{rivals:#?}");
    let documents = rivals.remove(0).review_case.unwrap().evidence;
    documents.into_iter().map(|document| document.file_name).collect()
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
        let states: Vec<_> = case.associations().await.into_iter().map(|association| association.state()).collect();
        assert_eq!((case.claim().await.state(), states), (ClaimState::Approved, vec![AssociationState::Pending]));
    }
}

async fn r27a_losing_the_last_line_rejects_the_claim(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    one.award(&system.lead, &[line_key(&one).await.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    let losing_claim = other.claim().await;
    assert_eq!(losing_claim.state(), ClaimState::Rejected);
    assert_eq!(losing_claim.rejection.unwrap().primary_reason(), PrimaryRejectionReason::LostToCompetingClaim);
    assert_eq!(other.review(&system.lead).await.unwrap().state(), ReviewCaseState::Closed);
    one.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(one.claim().await.state(), ClaimState::Approved);
}

async fn r37_a_pending_hold_yields_at_once(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let arbitration = rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    assert_eq!(arbitration.awards[0].outcome(), AwardOutcome::PendingHoldEnded);
    system.wait_until_idle().await;
    assert_eq!(holder.associations().await[0].state(), AssociationState::Ended);
    assert_eq!(holder.claim().await.state(), ClaimState::Approved, "the superseded claim stays approved");
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(system.associations_of_key(&rival.key(0).await, None).await[0].partner, NORTHWIND);
}

/// Contoso's official claim, and the approved claim of Northwind that was awarded its key.
async fn holder_and_successor(system: &TestSystem) -> (TestClaim<'_>, TestClaim<'_>) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let arbitration = rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    assert_eq!(arbitration.awards[0].outcome(), AwardOutcome::SucceedsHolder);
    rival.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.associations_of_key(&holder.key(0).await, None).await[0].partner, CONTOSO);
    (holder, rival)
}

async fn r37_an_official_holder_stays_until_superseded(system: &TestSystem) {
    let (holder, rival) = holder_and_successor(system).await;
    system.advance_by(TimeDelta::days(8)).await;
    let on_record = system.associations_of_key(&holder.key(0).await, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, NORTHWIND));
    let (ended, started) = (holder.associations().await.remove(0), rival.associations().await.remove(0));
    assert_eq!(ended.end_time, started.official_time, "both change in the same instant");
    assert_eq!(holder.claim().await.state(), ClaimState::Approved);
}

async fn r37_a_failed_successor_changes_nothing(system: &TestSystem) {
    let (holder, rival) = holder_and_successor(system).await;
    rival.decline_consent("We stay with our partner.").await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(30)).await;
    let on_record = system.associations_of_key(&holder.key(0).await, None).await;
    assert_eq!((on_record.len(), on_record[0].partner.as_str()), (1, CONTOSO));
}

/// The registry has carried out an award that the losing review case has not learned of yet, as
/// after a crash of poe-review.
async fn r37_an_award_reserves_the_key(system: &TestSystem) {
    let (one, other) = rivals(system).await;
    let request = ArbitrateHoldsRequest {
        tenant: format!("tenants/{}", one.tenant),
        decision_id: uuid::Uuid::from_u128(37).to_string(),
        awards: vec![cpor_proto::registry::v1::Award {
            key: one.key(0).await.split_once(&format!("tenants/{}/", one.tenant)).unwrap().1.to_owned(),
            winner_claim: one.name.clone(),
            activities: one.claim().await.activities,
            review_case_id: one.review_name().await.rsplit('/').next().unwrap().to_owned(),
            revenue_association_exclusive: false,
        }],
    };
    system.service(Service::PoeReview, Service::Registry).registry().arbitrate_holds(request).await.unwrap();
    assert_refused(other.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    one.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(system.associations_of_key(&one.key(0).await, None).await[0].partner, CONTOSO);
}

async fn r37_a_removed_line_releases_its_award(system: &TestSystem) {
    let claim = system.presales().await;
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let both = Claim { lines: vec![claim.lines[0].clone(), second], ..claim.clone() };
    let one = TestClaim::at_stage(system, both, ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    one.award(&system.lead, &[line_key(&other).await.as_str()]).await.unwrap();
    one.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let again = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    assert_refused(again.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    let kept = one.claim().await.lines.remove(1);
    one.update(Claim { lines: vec![kept], ..Claim::default() }, &["lines"]).await.unwrap();
    system.wait_until_idle().await;
    again.approve(&system.reviewer).await.unwrap();
}

/// The winner of a key gives it up and claims it again. The holder can defend it again.
async fn r37_a_winner_that_claims_again_is_a_rival_again(system: &TestSystem) {
    let claim = system.presales().await;
    let holder = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let rival = system.rival_of(&claim);
    let both = Claim { lines: vec![claim.lines[0].clone(), second], ..rival };
    let rival = TestClaim::at_stage(system, both.clone(), ClaimStage::UnderReview).await;
    rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    system.wait_until_idle().await;
    let contested = async || (holder.claim().await.lines[0].contested, rival.claim().await.lines[0].contested);
    assert_eq!(contested().await, (false, false));
    rival.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let set_lines = async |lines: &[_]| {
        rival.update(Claim { lines: lines.to_vec(), ..Claim::default() }, &["lines"]).await.unwrap();
        system.wait_until_idle().await;
    };
    set_lines(&both.lines[1..]).await;
    assert_eq!(contested().await, (false, false));
    set_lines(&both.lines).await;
    assert_eq!(contested().await, (true, true));
    let award = rival.award(&system.lead, &[line_key(&rival).await.as_str()]).await.unwrap();
    assert_eq!(award.awards[0].outcome(), AwardOutcome::SucceedsHolder);
    system.wait_until_idle().await;
    assert_eq!(contested().await, (false, false));
}
