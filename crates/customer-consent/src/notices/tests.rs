//! What customers are written, and what follows.

use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{ClaimApproved, ClaimDisputed, ClaimSnapshot, ClaimSubmitted, LinesEnded};

use super::*;
use crate::domain::samples::{
    ahead, awaiting, granted_awaiting, granted_in_window, requested, terms, told, window_open,
};
use crate::domain::{State, StateKind, samples};
use crate::harness::{House, on_both};

const LINK: &str = "https://consent.example/consent/abc";

fn written(consent: &Consent, kind: NoticeKind) -> Message {
    written_in("us-east", consent, kind)
}

/// The last notice of the consent, as if it were of this kind, to a tenant with this calendar.
fn written_in(calendar: &str, consent: &Consent, kind: NoticeKind) -> Message {
    let (languages, terms) = (Languages::shipped().unwrap(), terms());
    let notice = Notice { kind, ..consent.notices.last().unwrap().clone() };
    let parts = spoken(&languages, calendar).into_iter().map(|texts| {
        let words = Words::new(texts, consent, &terms).if_opened(&terms, samples::day(2));
        notice_mail(&words, consent, &notice, &terms, LINK)
    });
    message(&notice, parts.collect()).unwrap()
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
fn no_place_in_a_text_is_left_open_in_any_language() {
    for consent in samples::every_consent() {
        for kind in [NoticeKind::Submission, NoticeKind::Approval, NoticeKind::Change, NoticeKind::Dispute] {
            for calendar in ["cz", "de", "es", "fr", "hu", "pl", "ru", "utc"] {
                let Message { subject, text, html, .. } = written_in(calendar, &consent, kind);
                assert!(!text.contains("  the end") && !text.contains(" ."), "{text}");
                for words in [subject, text, html] {
                    assert!(!words.contains(['{', '}']), "{words}");
                }
            }
        }
    }
}

#[test]
fn a_mail_speaks_the_language_of_the_tenants_calendar_with_english_below() {
    let Message { subject, text, html, .. } = written_in("de", &awaiting(), NoticeKind::Approval);
    assert!(subject.contains("Contoso Consulting") && !subject.contains("Approved"), "{subject}");
    for words in [text, html] {
        let (german, english) =
            (words.find("Mittwoch, 11. März 2026").unwrap(), words.find("Wednesday, 11 March 2026").unwrap());
        assert!(german < english, "{words}");
    }
    let text = written_in("us-east", &awaiting(), NoticeKind::Approval).text;
    assert_eq!(text.matches(LINK).count(), 1, "English alone is said once: {text}");
}

#[test]
fn r29_a_notice_of_a_change_says_what_changed_and_what_that_means() {
    let text = written(&samples::edited(), NoticeKind::Change).text;
    for said in [
        "has changed its request",
        "No longer claimed: Exchange Online.",
        "Another person of your organisation",
        "The links in earlier e-mails can only decline.",
        "please approve it",
        "Dear Ben Ode,",
    ] {
        assert!(text.contains(said), "{said} is missing in\n{text}");
    }
    let mut former = samples::edited();
    former.notices.pop();
    let text = written(&former, NoticeKind::Change).text;
    assert!(text.contains("Dear Anna Lee,") && !text.contains("please approve it"), "{text}");
}

#[test]
fn r28_after_a_decline_the_notices_say_that_only_an_approval_counts() {
    for (consent, kind) in
        [(samples::disputed(), NoticeKind::Dispute), (samples::explicit_needed(), NoticeKind::Approval)]
    {
        let Message { subject, text, .. } = written(&consent, kind);
        for said in [
            "It becomes official only if you approve.",
            "If you say nothing, the claim is rejected.",
            "please approve it",
        ] {
            assert!(text.contains(said), "{said} is missing in\n{text}");
        }
        assert!(!subject.contains("unless you decline"), "{subject}");
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
        house.told(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(crate::harness::snapshot()) })).await;
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

/// The sample claim is submitted under this policy, and its notice sent.
async fn submitted_under(house: &House, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::harness::snapshot() };
    house.told(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })).await;
    house.sender.drain().await.unwrap();
}

/// The sample claim is approved under this policy, whatever that tells the customer.
async fn approved_under(house: &House, policy: &str) {
    let snapshot = ClaimSnapshot { policy: policy.into(), ..crate::harness::snapshot() };
    let approved = ClaimApproved { snapshot: Some(snapshot), ..ClaimApproved::default() };
    house.told(Payload::ClaimApproved(approved)).await;
    house.sender.drain().await.unwrap();
}

#[tokio::test]
async fn r61_in_2020_one_notice_is_sent_and_the_window_is_counted_from_it() {
    on_both(async |house: House| {
        submitted_under(&house, "2020@1").await;
        let text = house.mailbox.taken.lock().unwrap().last().unwrap().clone();
        assert!(text.contains("5 Arbeitstage") && text.contains("5 business days"), "{text}");
        assert_eq!(house.consent().await.state.kind(), StateKind::RequestedInWindow);
        house.days_pass(8).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::RequestedWindowPassed);
        assert_eq!(house.facts().await.len(), 1, "official no earlier than the approval");
        approved_under(&house, "2020@1").await;
        assert_eq!(house.mailbox.taken.lock().unwrap().len(), 1, "no notice at approval");
        assert_eq!(house.consent().await.state.kind(), StateKind::Granted);
        let told = house.facts().await;
        assert!(matches!(told.as_slice(), [Payload::NoticeSettled(_), Payload::ConsentWindowPassed(_)]), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn r28_a_decline_is_disputed_and_silence_rejects_again() {
    on_both(async |house: House| {
        house.submitted().await;
        let decided = |consent: Option<&Consent>, now| {
            let consent = consent.ok_or(crate::domain::Refusal::NotFound)?;
            consent.decline(crate::domain::Channel::Link, "", now)
        };
        let actor = Actor::system(Service::CustomerConsent);
        house.consents.writer.execute(Command::new("decline", House::key(), actor), decided).await.unwrap();
        let disputed = ClaimDisputed {
            snapshot: Some(crate::harness::snapshot()),
            customer_declined: true,
            ..ClaimDisputed::default()
        };
        house.told(Payload::ClaimDisputed(disputed)).await;
        house.sender.drain().await.unwrap();
        let approved = ClaimApproved {
            snapshot: Some(crate::harness::snapshot()),
            explicit_approval_needed: true,
            ..ClaimApproved::default()
        };
        house.told(Payload::ClaimApproved(approved)).await;
        house.sender.drain().await.unwrap();
        assert_eq!(house.mailbox.taken.lock().unwrap().len(), 3);
        house.days_pass(9).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::Declined);
        let channels: Vec<_> = house
            .facts()
            .await
            .into_iter()
            .filter_map(|fact| {
                let Payload::CustomerDeclined(declined) = fact else { return None };
                Some(declined.channel)
            })
            .collect();
        assert_eq!(channels, ["link", "silence"]);
    })
    .await;
}

#[tokio::test]
async fn r37_when_all_lines_have_ended_the_window_closes() {
    on_both(async |house: House| {
        house.submitted().await;
        house.approved().await;
        let claim = samples::claim();
        let ended = |all| LinesEnded {
            claim: claim.name.to_string(),
            tenant: format!("tenants/{}", claim.tenant),
            all,
            ..LinesEnded::default()
        };
        house.told(Payload::LinesEnded(ended(false))).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::WindowOpen);
        house.told(Payload::LinesEnded(ended(true))).await;
        house.days_pass(9).await;
        assert_eq!(house.consent().await.state.kind(), StateKind::Closed);
        assert!(!house.facts().await.iter().any(|fact| matches!(fact, Payload::ConsentWindowPassed(_))));
    })
    .await;
}
