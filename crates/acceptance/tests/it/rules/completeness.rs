//! R10, R11: what a claim must contain before it can be submitted.

use cpor_acceptance::{
    FABRIKAM_SALES, LITWARE, TAILSPIN, TAILSPIN_POWER_BI, TestClaim, TestSystem, assert_refused, assert_violations,
    both_databases, contact, line,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    r#type::v1::{Activity, Contact},
};
use tonic::Code;
use tonic_types::StatusExt as _;

both_databases![
    r10_a_submission_needs_every_required_field,
    r10_a_revenue_association_needs_its_three_names,
    r10_other_activities_refuse_the_three_names,
    r10_a_technical_contact_is_needed_for_dynamics_365,
    r10_contacts_need_name_title_and_email,
    r10_an_address_that_mail_refuses_is_refused,
    r10_blanks_are_not_a_value,
    r10_refuses_a_product_twice_per_subscription,
    r10_the_only_claimable_subscription_is_filled_in,
    r10_of_several_subscriptions_one_must_be_named,
    r10_acknowledgement_and_comments_are_optional,
    r11_a_draft_shows_what_a_submission_refuses,
];

/// The violations of an empty claim.
const ALL_REQUIRED: [(&str, &str); 13] = [
    ("mpn_id", "FIELD_REQUIRED"),
    ("customer_domain", "FIELD_REQUIRED"),
    ("tenant_id", "FIELD_REQUIRED"),
    ("solution_area", "FIELD_REQUIRED"),
    ("activities", "FIELD_REQUIRED"),
    ("display_name", "FIELD_REQUIRED"),
    ("lines", "FIELD_REQUIRED"),
    ("customer_contact.name", "FIELD_REQUIRED"),
    ("customer_contact.title", "FIELD_REQUIRED"),
    ("customer_contact.email", "FIELD_REQUIRED"),
    ("partner_contact.name", "FIELD_REQUIRED"),
    ("partner_contact.email", "FIELD_REQUIRED"),
    ("evidence", "EVIDENCE_REQUIRED"),
];

async fn r10_a_submission_needs_every_required_field(system: &TestSystem) {
    let case = TestClaim::create_draft(system, Claim::default()).await.unwrap();
    assert_violations(case.submit().await, &ALL_REQUIRED);
    assert_eq!(case.claim().await.state(), ClaimState::Editing);
}

async fn r10_a_revenue_association_needs_its_three_names(system: &TestSystem) {
    let names = ["solution_seller_name", "customer_name", "isv_solution_name"];
    let without_names = Claim { activities: vec![Activity::RevenueAssociation.into()], ..system.usage().await };
    let case = TestClaim::create_with_evidence(system, without_names).await;
    assert_violations(case.submit().await, &names.map(|name| (name, "FIELD_REQUIRED")));
    TestClaim::create_with_evidence(system, system.revenue_association().await).await.submit().await.unwrap();
}

async fn r10_other_activities_refuse_the_three_names(system: &TestSystem) {
    let names = ["solution_seller_name", "customer_name", "isv_solution_name"];
    let claim = Claim { activities: vec![Activity::Usage.into()], ..system.revenue_association().await };
    assert_violations(
        TestClaim::create_with_evidence(system, claim).await.submit().await,
        &names.map(|name| (name, "FIELD_NOT_ALLOWED")),
    );
}

async fn r10_a_technical_contact_is_needed_for_dynamics_365(system: &TestSystem) {
    let without_contact = Claim { customer_technical_contact: None, ..system.presales().await };
    let fields = ["name", "title", "email"].map(|part| format!("customer_technical_contact.{part}"));
    let violations: Vec<_> = fields.iter().map(|field| (field.as_str(), "FIELD_REQUIRED")).collect();
    assert_violations(TestClaim::create_with_evidence(system, without_contact).await.submit().await, &violations);
    let power_apps = system.usage().await;
    assert!(power_apps.customer_technical_contact.is_none());
    TestClaim::create_with_evidence(system, power_apps).await.submit().await.unwrap();
}

async fn r10_contacts_need_name_title_and_email(system: &TestSystem) {
    let claim = Claim {
        customer_contact: contact("Jana", "", ""),
        partner_contact: Some(Contact { email: "erik@contoso.example".into(), ..Contact::default() }),
        ..system.presales().await
    };
    let expected = [
        ("customer_contact.title", "FIELD_REQUIRED"),
        ("customer_contact.email", "FIELD_REQUIRED"),
        ("partner_contact.name", "FIELD_REQUIRED"),
    ];
    assert_violations(TestClaim::create_with_evidence(system, claim).await.submit().await, &expected);
    let claim = Claim { customer_contact: contact("Jana", "CIO", "not an address"), ..system.presales().await };
    let status = assert_refused(TestClaim::create_draft(system, claim).await, Code::InvalidArgument, "INVALID_FIELDS");
    assert!(
        cpor_acceptance::field_violations(&status)
            .contains(&("claim.customer_contact.email".into(), "STRING_EMAIL".into()))
    );
}

async fn r10_an_address_that_mail_refuses_is_refused(system: &TestSystem) {
    let long = format!("{}@litware.example", "m".repeat(65));
    let (at_sign, dots, characters) = ("exactly one @ sign", "two dots in a row", "only the letters a to z");
    let addresses = [
        ("maria..rossi@litware.example", dots),
        (".maria@litware.example", dots),
        ("maria.@litware.example", dots),
        (&long, "1 to 64 characters before the @ sign"),
        ("maria@litware", "a domain name"),
        ("maria@10.0.0.1", "a domain name"),
        ("maria@-litware.example", "a domain name"),
        ("maria@litware.example.", "a domain name"),
        ("maria rossi@litware.example", characters),
        ("Maria Rossi <maria@litware.example>", characters),
        ("mailto:maria@litware.example", characters),
        ("maria@@litware.example", at_sign),
        ("maria@litware.example;paolo@litware.example", at_sign),
    ];
    for (address, why) in addresses {
        let claim = Claim { customer_contact: contact("Maria", "CIO", address), ..system.workloads() };
        let created = TestClaim::create_draft(system, claim).await;
        let status = assert_refused(created, Code::InvalidArgument, "INVALID_FIELDS");
        let violations = status.get_error_details().bad_request().unwrap().field_violations.clone();
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert_eq!(violations[0].field, "claim.customer_contact.email");
        assert!(violations[0].description.contains(why), "{address}: {}", violations[0].description);
    }
    let international =
        Claim { customer_contact: contact("Maria", "CIO", "Maria@BÜRO.example"), ..system.workloads() };
    let created = TestClaim::create_draft(system, international).await.unwrap();
    assert_eq!(created.contact().await, "Maria@xn--bro-hoa.example");
}

async fn r10_blanks_are_not_a_value(system: &TestSystem) {
    let blank_contact = contact("\u{200b}", " ", "\u{a0}");
    let claim = Claim {
        display_name: "\u{a0}".into(),
        customer_domain: "   ".into(),
        customer_contact: blank_contact,
        partner_contact: contact("\t", "", "erik@contoso.example"),
        ..system.workloads()
    };
    let case = TestClaim::create_with_evidence(system, claim).await;
    let required = [
        ("customer_domain", "FIELD_REQUIRED"),
        ("display_name", "FIELD_REQUIRED"),
        ("customer_contact.name", "FIELD_REQUIRED"),
        ("customer_contact.title", "FIELD_REQUIRED"),
        ("customer_contact.email", "FIELD_REQUIRED"),
        ("partner_contact.name", "FIELD_REQUIRED"),
    ];
    assert_violations(case.submit().await, &required);
    let padded = Claim {
        customer_domain: "  litware.example  ".into(),
        tenant_id: format!(" {} ", LITWARE.to_uppercase()),
        ..system.workloads()
    };
    TestClaim::create_with_evidence(system, padded).await.submit().await.unwrap();
}

async fn r10_refuses_a_product_twice_per_subscription(system: &TestSystem) {
    let claim = system.presales().await;
    let twice = Claim { lines: vec![claim.lines[0].clone(), claim.lines[0].clone()], ..claim.clone() };
    let case = TestClaim::create_with_evidence(system, twice).await;
    assert_violations(case.submit().await, &[("lines[1]", "DUPLICATE_LINE")]);
    let other_line = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    case.update(Claim { lines: vec![claim.lines[0].clone(), other_line], ..Claim::default() }, &["lines"])
        .await
        .unwrap();
    case.submit().await.unwrap();
}

async fn r10_the_only_claimable_subscription_is_filled_in(system: &TestSystem) {
    let claim = Claim {
        display_name: "Tailspin dashboards".into(),
        tenant_id: TAILSPIN.into(),
        customer_domain: "tailspin.example".into(),
        customer_contact: contact("Tess Taylor", "CIO", "tess.taylor@tailspin.example"),
        customer_technical_contact: None,
        lines: vec![line("power-bi", "")],
        ..system.usage().await
    };
    let case = TestClaim::create_with_evidence(system, claim).await;
    let line = case.claim().await.lines.remove(0);
    assert_eq!((line.subscription_id.as_str(), line.product_display_name.as_str()), (TAILSPIN_POWER_BI, "Power BI"));
    assert_eq!(line.key, format!("tenants/{TAILSPIN}/subscriptions/{TAILSPIN_POWER_BI}"));
    case.submit().await.unwrap();
}

async fn r10_of_several_subscriptions_one_must_be_named(system: &TestSystem) {
    system.create_subscription("dynamics-365-sales").await;
    let claim = system.presales().await;
    let unnamed = Claim { lines: vec![line("dynamics-365-sales", "")], ..claim };
    let case = TestClaim::create_with_evidence(system, unnamed.clone()).await;
    assert_violations(case.submit().await, &[("lines[0].subscription_id", "SUBSCRIPTION_ID_REQUIRED")]);
    let named = Claim { lines: vec![line("dynamics-365-sales", FABRIKAM_SALES)], ..unnamed };
    case.update(named, &["lines"]).await.unwrap();
    case.submit().await.unwrap();
}

async fn r10_acknowledgement_and_comments_are_optional(system: &TestSystem) {
    let claim = system.presales().await;
    assert!(!claim.terms_acknowledged);
    let case = TestClaim::create_with_evidence(system, claim).await;
    let submitted = case.submit().await.unwrap();
    assert_eq!(submitted.policy, "2021@1");
    assert!(case.comments().await.is_empty());
}

async fn r11_a_draft_shows_what_a_submission_refuses(system: &TestSystem) {
    let claim =
        Claim { display_name: String::new(), customer_domain: "litware.example".into(), ..system.presales().await };
    let case = TestClaim::create_draft(system, claim).await.unwrap();
    let violations = case.claim().await.violations;
    assert!(violations.iter().all(|violation| !violation.description.is_empty()), "{violations:?}");
    let violations: Vec<_> =
        violations.iter().map(|violation| (violation.field.as_str(), violation.reason.as_str())).collect();
    let expected = [
        ("display_name", "FIELD_REQUIRED"),
        ("evidence", "EVIDENCE_REQUIRED"),
        ("customer_domain", "DOMAIN_NOT_OF_TENANT"),
    ];
    assert_eq!(violations, expected);
    assert_violations(case.submit().await, &expected);

    let corrected =
        Claim { display_name: "Now".into(), customer_domain: "fabrikam.example".into(), ..Claim::default() };
    let claim = case.update(corrected, &["display_name", "customer_domain"]).await.unwrap();
    assert_eq!(claim.violations.len(), 1);
    case.upload("proof.pdf", cpor_acceptance::PDF).await.unwrap();
    assert!(case.claim().await.violations.is_empty());
    assert!(case.submit().await.unwrap().violations.is_empty());
}
