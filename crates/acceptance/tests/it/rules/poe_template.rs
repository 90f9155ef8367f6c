//! R13: the proof of execution to be filled in, per activity.

use std::io::{Cursor, Read as _};

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, metadata};
use cpor_proto::{
    claims::v1::Claim,
    r#type::v1::{Activity, Contact, EvidenceKind},
};
use tonic::Code;

both_databases![
    r13_a_template_says_what_the_claim_says,
    r13_each_activity_has_its_own,
    r13_a_draft_that_lacks_something_has_blanks,
    r13_hostile_names_stay_words,
    r13_a_template_can_be_uploaded_as_evidence,
    r13_partners_and_reviewers_read_it_and_nobody_else,
];

/// A part of the document, which is a zip as Word writes one.
fn part(docx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

async fn template(case: &TestClaim<'_>, activity: Activity) -> String {
    part(&case.poe_template(&case.partner, activity).await.unwrap().data, "word/document.xml")
}

async fn r13_a_template_says_what_the_claim_says(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    let answer = case.poe_template(&case.partner, Activity::PreSales).await.unwrap();
    assert_eq!(answer.content_type, "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    assert!(answer.file_name.starts_with("poe-pre-sales-fabrikam") && answer.file_name.ends_with(".docx"));
    assert!(part(&answer.data, "[Content_Types].xml").contains("/word/document.xml"));
    let document = part(&answer.data, "word/document.xml");
    let claim = case.claim().await;
    let line = &claim.lines[0];
    for said in
        [&claim.tenant_id, &claim.customer_domain, &claim.mpn_id, &line.subscription_id, &line.product_display_name]
    {
        assert!(document.contains(said.as_str()), "{said}");
    }
    for said in
        ["Pre-sales, Business Applications", "Fabrikam", "Contoso", "Jana Dvořáková", "Signature", "Work began on"]
    {
        assert!(document.contains(said), "{said}");
    }
    // In every state, and with only one activity it need not be named.
    case.move_to_stage(ClaimStage::Rejected).await;
    assert_eq!(case.poe_template(&case.partner, Activity::Unspecified).await.unwrap().data.len(), answer.data.len());
}

async fn r13_each_activity_has_its_own(system: &TestSystem) {
    let both = vec![Activity::Usage.into(), Activity::PreSales.into()];
    let case = TestClaim::create_draft(system, Claim { activities: both, ..system.presales().await }).await.unwrap();
    assert!(template(&case, Activity::Usage).await.contains("drove its use"));
    assert!(template(&case, Activity::PreSales).await.contains("helped the customer to decide"));
    let other = case.poe_template(&case.partner, Activity::RevenueAssociation).await;
    let status = assert_refused(other, Code::FailedPrecondition, "ACTIVITY_NOT_CLAIMED");
    assert_eq!(
        (metadata(&status, "activity"), metadata(&status, "claimed")),
        ("revenue_association".into(), "usage,pre_sales".into())
    );
    let status = case.poe_template(&case.partner, Activity::Unspecified).await.unwrap_err();
    assert_eq!(field_violations(&status), [("activity".to_owned(), "FIELD_REQUIRED".to_owned())].into());
    let recognition = TestClaim::create_draft(system, system.revenue_association().await).await.unwrap();
    let document = template(&recognition, Activity::RevenueAssociation).await;
    assert!(document.contains("Route Planner") && document.contains("Sandra Novotná"));
}

async fn r13_a_draft_that_lacks_something_has_blanks(system: &TestSystem) {
    let case = TestClaim::create_draft(system, Claim { mpn_id: "1001".into(), ..Claim::default() }).await.unwrap();
    let document = template(&case, Activity::Usage).await;
    assert!(document.contains(">1001<") && document.contains("Signature"), "{document}");
}

async fn r13_hostile_names_stay_words(system: &TestSystem) {
    let contact =
        Contact { name: "</w:t> & \"Co\"".into(), title: "<CIO>".into(), email: "cio@fabrikam.example".into() };
    let claim = Claim { customer_contact: Some(contact), ..system.presales().await };
    let case = TestClaim::create_draft(system, claim).await.unwrap();
    let document = template(&case, Activity::PreSales).await;
    assert!(document.contains("&#60;/w:t&#62; &#38; &#34;Co&#34;") && !document.contains("<CIO>"));
}

async fn r13_a_template_can_be_uploaded_as_evidence(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let template = case.poe_template(&case.partner, Activity::PreSales).await.unwrap();
    let evidence = case.upload(&template.file_name, &template.data).await.unwrap();
    assert_eq!(evidence.kind(), EvidenceKind::Docx);
    assert!(case.submit().await.is_ok());
}

async fn r13_partners_and_reviewers_read_it_and_nobody_else(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    for reader in [&system.contoso, &system.contoso_user, &system.reviewer, &system.lead] {
        case.poe_template(reader, Activity::PreSales).await.unwrap();
    }
    assert_refused(
        case.poe_template(&system.northwind, Activity::PreSales).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    for other in [&system.operator, &system.manager, &system.fabrikam] {
        assert_refused(case.poe_template(other, Activity::PreSales).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
}
