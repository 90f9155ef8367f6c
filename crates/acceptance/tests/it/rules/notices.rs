//! R40, R41, R44: what the customer is told, and from when the window runs.

use chrono::TimeDelta;
use cpor_acceptance::{Actor, Backend, Case, Stage, World, at, both_databases, refused};
use cpor_proto::{
    claims::v1::{AssociationState, Claim, ClaimState},
    consents::v1::{Consent, ConsentState, ListConsentsRequest, NoticeKind, NoticeState},
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

async fn r40_notices_at_submission_and_at_approval(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    let contact = case.contact().await;
    assert!(world.mails_to(&contact).is_empty());
    case.walk_to(Stage::UnderReview).await;
    assert_eq!(world.mails_to(&contact).len(), 1);
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    assert_eq!(world.mails_to(&contact).len(), 2);
    let notices = case.consent().await.unwrap().notices;
    let kinds: Vec<_> = notices.iter().map(|notice| (notice.kind(), notice.state())).collect();
    assert_eq!(kinds, [(NoticeKind::Submission, NoticeState::Accepted), (NoticeKind::Approval, NoticeState::Accepted)]);
    assert_eq!(case.history().await.into_iter().filter(|entry| entry.action == "notice_settled").count(), 2);
}

async fn r40_a_notice_says_what_is_at_stake(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    for mail in world.mails_to(&case.contact().await) {
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

async fn r40_links_are_minted_per_mail_and_stored_hashed(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    let mails = world.mails_to(&case.contact().await);
    let tokens: Vec<_> = mails.iter().map(|mail| mail.token().to_owned()).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens.iter().all(|token| token.len() >= 32), "{tokens:?}");
    match world.backend() {
        Backend::Sqlite => {
            for file in std::fs::read_dir(world.store().directory(0)).unwrap().map(|entry| entry.unwrap().path()) {
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
                    world.rows_that_contain(token).await,
                    Vec::<String>::new(),
                    "the secret of a link is stored"
                );
            }
        }
    }
}

/// A claim that is under review, whose customer's mail goes to this address.
async fn under_review<'w>(world: &'w World, address: &str) -> Case<'w> {
    let contact = cpor_acceptance::contact("Jana Dvořáková", "CIO", address);
    let claim = Claim { customer_contact: contact, ..world.presales().await };
    Case::at(world, claim, Stage::UnderReview).await
}

async fn r41_the_window_runs_from_an_accepted_notice(world: &World) {
    let case = under_review(world, "jana@fabrikam.example").await;
    world.advance(TimeDelta::days(1)).await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    assert_eq!(world.mails_to("jana@fabrikam.example").len(), 2);
    let consent = case.consent().await.unwrap();
    assert_eq!((consent.state(), consent.due_time), (ConsentState::WindowOpen, Some(at("2026-03-24T23:00:00Z"))));
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

async fn r41_while_a_notice_bounces_the_window_does_not_open(world: &World) {
    world.mail_server().refuse("jana@bounce.example");
    let case = under_review(world, "jana@bounce.example").await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    world.advance(TimeDelta::days(20)).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(claim.consent_due_time, None);
    for watcher in [&world.operator, &world.reviewer, &world.lead] {
        let waiting = waiting(watcher).await;
        assert_eq!(waiting.len(), 1, "{} sees it waiting", watcher.subject);
        assert!(waiting[0].notices.iter().all(|notice| notice.state() == NoticeState::Bounced));
    }
    case.approve_consent().await.unwrap();
    world.settle().await;
    assert_eq!(
        case.claim().await.association_state(),
        AssociationState::Official,
        "the customer can speak all the same"
    );
    case.decline_consent("On second thoughts.").await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected, "no window has passed");
}

async fn r44_a_notice_is_sent_again_and_never_shortens_the_window(world: &World) {
    world.mail_server().refuse("jana@bounce.example");
    let case = under_review(world, "jana@bounce.example").await;
    case.approve(&world.reviewer).await.unwrap();
    world.settle().await;
    refused(case.resend_notice(&case.partner).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    refused(case.resend_notice(case.customer()).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    world.advance(TimeDelta::days(2)).await;
    world.mail_server().admit("jana@bounce.example");
    case.resend_notice(&world.operator).await.unwrap();
    world.settle().await;
    let consent = case.consent().await.unwrap();
    // A full window, from the first notice that did not bounce.
    assert_eq!((consent.state(), consent.due_time), (ConsentState::WindowOpen, Some(at("2026-03-25T23:00:00Z"))));
    assert_eq!((waiting(&world.operator).await.len(), world.mails_to("jana@bounce.example").len()), (0, 1));
    world.advance(TimeDelta::days(3)).await;
    for sender in [&world.reviewer, &world.lead] {
        case.resend_notice(sender).await.unwrap();
        world.settle().await;
    }
    let mails = world.mails_to("jana@bounce.example");
    assert_eq!(mails.len(), 3);
    assert_ne!(mails[1].token(), mails[2].token(), "each with a link of its own");
    let again = case.consent().await.unwrap();
    assert_eq!((again.state(), again.due_time), (ConsentState::WindowOpen, consent.due_time));
    assert_eq!(world.browser.decline(mails[2].link(), "Not them.").await.status, http::StatusCode::OK);
    world.settle().await;
    refused(case.resend_notice(&world.operator).await, Code::FailedPrecondition, "ALREADY_DECLINED");
}
