//! R29, R55: what a partner can still change after the submission, and what a comment can be about.

use cpor_acceptance::{
    ClaimStage, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, assert_violations, both_databases,
    line, metadata,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    r#type::v1::Contact,
};
use tonic::Code;

both_databases![
    r29_contacts_lines_and_location_change_and_the_rest_is_locked,
    r29_an_edit_is_checked_as_a_submission,
    r29_an_edit_answers_the_reviewer,
    r29_evidence_is_added_while_the_claim_waits,
    r29_nothing_changes_under_review,
    r55_comments_are_about_what_is_on_the_claim,
];

fn bea() -> Claim {
    let contact = Contact { name: "Bea".into(), title: "CIO".into(), email: "bea@fabrikam.example".into() };
    Claim { customer_contact: Some(contact.clone()), partner_contact: Some(contact), ..Claim::default() }
}

async fn r29_contacts_lines_and_location_change_and_the_rest_is_locked(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let first = case.claim().await.lines.remove(0);
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let changed = Claim { lines: vec![first.clone(), second], mpn_id: "1002".into(), ..bea() };
    let fields = ["lines", "mpn_id", "customer_contact", "partner_contact"];
    let claim = case.update(changed, &fields).await.unwrap();
    assert_eq!((claim.state(), claim.lines.len(), claim.mpn_id.as_str()), (ClaimState::Submitted, 2, "1002"));
    assert_eq!(claim.lines[0].line_id, first.line_id);
    let mut named: Vec<_> = case.entry("updated").await.changes.into_iter().map(|change| change.field).collect();
    named.sort();
    assert_eq!(named, ["customer_contact", "lines", "mpn_id", "partner_contact"]);
    system.wait_until_idle().await;

    let locked = Claim { display_name: "Renamed".into(), customer_domain: "x.example".into(), ..Claim::default() };
    let answer = case.update(locked, &["display_name", "customer_domain", "activities"]).await;
    let status = assert_refused(answer, Code::FailedPrecondition, "FIELD_LOCKED");
    assert_eq!(metadata(&status, "fields"), "display_name,customer_domain,activities");
}

async fn r29_an_edit_is_checked_as_a_submission(system: &TestSystem) {
    let claim = system.presales().await;
    let other = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let case = TestClaim::at_stage(system, claim, ClaimStage::Submitted).await;
    assert_violations(case.update(Claim::default(), &["lines"]).await, &[("lines", "FIELD_REQUIRED")]);
    let taken = [case.claim().await.lines, other.claim().await.lines].concat();
    let answer = case.update(Claim { lines: taken, ..Claim::default() }, &["lines"]).await;
    assert_violations(answer, &[("lines[1]", "ALREADY_CLAIMED")]);
    assert_eq!(case.claim().await.lines.len(), 1, "what is refused changes nothing");
}

async fn r29_an_edit_answers_the_reviewer(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.update(bea(), &["partner_contact"]).await.unwrap();
    assert_eq!(case.resubmit("").await.unwrap().state(), ClaimState::Submitted);
}

async fn r29_evidence_is_added_while_the_claim_waits(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    case.upload("more.pdf", PDF).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.evidence_count, 2);
    case.take_and_start_review().await;
    assert_not_allowed(case.upload("late.pdf", PDF).await, "add_evidence", "under_review");
}

async fn r29_nothing_changes_under_review(system: &TestSystem) {
    for stage in [ClaimStage::UnderReview, ClaimStage::Approved, ClaimStage::Rejected] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let state = stage.state().as_str_name().trim_start_matches("CLAIM_STATE_").to_lowercase();
        assert_not_allowed(case.update(bea(), &["partner_contact"]).await, "update", &state);
    }
}

async fn r55_comments_are_about_what_is_on_the_claim(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let other = TestClaim::create_with_evidence(system, system.presales().await).await;
    let (document, line) = (case.evidence().await.remove(0).name, case.claim().await.lines.remove(0).line_id);
    let said = case.comment_on(&system.reviewer, &document, &line).await.unwrap();
    assert_eq!((&said.evidence, &said.line_id), (&document, &line));
    assert!(case.comments().await.contains(&said));
    let (foreign, unknown) = (other.evidence().await.remove(0).name, other.claim().await.lines.remove(0).line_id);
    for (evidence, line) in [(foreign.as_str(), ""), ("", unknown.as_str())] {
        let answer = case.comment_on(&case.partner, evidence, line).await;
        assert_refused(answer, Code::InvalidArgument, "COMMENT_TARGET_UNKNOWN");
    }
}
