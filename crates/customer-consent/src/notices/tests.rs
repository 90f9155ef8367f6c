//! Tests of the content of notices and of what follows from their outcomes.

use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{ClaimApproved, ClaimDisputed, ClaimSnapshot, ClaimSubmitted, LinesEnded};
use cpor_testing::on_both_databases;

use super::*;
use crate::domain::samples::{
    ahead, awaiting, granted_awaiting, granted_in_window, reported_approval, requested, terms, window_open,
};
use crate::domain::{ClaimSummary, StateKind, samples};
use crate::test_system::TestSystem;

on_both_databases![
    r41_a_bounced_notice_is_reported,
    r27_r42_silence_makes_the_association_official,
    a_closed_claim_sends_no_mail,
    each_mail_has_its_own_unstored_link,
    r61_in_2020_the_window_counts_from_the_one_notice,
    r28_silence_after_a_disputed_decline_rejects,
    r37_the_consent_closes_when_all_lines_end,
];

const LINK: &str = "https://consent.example/consent/abc";

fn render(consent: &Consent, kind: NoticeKind) -> Message {
    render_in("us-east", consent, kind)
}

/// Renders the last notice of the consent as if it had this kind, for a tenant with this calendar.
fn render_in(calendar: &str, consent: &Consent, kind: NoticeKind) -> Message {
    let (languages, terms) = (Languages::shipped().unwrap(), terms());
    let notice = Notice { kind, ..consent.notices.last().unwrap().clone() };
    let parts = mail_translations(&languages, calendar).into_iter().map(|translation| {
        let text = ConsentText::new(translation, consent, &terms).assuming_window_opens_at(&terms, samples::day(2));
        notice_texts(&text, consent, &notice, &terms, LINK)
    });
    build_message(&notice, parts.collect()).unwrap()
}

/// The samples that a notice of each kind is usually about.
fn usual_notices() -> [(&'static str, Consent, NoticeKind); 7] {
    let claim = ClaimSummary { contact_authorized: false, ..awaiting().claim };
    let unconfirmed = Consent { claim, ..awaiting() };
    let approved = unconfirmed.approve(crate::domain::Channel::Link, samples::day(2)).unwrap().unwrap().next;
    [
        ("submission", requested(), NoticeKind::Submission),
        ("approval", awaiting(), NoticeKind::Approval),
        ("approval_after_the_customer", granted_awaiting(), NoticeKind::Approval),
        ("unconfirmed", unconfirmed, NoticeKind::Approval),
        ("unconfirmed_after_the_customer", approved, NoticeKind::Approval),
        ("change", samples::edited(), NoticeKind::Change),
        ("dispute", samples::disputed(), NoticeKind::Dispute),
    ]
}

/// Each notice in each language. The notices in other languages than English are followed by the
/// English text, which is left out here.
#[test]
fn r40_the_notices_in_every_language() {
    let languages = Languages::shipped().unwrap();
    for translation in languages.all() {
        for (name, consent, kind) in usual_notices() {
            let notice = Notice { kind, ..consent.notices.last().unwrap().clone() };
            let terms = terms();
            let text =
                ConsentText::new(translation, &consent, &terms).assuming_window_opens_at(&terms, samples::day(2));
            let texts = notice_texts(&text, &consent, &notice, &terms, LINK);
            let Message { subject, text, html, .. } = build_message(&notice, vec![texts]).unwrap();
            insta::assert_snapshot!(
                format!("{name}_{}", translation.language),
                format!("Subject: {subject}\n\n{text}")
            );
            assert!(html.contains(LINK) && html.contains("Fabrikam GmbH"), "{html}");
        }
    }
}

#[test]
fn the_html_of_a_notice() {
    insta::assert_snapshot!("approval_html", render(&awaiting(), NoticeKind::Approval).html);
}

#[test]
fn a_late_submission_notice_reflects_the_current_state() {
    for consent in [awaiting(), granted_awaiting(), window_open(), granted_in_window()] {
        let text = render(&consent, NoticeKind::Submission).text;
        assert!(text.contains("meanwhile checked and approved"), "{text}");
    }
    for consent in [ahead(), granted_awaiting(), granted_in_window()] {
        let text = render(&consent, NoticeKind::Submission).text;
        assert!(text.contains("do not need to do anything") && !text.contains("please approve"), "{text}");
    }
}

#[test]
fn r40_r43_approval_notice_after_an_early_approval() {
    let late = awaiting().approve(crate::domain::Channel::Link, samples::day(2)).unwrap().unwrap().next;
    let usual = render(&granted_awaiting(), NoticeKind::Approval).text;
    for consent in [late, reported_approval()] {
        assert_eq!(render(&consent, NoticeKind::Approval).text, usual);
    }
}

#[test]
fn every_placeholder_of_every_notice_is_filled() {
    for consent in samples::every_consent() {
        for kind in [NoticeKind::Submission, NoticeKind::Approval, NoticeKind::Change, NoticeKind::Dispute] {
            for calendar in ["cz", "de", "es", "fr", "hu", "pl", "ru", "utc"] {
                let Message { subject, text, html, .. } = render_in(calendar, &consent, kind);
                assert!(!text.contains("  the end") && !text.contains(" ."), "{text}");
                for part in [subject, text, html] {
                    assert!(!part.contains(['{', '}']), "{part}");
                }
            }
        }
    }
}

#[test]
fn mails_have_the_calendars_language_then_english() {
    let Message { subject, text, html, .. } = render_in("de", &awaiting(), NoticeKind::Approval);
    assert!(subject.contains("Contoso Consulting") && !subject.contains("Approved"), "{subject}");
    for body in [text, html] {
        let (german, english) =
            (body.find("Mittwoch, 11. März 2026").unwrap(), body.find("Wednesday, 11 March 2026").unwrap());
        assert!(german < english, "{body}");
    }
    let text = render_in("us-east", &awaiting(), NoticeKind::Approval).text;
    assert_eq!(text.matches(LINK).count(), 1, "English is not repeated: {text}");
}

#[test]
fn r29_the_former_contact_can_only_decline() {
    let mut former = samples::edited();
    former.notices.pop();
    insta::assert_snapshot!("change_to_the_former_contact", render(&former, NoticeKind::Change).text);
}

async fn r41_a_bounced_notice_is_reported(system: TestSystem) {
    system.submit_claim().await;
    system.mailbox.refuse_next(1);
    system.approve_claim().await;
    assert_eq!(system.consent().await.state.kind(), StateKind::AwaitingDelivery);
    system.advance_days(20).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::AwaitingDelivery);
    let events = system.sent_events().await;
    let settled = events.iter().filter_map(|event| {
        let Payload::NoticeReported(settled) = event else { return None };
        Some((settled.notice(), settled.accepted))
    });
    assert_eq!(
        settled.collect::<Vec<_>>(),
        [(cpor_proto::r#type::v1::NoticeKind::Submission, true), (cpor_proto::r#type::v1::NoticeKind::Approval, false)]
    );
    assert_eq!(events.len(), 2);
}

async fn r27_r42_silence_makes_the_association_official(system: TestSystem) {
    system.submit_claim().await;
    system.advance_days(3).await;
    system.approve_claim().await;
    system.advance_days(6).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::WindowOpen);
    system.advance_days(2).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::Granted);
    let events = system.sent_events().await;
    let [
        Payload::NoticeReported(_),
        Payload::NoticeReported(_),
        Payload::ConsentWindowOpened(opened),
        Payload::ConsentWindowPassed(_),
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(opened.rule, samples::due_rule("7 calendar days, calendar de 2026"));
}

async fn a_closed_claim_sends_no_mail(system: TestSystem) {
    system.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(crate::test_system::snapshot()) })).await;
    system.withdraw_claim().await;
    assert_eq!(system.sender.send_due_mails().await.unwrap(), 0);
    assert!(system.mailbox.accepted().is_empty());
    assert_eq!(system.consent().await.state.kind(), StateKind::Closed);
}

async fn each_mail_has_its_own_unstored_link(system: TestSystem) {
    system.submit_claim().await;
    let first = system.consent_token();
    system.approve_claim().await;
    let second = system.consent_token();
    assert_ne!(first, second);
    let consent_of =
        async |token: &str| system.links.find(crate::links::TokenHash::of(token)).await.unwrap().unwrap().consent;
    assert_eq!((consent_of(&first).await, consent_of(&second).await), (TestSystem::key(), TestSystem::key()));
    let stored = serde_json::to_string(&system.consent().await).unwrap();
    assert!(!stored.contains(&first) && !stored.contains(&second));
}

/// Submits the sample claim under this policy and sends its notice.
async fn submit_under(system: &TestSystem, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::test_system::snapshot() };
    system.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })).await;
    system.sender.send_due_mails().await.unwrap();
}

/// Approves the sample claim under this policy and sends the notices that follow.
async fn approve_under(system: &TestSystem, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::test_system::snapshot() };
    let approved = ClaimApproved { snapshot: Some(snapshot), ..ClaimApproved::default() };
    system.receive(Payload::ClaimApproved(approved)).await;
    system.sender.send_due_mails().await.unwrap();
}

async fn r61_in_2020_the_window_counts_from_the_one_notice(system: TestSystem) {
    submit_under(&system, "2020@1").await;
    let text = system.mailbox.latest().text;
    assert!(text.contains("5 Arbeitstage") && text.contains("5 business days"), "{text}");
    assert_eq!(system.consent().await.state.kind(), StateKind::AwaitingReviewInWindow);
    system.advance_days(8).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::AwaitingReviewWindowPassed);
    assert_eq!(system.sent_events().await.len(), 1, "official no earlier than the approval");
    approve_under(&system, "2020@1").await;
    assert_eq!(system.mailbox.accepted().len(), 1, "no notice at approval");
    assert_eq!(system.consent().await.state.kind(), StateKind::Granted);
    let events = system.sent_events().await;
    let [Payload::NoticeReported(_), Payload::ConsentWindowOpened(_), Payload::ConsentWindowPassed(_)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
}

async fn r28_silence_after_a_disputed_decline_rejects(system: TestSystem) {
    system.submit_claim().await;
    let decide = |consent: Option<&Consent>, now| {
        let consent = consent.ok_or(crate::domain::Refusal::NotFound)?;
        consent.decline(crate::domain::Channel::Link, "", now)
    };
    let actor = Actor::system(Service::CustomerConsent);
    system.consents.writer.execute(Command::new("decline", TestSystem::key(), actor), decide).await.unwrap();
    let disputed = ClaimDisputed {
        snapshot: Some(crate::test_system::snapshot()),
        customer_declined: true,
        ..ClaimDisputed::default()
    };
    system.receive(Payload::ClaimDisputed(disputed)).await;
    system.sender.send_due_mails().await.unwrap();
    let approved = ClaimApproved {
        snapshot: Some(crate::test_system::snapshot()),
        explicit_approval_needed: true,
        ..ClaimApproved::default()
    };
    system.receive(Payload::ClaimApproved(approved)).await;
    system.sender.send_due_mails().await.unwrap();
    assert_eq!(system.mailbox.accepted().len(), 4, "two notices, the confirmation of the decline, and the new notice");
    system.advance_days(9).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::Declined);
    let channels: Vec<_> = system
        .sent_events()
        .await
        .into_iter()
        .filter_map(|event| {
            let Payload::CustomerDeclined(declined) = event else { return None };
            Some(declined.channel())
        })
        .collect();
    assert_eq!(
        channels,
        [cpor_proto::r#type::v1::ConsentChannel::Link, cpor_proto::r#type::v1::ConsentChannel::Silence]
    );
}

async fn r37_the_consent_closes_when_all_lines_end(system: TestSystem) {
    system.submit_claim().await;
    system.approve_claim().await;
    let claim = samples::claim();
    let ended = |all| LinesEnded {
        claim: claim.name.to_string(),
        tenant: format!("tenants/{}", claim.tenant),
        none_left: all,
        ..LinesEnded::default()
    };
    system.receive(Payload::LinesEnded(ended(false))).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::WindowOpen);
    system.receive(Payload::LinesEnded(ended(true))).await;
    system.advance_days(9).await;
    assert_eq!(system.consent().await.state.kind(), StateKind::Closed);
    assert!(!system.sent_events().await.iter().any(|event| matches!(event, Payload::ConsentWindowPassed(_))));
}
