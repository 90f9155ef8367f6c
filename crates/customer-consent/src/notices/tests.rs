//! What customers are written, and what follows.

use cpor_proto::events::v1::event::Payload;

use super::*;
use crate::domain::samples::{
    ahead, awaiting, granted_awaiting, granted_in_window, requested, terms, told, window_open,
};
use crate::domain::{State, samples};
use crate::harness::{House, on_both};

const LINK: &str = "https://consent.example/consent/abc";

fn written(consent: &Consent, kind: NoticeKind) -> Message {
    let texts = Texts::english().unwrap();
    let words = Words::new(&texts, consent, &terms()).if_opened(&terms(), samples::day(2));
    message(&words, consent, kind, LINK.into(), "anna.lee@fabrikam.example").unwrap()
}

#[test]
fn r40_a_notice_says_who_claims_what_what_is_seen_what_silence_means_and_until_when() {
    for (consent, kind) in [(requested(), NoticeKind::Submission), (awaiting(), NoticeKind::Approval)] {
        let Message { subject, text, html, .. } = written(&consent, kind);
        assert!(subject.contains("Contoso Consulting"), "{subject}");
        for said in [
            "Fabrikam GmbH",
            "Teams rollout 2026",
            "Exchange Online",
            "how many seats",
            "No content",
            "say nothing",
            "7 calendar days",
            LINK,
        ] {
            assert!(text.contains(said), "{said} is missing in\n{text}");
            assert!(html.contains(said), "{said} is missing in\n{html}");
        }
    }
}

#[test]
fn r41_the_notice_of_approval_names_an_absolute_time_in_the_customers_zone() {
    let text = written(&awaiting(), NoticeKind::Approval).text;
    assert!(
        text.contains("until the end of Wednesday, 11 March 2026: midnight, Europe/Berlin time (UTC+01:00)"),
        "{text}"
    );
}

#[test]
fn a_notice_of_submission_that_goes_out_late_tells_the_truth() {
    for consent in [awaiting(), granted_awaiting(), window_open(), granted_in_window()] {
        let text = written(&consent, NoticeKind::Submission).text;
        assert!(text.contains("meanwhile checked and approved"), "{text}");
    }
    for consent in [ahead(), granted_awaiting(), granted_in_window()] {
        let text = written(&consent, NoticeKind::Submission).text;
        assert!(text.contains("need do nothing") && !text.contains("please approve"), "{text}");
    }
}

#[test]
fn r40_r43_after_an_early_approval_the_notice_of_approval_says_that_it_is_official_and_can_be_declined() {
    let late = awaiting().approve(crate::domain::Channel::Link, samples::day(2)).unwrap().unwrap().next;
    for consent in [granted_awaiting(), late, told()] {
        let Message { subject, text, html, .. } = written(&consent, NoticeKind::Approval);
        assert_eq!(subject, "Approved: Contoso Consulting is on record as your partner");
        for said in [
            "Your organisation has approved it too, so Contoso Consulting is on record as your partner now.",
            "Nothing changes: Contoso Consulting stays on record as your partner.",
            "You can decline for 7 calendar days",
            "until the end of Wednesday, 11 March 2026",
            "If it is not after all, please decline.",
            LINK,
        ] {
            assert!(text.contains(said), "{said} is missing in\n{text}");
            assert!(html.contains(said), "{said} is missing in\n{html}");
        }
        assert!(!text.contains("or approve") && !text.contains("goes on record"), "{text}");
    }
}

#[test]
fn no_place_in_a_text_is_left_open() {
    for consent in StateKind::ALL.into_iter().map(samples::in_state).chain([ahead(), told()]) {
        for kind in [NoticeKind::Submission, NoticeKind::Approval] {
            let Message { subject, text, html, .. } = written(&consent, kind);
            assert!(!text.contains("  the end") && !text.contains(" ."), "{text}");
            for words in [subject, text, html] {
                assert!(!words.contains(['{', '}']), "{words}");
            }
        }
    }
}

#[tokio::test]
async fn r41_a_bounced_notice_is_told_and_opens_no_window() {
    on_both(async |house: House| {
        house.submitted().await;
        *house.mailbox.refusing.lock().unwrap() = 1;
        house.approved().await;
        assert_eq!(house.consent().await.state, State::AwaitingDelivery);
        house.days_pass(400).await;
        assert_eq!(house.consent().await.state, State::AwaitingDelivery);
        let facts = house.facts().await;
        let settled = facts.iter().filter_map(|fact| {
            let Payload::NoticeSettled(settled) = fact else { return None };
            Some((settled.notice.as_str(), settled.accepted))
        });
        assert_eq!(settled.collect::<Vec<_>>(), [("submission", true), ("approval", false)]);
        assert_eq!(facts.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn r27_r42_a_claim_walks_from_submission_to_official_in_silence() {
    on_both(async |house: House| {
        house.submitted().await;
        house.days_pass(3).await;
        house.approved().await;
        house.days_pass(6).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::WindowOpen);
        house.days_pass(2).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::Granted);
        let told = house.facts().await;
        let [
            Payload::NoticeSettled(_),
            Payload::NoticeSettled(_),
            Payload::ConsentWindowOpened(opened),
            Payload::ConsentWindowPassed(_),
        ] = told.as_slice()
        else {
            panic!("{told:?}")
        };
        assert_eq!(opened.rule, "7 calendar days, calendar de 2026");
    })
    .await;
}

#[tokio::test]
async fn a_closed_claim_writes_to_nobody() {
    on_both(async |house: House| {
        house
            .told(Payload::ClaimSubmitted(cpor_proto::events::v1::ClaimSubmitted {
                snapshot: Some(crate::harness::snapshot()),
            }))
            .await;
        house.closed().await;
        assert_eq!(house.sender.drain().await.unwrap(), 0);
        assert!(house.mailbox.taken.lock().unwrap().is_empty());
        assert_eq!(house.consent().await.state.kind(), StateKind::Closed);
    })
    .await;
}

#[tokio::test]
async fn each_mail_has_a_link_of_its_own_that_is_stored_nowhere() {
    on_both(async |house: House| {
        house.submitted().await;
        let first = house.mailbox.token();
        house.approved().await;
        let second = house.mailbox.token();
        assert_ne!(first, second);
        let leads_to = async |token: &str| house.links.find(token).await.unwrap().unwrap().consent;
        assert_eq!((leads_to(&first).await, leads_to(&second).await), (House::key(), House::key()));
        let stored = serde_json::to_string(&house.consent().await).unwrap();
        assert!(!stored.contains(&first) && !stored.contains(&second));
    })
    .await;
}
