//! Edits and evidence after the submission, comments that point at something, and lines that go (R27a, R29, R37, R39, R55).
use cpor_kit::status;
use cpor_proto::{
    claims::v1 as wire,
    events::v1::{CompetitionChanged, event::Payload},
};
use cpor_types::{Role, Service};
use tonic::{Code, Status};

use crate::{
    reports::{approved_claim, case, ended, lost},
    stage::{PDF, Stage, claim, on_both, reason, start},
};

async fn update(stage: &Stage, name: &str, changed: wire::Claim) -> Result<wire::Claim, Status> {
    let claim = Some(wire::Claim { name: name.into(), ..changed });
    let request = wire::UpdateClaimRequest { claim, ..Default::default() };
    Ok(stage.contoso().update_claim(request).await?.into_inner())
}

async fn comments(stage: &Stage, name: &str) -> Vec<wire::Comment> {
    let list = wire::ListCommentsRequest { parent: name.into(), ..Default::default() };
    stage.contoso().list_comments(list).await.unwrap().into_inner().comments
}

on_both! {
    /// R29: contacts change, the rest is locked, all of it named at once.
    async fn r29_a_submitted_claim_is_edited(stage: Stage) {
        let submitted = stage.submitted().await;
        let person = wire::Contact { name: "Cem".into(), title: "IT".into(), email: "c@fabrikam.example".into() };
        let edited = update(&stage, &submitted.name, wire::Claim { customer_contact: Some(person), ..Default::default() });
        assert_eq!(edited.await.unwrap().customer_contact.unwrap().name, "Cem");
        let locked = wire::Claim { display_name: "new".into(), customer_domain: "x.example".into(), ..Default::default() };
        let refused = update(&stage, &submitted.name, locked).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "FIELD_LOCKED"));
        assert_eq!(status::metadata(&refused, "fields").unwrap(), "display_name,customer_domain");
        assert_eq!(status::metadata(&refused, "state").unwrap(), "SUBMITTED");
        stage.upload(&submitted.name, "more.pdf", PDF).await.unwrap();
        assert_eq!(stage.get(&submitted.name).await.unwrap().evidence_count, 2);
    }

    /// R4: whoever may change drafts only.
    async fn r4_users_change_drafts_and_no_submitted_claims(stage: Stage) {
        let draft = stage.complete_draft().await;
        let change = |name: &str| {
            let contact = wire::Contact { name: "Cem".into(), ..claim().partner_contact.unwrap() };
            let claim = wire::Claim { name: name.into(), partner_contact: Some(contact), ..Default::default() };
            wire::UpdateClaimRequest { claim: Some(claim), ..Default::default() }
        };
        let mut user = stage.partner("contoso", Role::IncentivesUser);
        user.update_claim(change(&draft.name)).await.unwrap();
        stage.submit(&draft.name).await.unwrap();
        let refused = user.update_claim(change(&draft.name)).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "DRAFTS_ONLY"));
        stage.upload(&draft.name, "more.pdf", PDF).await.unwrap();
    }

    /// R29, R38: the last line cannot go; a line that the directory does not know cannot come; the registry has to answer.
    async fn r29_an_edit_is_checked_as_a_submission(stage: Stage) {
        let submitted = stage.submitted().await;
        let none = wire::UpdateClaimRequest {
            claim: Some(wire::Claim { name: submitted.name.clone(), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["lines".into()] }),
            ..Default::default()
        };
        let refused = stage.contoso().update_claim(none).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), status::violations(&refused)[0].field.as_str()), (
            "CLAIM_INCOMPLETE",
            "lines"
        ));
        let lines = [claim().lines, vec![wire::ClaimLine { product: "products/nothing".into(), ..Default::default() }]];
        let unknown = wire::Claim { lines: lines.concat(), ..Default::default() };
        let refused = update(&stage, &submitted.name, unknown).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), status::violations(&refused)[0].field.as_str()), (
            "CLAIM_INCOMPLETE",
            "lines[1].product"
        ));
        stage.registry.go_down();
        let contact = wire::Contact { name: "Cem".into(), ..claim().partner_contact.unwrap() };
        let unasked = update(&stage, &submitted.name, wire::Claim { partner_contact: Some(contact), ..Default::default() });
        assert_eq!(reason(&unasked.await.unwrap_err()), "REGISTRY_UNAVAILABLE");
    }

    /// R55: what a comment is about is of the same claim.
    async fn r55_a_comment_is_about_a_document_or_a_line(stage: Stage) {
        let (one, other) = (stage.submitted().await, stage.complete_draft().await);
        let document = stage.upload(&one.name, "more.pdf", PDF).await.unwrap().name;
        let foreign = stage.upload(&other.name, "foreign.pdf", PDF).await.unwrap().name;
        let say = |evidence: &str, line_id: &str| {
            let (evidence, line_id) = (evidence.to_owned(), line_id.to_owned());
            let comment = wire::Comment { text: "see there".into(), evidence, line_id, ..Default::default() };
            wire::CreateCommentRequest { parent: one.name.clone(), comment: Some(comment), ..Default::default() }
        };
        let said = stage.contoso().create_comment(say(&document, &one.lines[0].line_id)).await.unwrap().into_inner();
        assert_eq!((&said.evidence, &said.line_id), (&document, &one.lines[0].line_id));
        assert_eq!(comments(&stage, &one.name).await, [said]);
        for (evidence, line) in [(foreign.as_str(), ""), ("", other.lines[0].line_id.as_str())] {
            let refused = stage.contoso().create_comment(say(evidence, line)).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "COMMENT_TARGET_UNKNOWN"));
        }
        let malformed = stage.contoso().create_comment(say("nothing", "")).await.unwrap_err();
        assert_eq!(status::violations(&malformed)[0].field, "comment.evidence");
    }

    /// R27a, R38: the last line is lost, the claim with it, and the company may claim anew.
    async fn r27a_a_claim_is_lost_with_its_last_line(stage: Stage) {
        let submitted = stage.submitted().await;
        let case = case(&stage, &submitted.name).await;
        let begun = CompetitionChanged {
            claim: submitted.name.clone(),
            review_case_id: case.clone(),
            contested_line_ids: vec![submitted.lines[0].line_id.clone()],
            ..Default::default()
        };
        stage.tell(Service::PoeReview, 1, start(), Payload::CompetitionChanged(begun)).await.unwrap();
        assert!(stage.get(&submitted.name).await.unwrap().lines[0].contested);
        let told = comments(&stage, &submitted.name).await;
        assert_eq!((told.len(), told[0].side()), (1, wire::Side::System));
        stage.tell(Service::PoeReview, 2, start(), lost(&submitted, &case)).await.unwrap();
        let rejected = stage.get(&submitted.name).await.unwrap();
        let rejection = rejected.rejection.unwrap();
        assert_eq!(rejection.primary_reason(), wire::PrimaryRejectionReason::LostToCompetingClaim);
        assert_eq!((rejection.comment.as_str(), rejection.r#final), ("the other proof is newer", false));
        assert_eq!((rejected.lines.len(), rejected.lost_lines.len()), (0, 1));
        assert_eq!(rejected.lost_lines[0].line.clone().unwrap().line_id, submitted.lines[0].line_id);
        stage.submitted().await;
    }

    /// R39, R38: the association ends, the claim stays approved, and what it claimed can be claimed anew.
    async fn r39_an_association_ends_and_the_claim_shows_it(stage: Stage) {
        let approved = approved_claim(&stage).await;
        assert_eq!(approved.lines[0].association_state(), wire::AssociationState::Pending);
        stage.tell(Service::Registry, 1, start(), ended(&approved, "expired")).await.unwrap();
        let shown = stage.get(&approved.name).await.unwrap();
        assert_eq!((shown.state(), shown.association_state()), (
            wire::ClaimState::Approved,
            wire::AssociationState::Ended
        ));
        let line = &shown.lines[0];
        assert_eq!((line.association_state(), line.association_end_reason()), (
            wire::AssociationState::Ended,
            wire::AssociationEndReason::Expired
        ));
        assert_eq!((line.association_end_time.unwrap().to_string(), line.association_start_time), (
            "2026-03-06T08:00:00Z".to_owned(),
            None
        ));
        stage.submitted().await;
    }
}
