//! R43a: whose consent counts, and the mails that confirm decisions.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, FABRIKAM, TestClaim, TestSystem, assert_refused, assert_violations, both_databases, contact, timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimExplanation, ClaimState, ExplainClaimRequest, Party, WaitsFor},
    consents::v1::ConsentState,
    registry::v1::{DirectoryRow, DomainEnd, GetTenantRequest, directory_row::Row},
    reviews::v1::{ConfirmCustomerContactRequest, ReviewCommand},
    r#type::v1::AssociationState,
};
use tonic::Code;

both_databases![
    r43a_a_contact_is_not_at_the_partners_domain,
    r43a_an_ended_domain_authorizes_no_contact,
    r43a_silence_counts_after_a_confirmation,
    r43a_a_link_approves_after_a_confirmation,
    r43a_an_administrator_needs_no_confirmation,
    r43a_a_decline_always_counts,
    r43a_reviewers_of_the_case_confirm_a_contact,
    r43a_each_decision_is_confirmed_by_mail,
    r43a_a_decline_is_confirmed_to_a_former_contact,
];
both_databases![with policy_2020: r43a_silence_before_the_approval_needs_a_confirmation];

const ADDRESS: &str = "jana@freemail.example";

/// A claim whose customer contact has this address.
async fn presales(system: &TestSystem, address: &str) -> Claim {
    Claim { customer_contact: contact("Jana Dvořáková", "CIO", address), ..system.presales().await }
}

async fn approved(system: &TestSystem) -> TestClaim<'_> {
    TestClaim::at_stage(system, presales(system, ADDRESS).await, ClaimStage::Approved).await
}

async fn explain(case: &TestClaim<'_>) -> ClaimExplanation {
    let request = ExplainClaimRequest { name: case.name.clone() };
    case.system.reviewer.claims().explain_claim(request).await.unwrap().into_inner()
}

/// Asserts that the association is pending, and that a reviewer can confirm the contact.
async fn assert_waits_for_confirmation(case: &TestClaim<'_>) {
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    let explained = explain(case).await;
    assert_eq!((explained.waits_for(), explained.acting_party()), (WaitsFor::ContactConfirmation, Party::Reviewer));
    assert!(explained.explanation.contains("administrator of the customer"), "{}", explained.explanation);
    let offers = |party: Party, method: &str| {
        let commands = explained.parties.iter().filter(|commands| commands.party() == party);
        commands.flat_map(|commands| &commands.commands).any(|command| command.method.ends_with(method))
    };
    assert!(offers(Party::Reviewer, "ReviewService/ConfirmCustomerContact"), "{explained:#?}");
    for method in ["ApproveConsent", "DeclineConsent"] {
        assert!(offers(Party::Customer, &format!("ConsentService/{method}")), "{explained:#?}");
    }
    for party in [Party::Reviewer, Party::Operator] {
        assert!(offers(party, "ConsentService/ResendNotice"), "{explained:#?}");
    }
}

async fn r43a_a_contact_is_not_at_the_partners_domain(system: &TestSystem) {
    let own = Claim {
        customer_contact: contact("Erik Weber", "CIO", "erik@contoso.example"),
        customer_technical_contact: contact("Ida Weber", "IT", "ida@CONTOSO.example"),
        ..system.presales().await
    };
    let case = TestClaim::create_with_evidence(system, own).await;
    let expected = [
        ("customer_contact.email", "CONTACT_AT_PARTNER_DOMAIN"),
        ("customer_technical_contact.email", "CONTACT_AT_PARTNER_DOMAIN"),
    ];
    assert_violations(case.submit().await, &expected);
    let shown = case.claim().await.violations;
    let shown: Vec<_> = shown.iter().map(|violation| (violation.field.as_str(), violation.reason.as_str())).collect();
    assert_eq!(shown, expected);
    // A partner that works at the customer's domain is no obstacle.
    let inside = Claim {
        partner_contact: contact("Erik Weber", "", "erik.weber@fabrikam-mail.example"),
        ..presales(system, "jana@fabrikam-mail.example").await
    };
    TestClaim::at_stage(system, inside, ClaimStage::Submitted).await;
    // An edit is checked like a submission.
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let edited = presales(system, "erik@contoso.example").await;
    assert_violations(case.update(edited, &["customer_contact"]).await, &expected[..1]);
}

async fn r43a_an_ended_domain_authorizes_no_contact(system: &TestSystem) {
    let name = format!("tenants/{FABRIKAM}");
    let mut fabrikam = system.manager.registry().get_tenant(GetTenantRequest { name }).await.unwrap().into_inner();
    let (domain, end_time) = ("fabrikam-mail.example".to_owned(), Some(timestamp("2026-03-01T00:00:00Z")));
    assert!(fabrikam.domains.contains(&domain));
    fabrikam.domain_ends = vec![DomainEnd { domain, end_time }];
    system.import_rows(vec![DirectoryRow { row: Some(Row::Tenant(fabrikam)) }]).await;
    let address = "jana@fabrikam-mail.example";
    let own = Claim {
        partner_contact: contact("Erik Weber", "", "erik.weber@fabrikam-mail.example"),
        ..presales(system, address).await
    };
    let case = TestClaim::create_with_evidence(system, own).await;
    assert_violations(case.submit().await, &[("customer_contact.email", "CONTACT_AT_PARTNER_DOMAIN")]);
    let case = TestClaim::at_stage(system, presales(system, address).await, ClaimStage::Approved).await;
    assert!(!case.consent().await.unwrap().contact_authorized);
}

async fn r43a_silence_counts_after_a_confirmation(system: &TestSystem) {
    let case = approved(system).await;
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.contact_authorized), (ConsentState::WindowOpen, false));
    let explained = explain(&case).await;
    assert_eq!(explained.waits_for(), WaitsFor::ConsentWindow);
    assert!(explained.explanation.contains("Silence is not enough"), "{}", explained.explanation);
    let notice = system.mail_to(ADDRESS);
    assert!(notice.text.contains("Silence is not enough") && notice.html.contains("Silence is not enough"));
    system.advance_by(TimeDelta::days(20)).await;
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::AwaitingConfirmation);
    assert_waits_for_confirmation(&case).await;
    case.confirm_contact(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    let now = Some(timestamp("2026-04-05T09:00:00Z"));
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, now));
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.contact_authorized), (ConsentState::Granted, true));
}

/// In 2020 the window is counted from the submission.
async fn r43a_silence_before_the_approval_needs_a_confirmation(system: &TestSystem) {
    let case = TestClaim::at_stage(system, presales(system, ADDRESS).await, ClaimStage::UnderReview).await;
    system.advance_by(TimeDelta::days(14)).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let due = Some(timestamp("2026-03-23T23:00:00Z"));
    assert_eq!(case.claim().await.consent_due_time, due);
    assert_waits_for_confirmation(&case).await;
    case.resend_notice(&system.operator).await.unwrap();
    case.confirm_contact(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r43a_a_link_approves_after_a_confirmation(system: &TestSystem) {
    let case = approved(system).await;
    let link = system.mail_to(ADDRESS).link().to_owned();
    let page = system.browser.approve(&format!("{link}?lang=en")).await;
    assert!(page.status.is_success() && page.html.contains("counts as soon as"), "{}", page.html);
    system.wait_until_idle().await;
    assert_waits_for_confirmation(&case).await;
    assert!(system.browser.approve(&link).await.status.is_success(), "a repeated approval");
    system.advance_by(TimeDelta::days(1)).await;
    case.confirm_contact(&system.lead).await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    let now = Some(timestamp("2026-03-17T09:00:00Z"));
    assert_eq!((claim.association_state(), claim.official_time), (AssociationState::Official, now));
    // Confirmed first, approved later.
    let case = TestClaim::at_stage(system, presales(system, ADDRESS).await, ClaimStage::UnderReview).await;
    case.confirm_contact(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let link = system.mails_to(ADDRESS).into_iter().rev().find(|mail| mail.text.contains("/consent/")).unwrap();
    assert!(system.browser.approve(link.link()).await.status.is_success());
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r43a_an_administrator_needs_no_confirmation(system: &TestSystem) {
    let case = approved(system).await;
    let link = system.mail_to(ADDRESS).link().to_owned();
    system.browser.approve(&link).await;
    system.wait_until_idle().await;
    assert_waits_for_confirmation(&case).await;
    assert_eq!(case.approve_consent().await.unwrap().state(), ConsentState::Granted);
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r43a_a_decline_always_counts(system: &TestSystem) {
    for days in [1, 20] {
        let case = approved(system).await;
        let link = system.mail_to(ADDRESS).link().to_owned();
        system.advance_by(TimeDelta::days(days)).await;
        assert!(system.browser.decline(&link, "Not them.").await.status.is_success());
        system.wait_until_idle().await;
        assert_eq!(case.claim().await.state(), ClaimState::Rejected, "after {days} days");
    }
}

async fn r43a_reviewers_of_the_case_confirm_a_contact(system: &TestSystem) {
    let case = approved(system).await;
    assert_refused(case.confirm_contact(&case.partner).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.confirm_contact(&system.operator).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.confirm_contact(&system.colleague).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!(review.customer_contact.unwrap().email, ADDRESS);
    assert!(!review.customer_contact_authorized);
    assert_eq!(review.allowed_commands, [i32::from(ReviewCommand::ConfirmCustomerContact)]);
    assert_eq!(case.review(&system.operator).await.unwrap().customer_contact, None, "R5");
    let request = ConfirmCustomerContactRequest { name: review.name, validate_only: true, ..Default::default() };
    let preview = system.reviewer.reviews().confirm_customer_contact(request).await.unwrap().into_inner();
    assert!(preview.customer_contact_authorized);
    system.wait_until_idle().await;
    assert!(!case.consent().await.unwrap().contact_authorized, "validate_only changes nothing");
    case.confirm_contact(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let again = case.confirm_contact(&system.reviewer).await.unwrap();
    assert!(again.customer_contact_authorized && again.allowed_commands.is_empty());
    assert_eq!(case.entry("customer_contact_confirmed").await.subject, system.reviewer.subject);
    // A new contact has to be confirmed again.
    let case = TestClaim::at_stage(system, presales(system, ADDRESS).await, ClaimStage::Submitted).await;
    case.confirm_contact(&system.lead).await.unwrap();
    system.wait_until_idle().await;
    assert!(case.consent().await.unwrap().contact_authorized);
    case.update(presales(system, "petr@freemail.example").await, &["customer_contact"]).await.unwrap();
    system.wait_until_idle().await;
    assert!(!case.consent().await.unwrap().contact_authorized);
    assert!(!case.review(&system.lead).await.unwrap().customer_contact_authorized);
}

async fn r43a_each_decision_is_confirmed_by_mail(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let address = case.contact().await;
    let confirmations = |subject: &str| {
        let mails = system.mails_to(&address).into_iter();
        mails.filter(|mail| mail.subject.starts_with(subject)).collect::<Vec<_>>()
    };
    case.approve_consent().await.unwrap();
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let approved = confirmations("Vaše schválení: ");
    assert_eq!(approved.len(), 1, "a repeated approval is not confirmed again");
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    let declined = confirmations("Vaše odmítnutí: ");
    assert_eq!(declined.len(), 1);
    for (mail, text) in [(&approved[0], "was approved on behalf of"), (&declined[0], "was declined on behalf of")] {
        let english = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(english.contains(text) && english.contains("Contoso Consulting GmbH"), "{english}");
        assert!(mail.html.contains(text) && !mail.text.contains("/consent/"), "{}", mail.html);
    }
    assert_eq!(system.mails_to("admin@fabrikam.example").len(), 0);
}

async fn r43a_a_decline_is_confirmed_to_a_former_contact(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let former = case.contact().await;
    let earlier_link = system.mail_to(&former).link().to_owned();
    let customer_contact = contact("Bea", "CIO", "bea@fabrikam.example");
    case.update(Claim { customer_contact, ..Claim::default() }, &["customer_contact"]).await.unwrap();
    system.wait_until_idle().await;
    for _ in 0..2 {
        assert!(system.browser.decline(&earlier_link, "Not them.").await.status.is_success());
        system.wait_until_idle().await;
    }
    for address in [former.as_str(), "bea@fabrikam.example"] {
        let mails = system.mails_to(address).into_iter();
        let confirmations = mails.filter(|mail| mail.subject.starts_with("Vaše odmítnutí: ")).count();
        assert_eq!(confirmations, 1, "{address}");
    }
}
