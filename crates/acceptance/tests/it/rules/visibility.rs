//! R5: what operators and customers see of a claim.

use bytes::Bytes;
use cpor_acceptance::{
    Actor, ApiResult, ClaimStage, FABRIKAM, LITWARE, PDF, TestClaim, TestSystem, assert_refused, both_databases, call,
    encode, methods, timestamp,
};
use cpor_proto::{
    claims::v1::{ClaimExplanation, ClaimState, ExplainClaimRequest, ListHistoryRequest},
    consents::v1::{Consent, GetConsentRequest, ListConsentsRequest},
};
use tonic::Code;

use crate::identity::{fixture::ResourceNames, requests::request_for};

both_databases![
    r5_operators_see_masked_data_and_no_evidence,
    r5_a_customer_sees_claims_from_submission_on,
    r5_a_customer_sees_no_poe_comments_or_notes,
];

async fn r5_operators_see_masked_data_and_no_evidence(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.revenue_association().await, ClaimStage::Submitted).await;
    let document = case.evidence().await.remove(0).name;
    assert_refused(case.download(&system.operator, &document).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    let claim = case.claim_as(&system.operator).await.unwrap();
    let shown = format!("{claim:?}");
    for secret in ["jana.dvorakova@fabrikam.example", "Jana Dvořáková", "Erik Weber", "Sandra Novotná"] {
        assert!(!shown.contains(secret), "an operator reads {secret}: {shown}");
    }
    assert_eq!(claim.tenant_id, FABRIKAM, "other data is shown");
    let request = ListHistoryRequest { parent: case.name.clone(), ..ListHistoryRequest::default() };
    let history = format!("{:?}", system.operator.claims().list_history(request).await.unwrap().into_inner());
    for secret in ["jana.dvorakova@fabrikam.example", "erik@contoso.example"] {
        assert!(!history.contains(secret), "an operator reads {secret} in the history: {history}");
    }
}

async fn r5_a_customer_sees_claims_from_submission_on(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    assert_refused(case.consent().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(explain(&case, &system.fabrikam).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(consents(&system.fabrikam, FABRIKAM).await.unwrap(), []);

    case.move_to_stage(ClaimStage::Submitted).await;
    let consent = case.consent().await.unwrap();
    assert_eq!(consents(&system.fabrikam, FABRIKAM).await.unwrap(), std::slice::from_ref(&consent));
    let names = (consent.partner_display_name.as_str(), consent.claim_display_name.as_str());
    assert_eq!(names, ("Contoso Consulting GmbH", "Fabrikam sales rollout"));
    assert_eq!(consent.activities().collect::<Vec<_>>(), [cpor_proto::r#type::v1::Activity::PreSales]);
    let lines: Vec<_> = consent.lines.iter().map(|line| (line.product_display_name.as_str(), &line.key)).collect();
    assert_eq!(lines, [("Dynamics 365 Sales", &case.claim().await.lines[0].key)]);
    assert_eq!(explain(&case, &system.fabrikam).await.unwrap().state(), ClaimState::Submitted);

    case.take_and_start_review().await;
    assert_eq!(explain(&case, &system.fabrikam).await.unwrap().state(), ClaimState::UnderReview);
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let explanation = explain(&case, &system.fabrikam).await.unwrap();
    assert_eq!(explanation.state(), ClaimState::Approved);
    let due = case.consent().await.unwrap().due_time;
    assert_eq!((due, explanation.due_time), (Some(timestamp("2026-03-23T23:00:00Z")), due));

    // The administrator of another tenant sees nothing of it.
    let request = GetConsentRequest { name: case.consent_name() };
    assert_refused(system.litware.consents().get_consent(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(explain(&case, &system.litware).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(consents(&system.litware, FABRIKAM).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(consents(&system.litware, LITWARE).await.unwrap(), []);
}

async fn explain(case: &TestClaim<'_>, actor: &Actor) -> ApiResult<ClaimExplanation> {
    let request = ExplainClaimRequest { name: case.name.clone() };
    Ok(actor.claims().explain_claim(request).await?.into_inner())
}

async fn consents(actor: &Actor, tenant: &str) -> ApiResult<Vec<Consent>> {
    let request = ListConsentsRequest { parent: format!("tenants/{tenant}"), ..ListConsentsRequest::default() };
    Ok(actor.consents().list_consents(request).await?.into_inner().consents)
}

/// The methods that return documents, comments, notes, or the claim with everything in it.
const METHODS_WITH_POE_COMMENTS_OR_NOTES: [&str; 17] = [
    "GetClaim",
    "GetEvidence",
    "GetComment",
    "GetReviewNote",
    "ListClaims",
    "ExportClaims",
    "ListEvidence",
    "DownloadEvidence",
    "DownloadPoeTemplate",
    "ListComments",
    "CreateComment",
    "ListHistory",
    "ExportClaimReceipt",
    "GetReviewCase",
    "ListReviewCases",
    "ListReviewNotes",
    "CreateReviewNote",
];

async fn r5_a_customer_sees_no_poe_comments_or_notes(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let document = case.upload("rollout-protocol.pdf", PDF).await.unwrap();
    let comments = ["The partner's remark.", "The reviewer's remark.", "The signature page is missing.", "The answer."];
    case.comment(&case.partner, comments[0]).await.unwrap();
    case.move_to_stage(ClaimStage::UnderReview).await;
    case.comment(&system.reviewer, comments[1]).await.unwrap();
    let note = case.note(&system.reviewer, "A note among reviewers.").await.unwrap().text;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.resubmit(comments[3]).await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let written: Vec<_> = case.comments().await.into_iter().map(|comment| comment.text).collect();
    assert!(comments.iter().all(|comment| written.iter().any(|text| text == comment)), "{written:?}");
    let mut hidden = vec![document.name.as_str(), &document.file_name, &document.sha256, &note];
    hidden.extend(comments);

    let names = ResourceNames::of(&case).await;
    for method in methods() {
        let request = encode(&method.input, &request_for(&method, &names));
        let response = call(&system.fabrikam, &method, request).await;
        if METHODS_WITH_POE_COMMENTS_OR_NOTES.contains(&method.name.as_str()) {
            assert_refused(response, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        } else {
            let messages = response.map_or_else(
                |status| vec![status.message().as_bytes().to_vec().into(), Bytes::copy_from_slice(status.details())],
                |(_, messages)| messages,
            );
            assert_hides(&messages.concat(), &hidden, &method.name);
        }
    }
    system.wait_until_idle().await;
    let mails = system.mails_to(&case.contact().await);
    assert_eq!(mails.len(), 2, "two notices");
    for mail in mails {
        let page = match mail.text.contains("/consent/") {
            true => system.browser.open(mail.link()).await.html,
            false => String::new(),
        };
        assert_hides([mail.text, mail.html, page].concat().as_bytes(), &hidden, &mail.subject);
    }
}

#[track_caller]
fn assert_hides(shown: &[u8], hidden: &[&str], place: &str) {
    let shown = String::from_utf8_lossy(shown);
    for text in hidden {
        assert!(!shown.contains(text), "{place} shows {text:?} to the customer: {shown}");
    }
}
