//! R40, R41, R44: what the customer is told, and from when the window runs.

use chrono::TimeDelta;
use cpor_acceptance::{Actor, Backend, ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    consents::v1::{Consent, ConsentState, ListConsentsRequest},
    r#type::v1::{AssociationState, NoticeKind, NoticeState},
};
use tonic::Code;

both_databases![
    r40_notices_at_submission_and_at_approval,
    r40_a_notice_says_what_is_at_stake,
    r40_links_are_minted_per_mail_and_stored_hashed
];
both_databases![
    with with_mail_server:
    r41_the_window_runs_from_an_accepted_notice,
    r41_while_a_notice_bounces_the_window_does_not_open,
    r44_a_notice_is_sent_again_and_never_shortens_the_window,
];

async fn r40_notices_at_submission_and_at_approval(system: &TestSystem) {
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
    assert_eq!(case.history().await.into_iter().filter(|entry| entry.action == "notice_settled").count(), 2);
}

async fn r40_a_notice_says_what_is_at_stake(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    for mail in system.mails_to(&case.contact().await) {
        assert!(mail.subject.contains("Contoso Consulting GmbH"), "{}", mail.subject);
        for told in
            ["Contoso Consulting GmbH", "Dynamics 365 Sales", "Jana Dvořáková", "No content", "If you do nothing"]
        {
            assert!(mail.text.contains(told), "the text lacks {told:?}: {}", mail.text);
            assert!(mail.html.contains(told), "the page lacks {told:?}: {}", mail.html);
        }
        assert!(mail.html.contains(mail.link()), "the page lacks the link");
    }
}

async fn r40_links_are_minted_per_mail_and_stored_hashed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let mails = system.mails_to(&case.contact().await);
    let tokens: Vec<_> = mails.iter().map(|mail| mail.token().to_owned()).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() >= 32), "{tokens:?}");
    match system.backend() {
        Backend::Sqlite => {
            for file in std::fs::read_dir(system.store().directory(0)).unwrap().map(|entry| entry.unwrap().path()) {
                let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
                for token in &tokens {
                    let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
                    assert!(!found, "the secret of a link lies in {}", file.display());
                }
            }
        }
        Backend::Postgres => {
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

/// A claim that is under review, whose customer's mail goes to this address.
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
    assert_eq!(case.entry("consent_window_opened").await.reason, "7 calendar days, calendar cz 2026");
}

/// The consents whose customer has not been reached, as somebody sees them.
async fn waiting(watcher: &Actor) -> Vec<Consent> {
    let request = ListConsentsRequest {
        parent: "tenants/-".into(),
        waiting_for_delivery: true,
        ..ListConsentsRequest::default()
    };
    watcher.consents().list_consents(request).await.unwrap().into_inner().consents
}

async fn r41_while_a_notice_bounces_the_window_does_not_open(system: &TestSystem) {
    system.mail_server().refuse("jana@bounce.example");
    let case = under_review(system, "jana@bounce.example").await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    system.advance_by(TimeDelta::days(20)).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(claim.consent_due_time, None);
    for watcher in [&system.operator, &system.reviewer, &system.lead] {
        let waiting = waiting(watcher).await;
        assert_eq!(waiting.len(), 1, "{} sees it waiting", watcher.subject);
        assert!(waiting[0].notices.iter().all(|notice| notice.state() == NoticeState::Bounced));
    }
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(
        case.claim().await.association_state(),
        AssociationState::Official,
        "the customer can speak all the same"
    );
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected, "no window has passed");
}

async fn r44_a_notice_is_sent_again_and_never_shortens_the_window(system: &TestSystem) {
    system.mail_server().refuse("jana@bounce.example");
    let case = under_review(system, "jana@bounce.example").await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_refused(case.resend_notice(&case.partner).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_refused(case.resend_notice(case.customer()).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    system.advance_by(TimeDelta::days(2)).await;
    system.mail_server().admit("jana@bounce.example");
    case.resend_notice(&system.operator).await.unwrap();
    system.wait_until_idle().await;
    let consent = case.consent().await.unwrap();
    // A full window, from the first notice that did not bounce.
    assert_eq!(
        (consent.state(), consent.due_time),
        (ConsentState::WindowOpen, Some(timestamp("2026-03-25T23:00:00Z")))
    );
    assert_eq!((waiting(&system.operator).await.len(), system.mails_to("jana@bounce.example").len()), (0, 1));
    system.advance_by(TimeDelta::days(3)).await;
    for sender in [&system.reviewer, &system.lead] {
        case.resend_notice(sender).await.unwrap();
        system.wait_until_idle().await;
    }
    let mails = system.mails_to("jana@bounce.example");
    assert_eq!(mails.len(), 3);
    assert_ne!(mails[1].token(), mails[2].token(), "each with a link of its own");
    let again = case.consent().await.unwrap();
    assert_eq!((again.state(), again.due_time), (ConsentState::WindowOpen, consent.due_time));
    assert_eq!(system.browser.decline(mails[2].link(), "Not them.").await.status, http::StatusCode::OK);
    system.wait_until_idle().await;
    assert_refused(case.resend_notice(&system.operator).await, Code::FailedPrecondition, "ALREADY_DECLINED");
}
