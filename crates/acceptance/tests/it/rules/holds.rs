//! R34 to R36, R38: at most one company holds a key.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, NORTHWIND, TestClaim, TestSystem, assert_refused, assert_violations, both_databases, line,
};
use cpor_proto::{
    claims::v1::{Claim, WithdrawReason},
    reviews::v1::ReviewCaseState,
    r#type::v1::{Activity, AssociationState},
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

both_databases![
    r34_a_key_has_one_company_at_a_time,
    r34_one_company_may_hold_both_activities,
    r34_revenue_association_neither_holds_nor_is_excluded,
    r35_a_hold_begins_pending_and_ends_with_its_claim,
    r36_a_key_of_another_holder_is_refused,
    r36_all_lines_are_held_or_none,
    r38_a_company_claims_a_line_once_per_activity,
];

/// The reasons why an approval was refused: type and line.
fn approval_failures(status: &Status) -> Vec<(String, String)> {
    let failures = status.get_details_precondition_failure().expect("a PreconditionFailure").violations;
    failures.into_iter().map(|failure| (failure.r#type, failure.subject)).collect()
}

async fn r34_a_key_has_one_company_at_a_time(system: &TestSystem) {
    let claim = system.presales().await;
    let first = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let key = first.key(0).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let status = assert_refused(rival.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    assert!(!format!("{status:?}").to_lowercase().contains("contoso"), "the refusal names the holder: {status:?}");
    system.wait_until_idle().await;
    let on_record = system.associations_of_key(&key, None).await;
    assert_eq!(on_record.len(), 1);
    assert_eq!(on_record[0].partner, cpor_acceptance::CONTOSO);
    first.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.wait_until_idle().await;
    rival.approve(&system.reviewer).await.unwrap();
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, NORTHWIND);
}

async fn r34_one_company_may_hold_both_activities(system: &TestSystem) {
    let presales = system.presales().await;
    let usage = Claim { activities: vec![Activity::Usage.into()], ..presales.clone() };
    let one = TestClaim::at_stage(system, presales, ClaimStage::Approved).await;
    let other = TestClaim::at_stage(system, usage, ClaimStage::Approved).await;
    system.advance_by(TimeDelta::days(8)).await;
    let on_record = system.associations_of_key(&one.key(0).await, None).await;
    assert_eq!(on_record.len(), 2);
    assert!(on_record.iter().all(|association| association.partner == cpor_acceptance::CONTOSO));
    let mut claims: Vec<_> = on_record.into_iter().map(|association| association.claim).collect();
    claims.sort();
    let mut expected = vec![one.name, other.name];
    expected.sort();
    assert_eq!(claims, expected);
}

async fn r34_revenue_association_neither_holds_nor_is_excluded(system: &TestSystem) {
    for recognition_first in [true, false] {
        let usage = system.usage().await;
        let recognition = Claim {
            activities: vec![Activity::RevenueAssociation.into()],
            solution_seller_name: "Sandra".into(),
            customer_name: "Fabrikam".into(),
            isv_solution_name: "Planner".into(),
            ..system.rival_of(&usage)
        };
        let claims = if recognition_first { [recognition, usage] } else { [usage, recognition] };
        for claim in claims {
            let case = TestClaim::at_stage(system, claim, ClaimStage::Approved).await;
            assert_eq!(case.associations().await.remove(0).state(), AssociationState::Pending);
        }
    }
}

async fn r35_a_hold_begins_pending_and_ends_with_its_claim(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    assert!(case.associations().await.is_empty(), "no hold before approval");
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let association = case.associations().await.remove(0);
    assert_eq!(
        (association.state(), association.official_time, association.end_time),
        (AssociationState::Pending, None, None)
    );
    assert!(association.hold_time.is_some());
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    assert_refused(rival.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    case.decline_consent("No.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.associations().await.remove(0).state(), AssociationState::Ended);
    rival.approve(&system.reviewer).await.unwrap();
}

async fn r36_a_key_of_another_holder_is_refused(system: &TestSystem) {
    let claim = system.presales().await;
    TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let rival = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let status = assert_refused(rival.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    let line = rival.claim().await.lines.remove(0);
    assert_eq!(approval_failures(&status), [("KEY_HELD".to_owned(), format!("lines/{}", line.line_id))]);
    system.wait_until_idle().await;
    let review = rival.review(&system.reviewer).await.unwrap();
    assert_eq!(
        (review.state(), review.approval_refusals[0].reason.as_str()),
        (ReviewCaseState::UnderReview, "KEY_HELD")
    );
    let entry = rival.entry("approval_refused").await;
    assert_eq!((entry.changes[0].field.as_str(), entry.changes[0].new_value.as_str()), ("lines[0]", "KEY_HELD"));
    assert!(rival.associations().await.is_empty());
    rival.reject(&system.reviewer).await.unwrap();
}

async fn r36_all_lines_are_held_or_none(system: &TestSystem) {
    let claim = system.presales().await;
    TestClaim::at_stage(system, claim.clone(), ClaimStage::Approved).await;
    let free_line = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let with_two_lines = Claim { lines: vec![free_line.clone(), claim.lines[0].clone()], ..system.rival_of(&claim) };
    let rival = TestClaim::at_stage(system, with_two_lines, ClaimStage::UnderReview).await;
    let status = assert_refused(rival.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    assert_eq!(approval_failures(&status).len(), 1);
    assert!(rival.associations().await.is_empty(), "the free line is not held either");
    TestClaim::at_stage(system, Claim { lines: vec![free_line], ..claim }, ClaimStage::Approved).await;
}

async fn r38_a_company_claims_a_line_once_per_activity(system: &TestSystem) {
    let claim = system.presales().await;
    for stage in
        [ClaimStage::Submitted, ClaimStage::UnderReview, ClaimStage::PartnerActionRequired, ClaimStage::Approved]
    {
        let first = TestClaim::at_stage(system, claim.clone(), stage).await;
        let other_location = Claim { mpn_id: "1002".into(), ..claim.clone() };
        let second = TestClaim::create_with_evidence(system, other_location).await;
        assert_violations(second.submit().await, &[("lines[0]", "ALREADY_CLAIMED")]);
        let usage = Claim { activities: vec![Activity::Usage.into()], ..claim.clone() };
        let usage = TestClaim::at_stage(system, usage, ClaimStage::Submitted).await;
        let both = Claim { activities: vec![Activity::Usage.into(), Activity::PreSales.into()], ..claim.clone() };
        assert_violations(
            TestClaim::create_with_evidence(system, both).await.submit().await,
            &[("lines[0]", "ALREADY_CLAIMED")],
        );
        for case in [&first, &usage] {
            case.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
        }
        system.wait_until_idle().await;
        second.submit().await.unwrap();
        second.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
        system.wait_until_idle().await;
    }
}
