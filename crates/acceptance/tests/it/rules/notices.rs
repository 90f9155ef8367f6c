//! R40, R41, R44: the notices to the customer, and when the consent window opens.

use chrono::TimeDelta;
use cpor_acceptance::{
    Actor, ClaimStage, Engine, TestClaim, TestSystem, assert_refused, both_databases, due_rule, timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    consents::v1::{Consent, ConsentState, ListConsentsRequest},
    r#type::v1::{AssociationState, NoticeKind, NoticeState},
};
use tonic::Code;

both_databases![
    r40_notices_are_sent_at_submission_and_approval,
    r40_a_notice_says_who_claims_what,
    r40_each_mail_has_its_own_link_stored_hashed
];
both_databases![
    with with_mail_server:
    r41_the_window_runs_from_an_accepted_notice,
    r41_the_window_stays_closed_after_a_bounce,
    r44_resending_never_shortens_the_window,
];

async fn r40_notices_are_sent_at_submission_and_approval(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let contact = case.contact().await;
    assert!(system.mails_to(&contact).is_empty());
    case.move_to_stage(ClaimStage::UnderReview).await;
    assert_eq!(system.mails_to(&contact).len(), 1);
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.mails_to(&contact).len(), 2);
    let notices = case.consent().await.unwrap().notices;
    let kinds: Vec<_> = notices.iter().map(|notice| (notice.kind(), notice.state())).collect();
    assert_eq!(kinds, [(NoticeKind::Submission, NoticeState::Accepted), (NoticeKind::Approval, NoticeState::Accepted)]);
    assert_eq!(case.history().await.into_iter().filter(|entry| entry.action == "notice_reported").count(), 2);
}

async fn r40_a_notice_says_who_claims_what(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    for mail in system.mails_to(&case.contact().await) {
        assert!(mail.subject.contains("Contoso Consulting GmbH"), "{}", mail.subject);
        for text in
            ["Contoso Consulting GmbH", "Dynamics 365 Sales", "Jana Dvořáková", "No content", "If you do nothing"]
        {
            assert!(mail.text.contains(text), "the text lacks {text:?}: {}", mail.text);
            assert!(mail.html.contains(text), "the page lacks {text:?}: {}", mail.html);
        }
        assert!(mail.html.contains(mail.link()), "the page lacks the link");
    }
}

async fn r40_each_mail_has_its_own_link_stored_hashed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mails = system.mails_to(&case.contact().await);
    let tokens: Vec<_> = mails.iter().map(|mail| mail.token().to_owned()).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() >= 32), "{tokens:?}");
    match system.engine() {
        Engine::Sqlite => {
            for file in std::fs::read_dir(system.store().directory(0)).unwrap().map(|entry| entry.unwrap().path()) {
                let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
                for token in &tokens {
                    let is_stored = bytes.windows(token.len()).any(|window| window == token.as_bytes());
                    assert!(!is_stored, "the secret of a link is stored in {}", file.display());
                }
            }
        }
        Engine::Postgres => {
            for token in &tokens {
                assert_eq!(
                    system.columns_with_text(token).await,
                    Vec::<String>::new(),
                    "the secret of a link is stored"
                );
            }
        }
    }
}

/// A claim under review whose customer contact has this address.
async fn under_review<'w>(system: &'w TestSystem, address: &str) -> TestClaim<'w> {
    let contact = cpor_acceptance::contact("Jana Dvořáková", "CIO", address);
    let claim = Claim { customer_contact: contact, ..system.presales().await };
    TestClaim::at_stage(system, claim, ClaimStage::UnderReview).await
}

async fn r41_the_window_runs_from_an_accepted_notice(system: &TestSystem) {
    let case = under_review(system, "jana@fabrikam.example").await;
    system.advance_by(TimeDelta::days(1)).await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(system.mails_to("jana@fabrikam.example").len(), 2);
    let consent = case.consent().await.unwrap();
    assert_eq!(
        (consent.state(), consent.due_time),
        (ConsentState::WindowOpen, Some(timestamp("2026-03-24T23:00:00Z")))
    );
    assert_eq!(case.entry("consent_window_opened").await.reason, due_rule("7 calendar days, calendar cz 2026"));
}

/// The consents whose customer has not been reached, as an actor sees them.
async fn undelivered_consents(actor: &Actor) -> Vec<Consent> {
    let request = ListConsentsRequest {
        parent: "tenants/-".into(),
        filter: "waiting_for_delivery = true".into(),
        ..ListConsentsRequest::default()
    };
    actor.consents().list_consents(request).await.unwrap().into_inner().consents
}

async fn r41_the_window_stays_closed_after_a_bounce(system: &TestSystem) {
    system.mail_server().refuse("jana@fabrikam-mail.example");
    let case = under_review(system, "jana@fabrikam-mail.example").await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(20)).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(claim.consent_due_time, None);
    for actor in [&system.operator, &system.reviewer, &system.lead] {
        let consents = undelivered_consents(actor).await;
        assert_eq!(consents.len(), 1, "{} sees it", actor.subject);
        assert!(consents[0].notices.iter().all(|notice| notice.state() == NoticeState::Bounced));
    }
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(
        case.claim().await.association_state(),
        AssociationState::Official,
        "the customer can decide without a notice"
    );
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected, "the window has not passed");
}

async fn r44_resending_never_shortens_the_window(system: &TestSystem) {
    system.mail_server().refuse("jana@fabrikam-mail.example");
    let case = under_review(system, "jana@fabrikam-mail.example").await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_refused(case.resend_notice(&case.partner).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.resend_notice(case.customer()).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    system.advance_by(TimeDelta::days(2)).await;
    system.mail_server().admit("jana@fabrikam-mail.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let consent = case.consent().await.unwrap();
    // A full window runs from the first notice that did not bounce.
    assert_eq!(
        (consent.state(), consent.due_time),
        (ConsentState::WindowOpen, Some(timestamp("2026-03-25T23:00:00Z")))
    );
    assert_eq!(
        (undelivered_consents(&system.operator).await.len(), system.mails_to("jana@fabrikam-mail.example").len()),
        (0, 1)
    );
    system.advance_by(TimeDelta::days(3)).await;
    for sender in [&system.reviewer, &system.lead] {
        case.resend_notice(sender).await.unwrap();
        system.wait_until_idle().await;
    }
    let mails = system.mails_to("jana@fabrikam-mail.example");
    assert_eq!(mails.len(), 3);
    assert_ne!(mails[1].token(), mails[2].token(), "each mail has its own link");
    let unchanged = case.consent().await.unwrap();
    assert_eq!((unchanged.state(), unchanged.due_time), (ConsentState::WindowOpen, consent.due_time));
    assert_eq!(system.browser.decline(mails[2].link(), "Not them.").await.status, http::StatusCode::OK);
    system.wait_until_idle().await;
    assert_refused(case.resend_notice(&system.operator).await, Code::FailedPrecondition, "ALREADY_DECLINED");
}
