//! R29, R55: what a partner can change after the submission, and what a comment can refer to.

use cpor_acceptance::{
    ClaimStage, LITWARE, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, assert_violations,
    both_databases, contact, line, metadata,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    r#type::v1::{Activity, SolutionArea},
};
use tonic::Code;

both_databases![
    r29_contacts_lines_and_location_can_change,
    r29_all_other_fields_are_locked,
    r29_an_edit_is_checked_like_a_submission,
    r29_an_edit_answers_the_request,
    r29_evidence_is_accepted_until_the_review_starts,
    r29_nothing_changes_under_review,
    r55_a_comment_refers_to_parts_of_its_claim,
];

/// New contacts of the customer and of the partner.
fn with_new_contacts() -> Claim {
    let customer_contact = contact("Bea", "CIO", "bea@fabrikam.example");
    Claim { customer_contact, partner_contact: contact("Ben", "", "ben@contoso.example"), ..Claim::default() }
}

async fn r29_contacts_lines_and_location_can_change(system: &TestSystem) {
    for stage in [ClaimStage::Submitted, ClaimStage::PartnerActionRequired] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let first = case.claim().await.lines.remove(0);
        let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
        let technical_contact = contact("Ivo", "Administrator", "ivo@fabrikam.example");
        let edit = Claim {
            lines: vec![first.clone(), second],
            mpn_id: "1002".into(),
            customer_technical_contact: technical_contact.clone(),
            ..with_new_contacts()
        };
        let fields = ["customer_contact", "customer_technical_contact", "lines", "mpn_id", "partner_contact"];
        let claim = case.update(edit.clone(), &fields).await.unwrap();
        assert_eq!((claim.state(), claim.lines.len(), claim.mpn_id.as_str()), (stage.state(), 2, "1002"));
        assert_eq!(claim.lines[0].line_id, first.line_id);
        assert_eq!((&claim.customer_contact, &claim.partner_contact), (&edit.customer_contact, &edit.partner_contact));
        assert_eq!(claim.customer_technical_contact, technical_contact);
        let changes = case.entry("updated").await.changes;
        let mut changed: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        changed.sort_unstable();
        assert_eq!(changed, fields);
        let of_contact = changes.iter().find(|change| change.field == "customer_technical_contact").unwrap();
        assert!(of_contact.old_value.contains("Petr Malý") && of_contact.new_value.contains("Ivo"), "{of_contact:?}");
        system.wait_until_idle().await;
    }
}

async fn r29_all_other_fields_are_locked(system: &TestSystem) {
    let other = Claim {
        display_name: "Renamed".into(),
        customer_domain: "fabrikam-mail.example".into(),
        tenant_id: LITWARE.into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        program: "osa_sell".into(),
        solution_seller_name: "Sandra".into(),
        customer_name: "Fabrikam".into(),
        isv_solution_name: "Planner".into(),
        terms_acknowledged: true,
        ..with_new_contacts()
    };
    let locked = [
        "display_name",
        "customer_domain",
        "tenant_id",
        "solution_area",
        "activities",
        "program",
        "solution_seller_name",
        "customer_name",
        "isv_solution_name",
        "terms_acknowledged",
    ];
    for stage in [ClaimStage::Submitted, ClaimStage::PartnerActionRequired] {
        let case = TestClaim::at_stage(system, system.presales().await, stage).await;
        let before = case.claim().await;
        for field in locked {
            let refused = case.update(other.clone(), &[field, "partner_contact"]).await;
            let status = assert_refused(refused, Code::FailedPrecondition, "FIELD_LOCKED");
            assert_eq!(metadata(&status, "fields"), field);
        }
        let status =
            assert_refused(case.update(other.clone(), &locked).await, Code::FailedPrecondition, "FIELD_LOCKED");
        assert_eq!(metadata(&status, "fields"), locked.join(","), "all locked fields are named at once");
        assert_eq!(case.claim().await, before);
    }
}

async fn r29_an_edit_is_checked_like_a_submission(system: &TestSystem) {
    let claim = system.presales().await;
    let other = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let case = TestClaim::at_stage(system, claim, ClaimStage::Submitted).await;
    assert_violations(case.update(Claim::default(), &["lines"]).await, &[("lines", "FIELD_REQUIRED")]);
    let with_claimed_line = [case.claim().await.lines, other.claim().await.lines].concat();
    let update = case.update(Claim { lines: with_claimed_line, ..Claim::default() }, &["lines"]).await;
    assert_violations(update, &[("lines[1]", "ALREADY_CLAIMED")]);
    assert_eq!(case.claim().await.lines.len(), 1, "a refused update changes nothing");
}

async fn r29_an_edit_answers_the_request(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.update(with_new_contacts(), &["partner_contact"]).await.unwrap();
    assert_eq!(case.resubmit("").await.unwrap().state(), ClaimState::Submitted);
}

async fn r29_evidence_is_accepted_until_the_review_starts(system: &TestSystem) {
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
        assert_not_allowed(case.update(with_new_contacts(), &["partner_contact"]).await, "update", &state);
    }
}

async fn r55_a_comment_refers_to_parts_of_its_claim(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let other = TestClaim::create_with_evidence(system, system.presales().await).await;
    let (document, line) = (case.evidence().await.remove(0).name, case.claim().await.lines.remove(0).line_id);
    let comment = case.comment_on(&system.reviewer, &document, &line).await.unwrap();
    assert_eq!((&comment.evidence, &comment.line_id), (&document, &line));
    assert!(case.comments().await.contains(&comment));
    let (other_document, other_line) =
        (other.evidence().await.remove(0).name, other.claim().await.lines.remove(0).line_id);
    for (evidence, line) in [(other_document.as_str(), ""), ("", other_line.as_str())] {
        let refused = case.comment_on(&case.partner, evidence, line).await;
        assert_refused(refused, Code::InvalidArgument, "COMMENT_TARGET_UNKNOWN");
    }
}
