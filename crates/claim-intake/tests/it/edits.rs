//! Tests of edits and evidence after the submission, of comments on documents and lines, and of
//! lost and ended lines (R27a, R29, R37, R39, R55).
use cpor_call::status;
use cpor_proto::r#type::v1 as types;
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{CompetitionChanged, event::Payload},
};
use cpor_testing::on_both_databases;
use cpor_types::{Role, Service};
use tonic::{Code, Status};

use crate::{
    events::{approved_claim, association_ended, lines_lost, review_case},
    fixture::{PDF, TestSystem, claim, reason, start},
};

on_both_databases![
    r29_a_submitted_claim_is_edited,
    r4_incentives_users_edit_drafts_only,
    r29_an_edit_is_checked_as_a_submission,
    r55_a_comment_is_about_a_document_or_a_line,
    r27a_a_claim_is_lost_with_its_last_line,
    r39_an_association_ends_and_the_claim_shows_it,
];

async fn update(system: &TestSystem, name: &str, changed: wire::Claim) -> Result<wire::Claim, Status> {
    let claim = Some(wire::Claim { name: name.into(), ..changed });
    let request = wire::UpdateClaimRequest { claim, ..Default::default() };
    Ok(system.contoso().update_claim(request).await?.into_inner())
}

async fn comments(system: &TestSystem, name: &str) -> Vec<wire::Comment> {
    let list = wire::ListCommentsRequest { parent: name.into(), ..Default::default() };
    system.contoso().list_comments(list).await.unwrap().into_inner().comments
}

/// R29: contacts can be changed. The refusal names all locked fields.
async fn r29_a_submitted_claim_is_edited(system: TestSystem) {
    let submitted = system.submitted_claim().await;
    let person = types::Contact { name: "Cem".into(), title: "IT".into(), email: "c@fabrikam.example".into() };
    let edited = update(&system, &submitted.name, wire::Claim { customer_contact: Some(person), ..Default::default() });
    assert_eq!(edited.await.unwrap().customer_contact.unwrap().name, "Cem");
    let locked = wire::Claim { display_name: "new".into(), customer_domain: "x.example".into(), ..Default::default() };
    let refused = update(&system, &submitted.name, locked).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "FIELD_LOCKED"));
    assert_eq!(status::metadata(&refused, "fields").unwrap(), "display_name,customer_domain");
    assert_eq!(status::metadata(&refused, "state").unwrap(), "SUBMITTED");
    system.upload(&submitted.name, "more.pdf", PDF).await.unwrap();
    assert_eq!(system.get(&submitted.name).await.unwrap().evidence_count, 2);
}

/// R4: the role `incentives_user` may edit drafts only.
async fn r4_incentives_users_edit_drafts_only(system: TestSystem) {
    let draft = system.complete_draft().await;
    let change = |name: &str| {
        let contact = types::Contact { name: "Cem".into(), ..claim().partner_contact.unwrap() };
        let claim = wire::Claim { name: name.into(), partner_contact: Some(contact), ..Default::default() };
        wire::UpdateClaimRequest { claim: Some(claim), ..Default::default() }
    };
    let mut user = system.partner("contoso", Role::IncentivesUser);
    user.update_claim(change(&draft.name)).await.unwrap();
    system.submit(&draft.name).await.unwrap();
    let refused = user.update_claim(change(&draft.name)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "DRAFTS_ONLY"));
    system.upload(&draft.name, "more.pdf", PDF).await.unwrap();
}

/// R29, R38: the last line cannot be removed, an unknown product cannot be added, and the
/// registry must answer.
async fn r29_an_edit_is_checked_as_a_submission(system: TestSystem) {
    let submitted = system.submitted_claim().await;
    let none = wire::UpdateClaimRequest {
        claim: Some(wire::Claim { name: submitted.name.clone(), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["lines".into()] }),
        ..Default::default()
    };
    let refused = system.contoso().update_claim(none).await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), status::field_violations(&refused)[0].field.as_str()),
        ("CLAIM_INCOMPLETE", "lines")
    );
    let lines = [claim().lines, vec![wire::ClaimLine { product: "products/nothing".into(), ..Default::default() }]];
    let unknown = wire::Claim { lines: lines.concat(), ..Default::default() };
    let refused = update(&system, &submitted.name, unknown).await.unwrap_err();
    assert_eq!(
        (reason(&refused).as_str(), status::field_violations(&refused)[0].field.as_str()),
        ("CLAIM_INCOMPLETE", "lines[1].product")
    );
    system.registry.fake.simulate_outage();
    let contact = types::Contact { name: "Cem".into(), ..claim().partner_contact.unwrap() };
    let unchecked =
        update(&system, &submitted.name, wire::Claim { partner_contact: Some(contact), ..Default::default() });
    assert_eq!(reason(&unchecked.await.unwrap_err()), "REGISTRY_UNAVAILABLE");
}

/// R55: a comment may be about a document or a line of the same claim only.
async fn r55_a_comment_is_about_a_document_or_a_line(system: TestSystem) {
    let (claim, other_claim) = (system.submitted_claim().await, system.complete_draft().await);
    let document = system.upload(&claim.name, "more.pdf", PDF).await.unwrap().name;
    let foreign = system.upload(&other_claim.name, "foreign.pdf", PDF).await.unwrap().name;
    let request = |evidence: &str, line_id: &str| {
        let (evidence, line_id) = (evidence.to_owned(), line_id.to_owned());
        let comment = wire::Comment { text: "see there".into(), evidence, line_id, ..Default::default() };
        wire::CreateCommentRequest { parent: claim.name.clone(), comment: Some(comment), ..Default::default() }
    };
    let comment =
        system.contoso().create_comment(request(&document, &claim.lines[0].line_id)).await.unwrap().into_inner();
    assert_eq!((&comment.evidence, &comment.line_id), (&document, &claim.lines[0].line_id));
    assert_eq!(comments(&system, &claim.name).await, [comment]);
    for (evidence, line) in [(foreign.as_str(), ""), ("", other_claim.lines[0].line_id.as_str())] {
        let refused = system.contoso().create_comment(request(evidence, line)).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "COMMENT_TARGET_UNKNOWN"));
    }
    let malformed = system.contoso().create_comment(request("nothing", "")).await.unwrap_err();
    assert_eq!(status::field_violations(&malformed)[0].field, "comment.evidence");
}

/// R27a, R38: a claim that loses its last line is rejected, and the company may claim the line
/// again.
async fn r27a_a_claim_is_lost_with_its_last_line(system: TestSystem) {
    let submitted = system.submitted_claim().await;
    let case = review_case(&system, &submitted.name).await;
    let competition = CompetitionChanged {
        claim: submitted.name.clone(),
        review_case_id: case.clone(),
        contested_line_ids: vec![submitted.lines[0].line_id.clone()],
        ..Default::default()
    };
    system.deliver(Service::PoeReview, 1, start(), Payload::CompetitionChanged(competition)).await.unwrap();
    assert!(system.get(&submitted.name).await.unwrap().lines[0].contested);
    let comments = comments(&system, &submitted.name).await;
    assert_eq!((comments.len(), comments[0].side()), (1, types::ActorSide::System));
    system.deliver(Service::PoeReview, 2, start(), lines_lost(&submitted, &case)).await.unwrap();
    let rejected = system.get(&submitted.name).await.unwrap();
    let rejection = rejected.rejection.unwrap();
    assert_eq!(rejection.primary_reason(), types::PrimaryRejectionReason::LostToCompetingClaim);
    assert_eq!((rejection.comment.as_str(), rejection.is_final), ("the other proof is newer", false));
    assert_eq!((rejected.lines.len(), rejected.lost_lines.len()), (0, 1));
    assert_eq!(rejected.lost_lines[0].line.clone().unwrap().line_id, submitted.lines[0].line_id);
    system.submitted_claim().await;
}

/// R39, R38: the claim stays approved when its association ends, and the company may claim the
/// line again.
async fn r39_an_association_ends_and_the_claim_shows_it(system: TestSystem) {
    let approved = approved_claim(&system).await;
    assert_eq!(approved.lines[0].association_state(), types::AssociationState::Pending);
    system
        .deliver(Service::Registry, 1, start(), association_ended(&approved, types::AssociationEndReason::Expired))
        .await
        .unwrap();
    let claim = system.get(&approved.name).await.unwrap();
    assert_eq!(
        (claim.state(), claim.association_state()),
        (wire::ClaimState::Approved, types::AssociationState::Ended)
    );
    let line = &claim.lines[0];
    assert_eq!(
        (line.association_state(), line.association_end_reason()),
        (types::AssociationState::Ended, types::AssociationEndReason::Expired)
    );
    assert_eq!(
        (line.association_end_time.unwrap().to_string(), line.association_start_time),
        ("2026-03-06T08:00:00Z".to_owned(), None)
    );
    system.submitted_claim().await;
}
