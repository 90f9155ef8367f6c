//! R13: the template of the proof of execution, one for each activity.

use std::io::{Cursor, Read as _};

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, metadata};
use cpor_proto::{
    claims::v1::Claim,
    r#type::v1::{Activity, Contact, EvidenceKind},
};
use tonic::Code;

both_databases![
    r13_a_template_contains_the_data_of_the_claim,
    r13_each_activity_has_its_own_template,
    r13_missing_data_leaves_blanks,
    r13_escapes_markup_in_names,
    r13_a_template_can_be_uploaded_as_evidence,
    r13_only_partners_and_reviewers_may_download_it,
];

/// Reads a part of a DOCX document, which is a ZIP archive.
fn part(docx: &[u8], name: &str) -> String {
    let mut zip = zip::ZipArchive::new(Cursor::new(docx)).unwrap();
    let mut text = String::new();
    zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The text of the template.
async fn template_text(case: &TestClaim<'_>, activity: Activity) -> String {
    part(&case.poe_template(&case.partner, activity).await.unwrap().data, "word/document.xml")
}

async fn r13_a_template_contains_the_data_of_the_claim(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Editing).await;
    let template = case.poe_template(&case.partner, Activity::PreSales).await.unwrap();
    assert_eq!(template.content_type, "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
    assert!(template.file_name.starts_with("poe-pre-sales-fabrikam") && template.file_name.ends_with(".docx"));
    assert!(part(&template.data, "[Content_Types].xml").contains("/word/document.xml"));
    let document = part(&template.data, "word/document.xml");
    let claim = case.claim().await;
    let line = &claim.lines[0];
    for value in
        [&claim.tenant_id, &claim.customer_domain, &claim.mpn_id, &line.subscription_id, &line.product_display_name]
    {
        assert!(document.contains(value.as_str()), "{value}");
    }
    for text in
        ["Pre-sales, Business Applications", "Fabrikam", "Contoso", "Jana Dvořáková", "Signature", "Work began on"]
    {
        assert!(document.contains(text), "{text}");
    }
    // The template is available in every state. The activity can be omitted if there is only one.
    case.move_to_stage(ClaimStage::Rejected).await;
    assert_eq!(case.poe_template(&case.partner, Activity::Unspecified).await.unwrap().data.len(), template.data.len());
}

async fn r13_each_activity_has_its_own_template(system: &TestSystem) {
    let both = vec![Activity::Usage.into(), Activity::PreSales.into()];
    let case = TestClaim::create_draft(system, Claim { activities: both, ..system.presales().await }).await.unwrap();
    assert!(template_text(&case, Activity::Usage).await.contains("drove its use"));
    assert!(template_text(&case, Activity::PreSales).await.contains("helped the customer to decide"));
    let not_claimed = case.poe_template(&case.partner, Activity::RevenueAssociation).await;
    let status = assert_refused(not_claimed, Code::FailedPrecondition, "ACTIVITY_NOT_CLAIMED");
    assert_eq!(
        (metadata(&status, "activity"), metadata(&status, "claimed")),
        ("revenue_association".into(), "usage,pre_sales".into())
    );
    let status = case.poe_template(&case.partner, Activity::Unspecified).await.unwrap_err();
    assert_eq!(field_violations(&status), [("activity".to_owned(), "FIELD_REQUIRED".to_owned())].into());
    let recognition = TestClaim::create_draft(system, system.revenue_association().await).await.unwrap();
    let document = template_text(&recognition, Activity::RevenueAssociation).await;
    assert!(document.contains("Route Planner") && document.contains("Sandra Novotná"));
}

async fn r13_missing_data_leaves_blanks(system: &TestSystem) {
    let case = TestClaim::create_draft(system, Claim { mpn_id: "1001".into(), ..Claim::default() }).await.unwrap();
    let document = template_text(&case, Activity::Usage).await;
    assert!(document.contains(">1001<") && document.contains("Signature"), "{document}");
}

async fn r13_escapes_markup_in_names(system: &TestSystem) {
    let contact =
        Contact { name: "</w:t> & \"Co\"".into(), title: "<CIO>".into(), email: "cio@fabrikam.example".into() };
    let claim = Claim { customer_contact: Some(contact), ..system.presales().await };
    let case = TestClaim::create_draft(system, claim).await.unwrap();
    let document = template_text(&case, Activity::PreSales).await;
    assert!(document.contains("&#60;/w:t&#62; &#38; &#34;Co&#34;") && !document.contains("<CIO>"));
}

async fn r13_a_template_can_be_uploaded_as_evidence(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let template = case.poe_template(&case.partner, Activity::PreSales).await.unwrap();
    let evidence = case.upload(&template.file_name, &template.data).await.unwrap();
    assert_eq!(evidence.kind(), EvidenceKind::Docx);
    assert!(case.submit().await.is_ok());
}

async fn r13_only_partners_and_reviewers_may_download_it(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    for reader in [&system.contoso, &system.contoso_user, &system.reviewer, &system.lead] {
        case.poe_template(reader, Activity::PreSales).await.unwrap();
    }
    assert_refused(
        case.poe_template(&system.northwind, Activity::PreSales).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    for actor in [&system.operator, &system.manager, &system.fabrikam] {
        assert_refused(case.poe_template(actor, Activity::PreSales).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    }
}
