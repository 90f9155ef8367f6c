//! Tests of the content of notices and of what follows from their outcomes.

use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{ClaimApproved, ClaimDisputed, ClaimSnapshot, ClaimSubmitted, LinesEnded};

use super::*;
use crate::domain::samples::{
    ahead, awaiting, granted_awaiting, granted_in_window, reported_approval, requested, terms, window_open,
};
use crate::domain::{State, StateKind, samples};
use crate::test_system::{TestSystem, on_both_databases};

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

#[test]
fn r40_a_notice_states_the_essentials() {
    for (consent, kind) in [(requested(), NoticeKind::Submission), (awaiting(), NoticeKind::Approval)] {
        let Message { subject, text, html, .. } = render(&consent, kind);
        assert!(subject.contains("Contoso Consulting"), "{subject}");
        for expected in [
            "Fabrikam GmbH",
            "Teams rollout 2026",
            "Exchange Online",
            "how many seats",
            "No content",
            "say nothing",
            "7 calendar days",
            LINK,
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
            assert!(html.contains(expected), "{expected} is missing in\n{html}");
        }
    }
}

#[test]
fn r41_the_approval_notice_names_the_local_due_time() {
    let text = render(&awaiting(), NoticeKind::Approval).text;
    assert!(
        text.contains("until the end of Wednesday, 11 March 2026: midnight, Europe/Berlin time (UTC+01:00)"),
        "{text}"
    );
}

#[test]
fn a_late_submission_notice_reflects_the_current_state() {
    for consent in [awaiting(), granted_awaiting(), window_open(), granted_in_window()] {
        let text = render(&consent, NoticeKind::Submission).text;
        assert!(text.contains("meanwhile checked and approved"), "{text}");
    }
    for consent in [ahead(), granted_awaiting(), granted_in_window()] {
        let text = render(&consent, NoticeKind::Submission).text;
        assert!(text.contains("need do nothing") && !text.contains("please approve"), "{text}");
    }
}

#[test]
fn r40_r43_approval_notice_after_an_early_approval() {
    let late = awaiting().approve(crate::domain::Channel::Link, samples::day(2)).unwrap().unwrap().next;
    for consent in [granted_awaiting(), late, reported_approval()] {
        let Message { subject, text, html, .. } = render(&consent, NoticeKind::Approval);
        assert_eq!(subject, "Approved: Contoso Consulting is on record as your partner");
        for expected in [
            "Your organisation has approved it too, so Contoso Consulting is on record as your partner now.",
            "Nothing changes: Contoso Consulting stays on record as your partner.",
            "You can decline for 7 calendar days",
            "until the end of Wednesday, 11 March 2026",
            "If it is not after all, please decline.",
            LINK,
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
            assert!(html.contains(expected), "{expected} is missing in\n{html}");
        }
        assert!(!text.contains("or approve") && !text.contains("goes on record"), "{text}");
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
fn r29_a_change_notice_says_what_changed() {
    let text = render(&samples::edited(), NoticeKind::Change).text;
    for expected in [
        "has changed its request",
        "No longer claimed: Exchange Online.",
        "Another person of your organisation",
        "The links in earlier e-mails can only decline.",
        "please approve it",
        "Dear Ben Ode,",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let mut former = samples::edited();
    former.notices.pop();
    let text = render(&former, NoticeKind::Change).text;
    assert!(text.contains("Dear Anna Lee,") && !text.contains("please approve it"), "{text}");
}

#[test]
fn r28_notices_after_a_decline_ask_for_approval() {
    for (consent, kind) in
        [(samples::disputed(), NoticeKind::Dispute), (samples::explicit_approval_needed(), NoticeKind::Approval)]
    {
        let Message { subject, text, .. } = render(&consent, kind);
        for expected in [
            "It becomes official only if you approve.",
            "If you say nothing, the claim is rejected.",
            "please approve it",
        ] {
            assert!(text.contains(expected), "{expected} is missing in\n{text}");
        }
        assert!(!subject.contains("unless you decline"), "{subject}");
    }
}

#[tokio::test]
async fn r41_a_bounced_notice_is_reported() {
    on_both_databases(async |system: TestSystem| {
        system.submit_claim().await;
        *system.mailbox.refuse_next.lock().unwrap() = 1;
        system.approve_claim().await;
        assert_eq!(system.consent().await.state, State::AwaitingDelivery);
        system.advance_days(400).await;
        assert_eq!(system.consent().await.state, State::AwaitingDelivery);
        let events = system.sent_events().await;
        let settled = events.iter().filter_map(|event| {
            let Payload::NoticeReported(settled) = event else { return None };
            Some((settled.notice(), settled.accepted))
        });
        assert_eq!(
            settled.collect::<Vec<_>>(),
            [
                (cpor_proto::r#type::v1::NoticeKind::Submission, true),
                (cpor_proto::r#type::v1::NoticeKind::Approval, false)
            ]
        );
        assert_eq!(events.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn r27_r42_silence_makes_the_association_official() {
    on_both_databases(async |system: TestSystem| {
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
        assert_eq!(opened.rule, "7 calendar days, calendar de 2026");
    })
    .await;
}

#[tokio::test]
async fn a_closed_claim_sends_no_mail() {
    on_both_databases(async |system: TestSystem| {
        system
            .receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(crate::test_system::snapshot()) }))
            .await;
        system.withdraw_claim().await;
        assert_eq!(system.sender.drain().await.unwrap(), 0);
        assert!(system.mailbox.accepted_mails.lock().unwrap().is_empty());
        assert_eq!(system.consent().await.state.kind(), StateKind::Closed);
    })
    .await;
}

#[tokio::test]
async fn each_mail_has_its_own_unstored_link() {
    on_both_databases(async |system: TestSystem| {
        system.submit_claim().await;
        let first = system.mailbox.token();
        system.approve_claim().await;
        let second = system.mailbox.token();
        assert_ne!(first, second);
        let consent_of = async |token: &str| system.links.find(token).await.unwrap().unwrap().consent;
        assert_eq!((consent_of(&first).await, consent_of(&second).await), (TestSystem::key(), TestSystem::key()));
        let stored = serde_json::to_string(&system.consent().await).unwrap();
        assert!(!stored.contains(&first) && !stored.contains(&second));
    })
    .await;
}

/// Submits the sample claim under this policy and sends its notice.
async fn submit_under(system: &TestSystem, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::test_system::snapshot() };
    system.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })).await;
    system.sender.drain().await.unwrap();
}

/// Approves the sample claim under this policy and sends the notices that follow.
async fn approve_under(system: &TestSystem, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::test_system::snapshot() };
    let approved = ClaimApproved { snapshot: Some(snapshot), ..ClaimApproved::default() };
    system.receive(Payload::ClaimApproved(approved)).await;
    system.sender.drain().await.unwrap();
}

#[tokio::test]
async fn r61_in_2020_the_window_counts_from_the_one_notice() {
    on_both_databases(async |system: TestSystem| {
        submit_under(&system, "2020@1").await;
        let text = system.mailbox.accepted_mails.lock().unwrap().last().unwrap().clone();
        assert!(text.contains("5 Arbeitstage") && text.contains("5 business days"), "{text}");
        assert_eq!(system.consent().await.state.kind(), StateKind::RequestedInWindow);
        system.advance_days(8).await;
        assert_eq!(system.consent().await.state.kind(), StateKind::RequestedWindowPassed);
        assert_eq!(system.sent_events().await.len(), 1, "official no earlier than the approval");
        approve_under(&system, "2020@1").await;
        assert_eq!(system.mailbox.accepted_mails.lock().unwrap().len(), 1, "no notice at approval");
        assert_eq!(system.consent().await.state.kind(), StateKind::Granted);
        let events = system.sent_events().await;
        assert!(
            matches!(events.as_slice(), [Payload::NoticeReported(_), Payload::ConsentWindowPassed(_)]),
            "{events:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn r28_silence_after_a_disputed_decline_rejects() {
    on_both_databases(async |system: TestSystem| {
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
        system.sender.drain().await.unwrap();
        let approved = ClaimApproved {
            snapshot: Some(crate::test_system::snapshot()),
            explicit_approval_needed: true,
            ..ClaimApproved::default()
        };
        system.receive(Payload::ClaimApproved(approved)).await;
        system.sender.drain().await.unwrap();
        assert_eq!(system.mailbox.accepted_mails.lock().unwrap().len(), 3);
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
    })
    .await;
}

#[tokio::test]
async fn r37_the_consent_closes_when_all_lines_end() {
    on_both_databases(async |system: TestSystem| {
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
    })
    .await;
}
