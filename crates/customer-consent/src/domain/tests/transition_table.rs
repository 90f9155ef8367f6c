//! Tests that every input in every state does what the transition table says.

use crate::domain::samples::{
    after_decline, approval, claim, day, edited_claim, every_consent, in_state, notice, official, terms, terms_of_2020,
};
use crate::domain::table::{Effect, Input, effect};
use crate::domain::*;
use cpor_durable::Aggregate;

/// Applies `input`. Returns the changed consent, `None` if nothing changes, or the refusal.
fn apply(consent: &Consent, input: Input) -> Result<Option<Consent>, Refusal> {
    let now = day(4);
    let approved = |approval| consent.on_claim_approved(claim(), approval, notice(9), &terms(), now);
    let as_policy = |decline_any_time| Consent { decline_any_time, ..consent.clone() };
    let passes = |declined_before_dispute| {
        let waiting = Consent { declined_before_dispute, ..consent.clone() };
        let mut passed = waiting.apply_passed_deadline(day(40)).map(|elapsed| elapsed.transition);
        if let Some(reminded) = passed.as_ref().filter(|transition| transition.events == [Event::DeliveryReminderDue]) {
            passed = reminded.next.apply_passed_deadline(day(40)).map(|elapsed| elapsed.transition);
        }
        passed
    };
    let edited = |consent: Consent| {
        let claim = ClaimSummary { contact_authorized: consent.claim.contact_authorized, ..edited_claim() };
        let edited = consent.on_claim_edited(claim, EditNotice::NewRequest, [notice(8), notice(9)], &terms(), now);
        edited.filter(|transition| transition.next.notices != consent.notices)
    };
    let next = match input {
        Input::Approve => consent.approve(Channel::SignedIn, now)?,
        Input::Decline => as_policy(false).decline(Channel::Link, "", now)?,
        Input::DeclineAnyTime => as_policy(true).decline(Channel::Link, "", now)?,
        Input::Resend => settled(consent).resend_notice(notice(9), now)?,
        Input::ClaimApproved => approved(approval(day(20))),
        Input::ClaimApprovedWithConsent => approved(official(day(20))),
        Input::ClaimApprovedAfterDecline => approved(after_decline(day(20))),
        Input::ClaimEdited => edited(Consent { approval: None, ..consent.clone() }),
        Input::ClaimEditedWithConsent => {
            let approval = Some(DecisionRecord { time: day(3), channel: Channel::SignedIn });
            edited(Consent { approval, ..consent.clone() })
        }
        Input::ClaimEditedAfterSilence => {
            let mut silent = Consent { approval: None, ..consent.clone() };
            if let State::Declined(decline) = &mut silent.state {
                decline.decision.channel = Channel::Silence;
            }
            edited(silent)
        }
        Input::NoticeAccepted => return Ok(accepted(consent)),
        Input::AcceptedNoticeBounces => return Ok(bounced(consent)),
        Input::WindowPasses => passes(false).filter(|_| consent.state.window().is_some()),
        Input::ClaimApprovedUnconfirmed => {
            let claim = ClaimSummary { contact_authorized: false, ..claim() };
            let consent = Consent { declined_before_dispute: false, claim: claim.clone(), ..consent.clone() };
            consent.on_claim_approved(claim, approval(day(20)), notice(9), &terms(), now)
        }
        Input::WindowPassesUnconfirmed => {
            let claim = ClaimSummary { contact_authorized: false, ..claim() };
            let waiting = Consent { declined_before_dispute: false, claim, ..consent.clone() };
            waiting
                .apply_passed_deadline(day(40))
                .map(|elapsed| elapsed.transition)
                .filter(|_| consent.state.window().is_some())
        }
        Input::SilenceConfirmed => {
            let unauthorized = ClaimSummary { contact_authorized: false, ..claim() };
            let waiting = Consent { approval: None, claim: unauthorized, ..consent.clone() };
            waiting
                .on_claim_edited(claim(), EditNotice::None, [notice(8), notice(9)], &terms(), now)
                .filter(|transition| transition.next.state != consent.state)
        }
        Input::WindowPassesAfterDecline => passes(true).filter(|_| consent.state.window().is_some()),
        Input::DeliveryPeriodPasses => passes(false).filter(|_| consent.state.kind() == StateKind::AwaitingDelivery),
        Input::ClaimClosed => consent.on_claim_closed(None, now),
        Input::ClaimRejected => consent.on_claim_closed(Some(day(30)), now),
        Input::DisputeWindowPasses => consent
            .apply_passed_deadline(day(40))
            .map(|elapsed| elapsed.transition)
            .filter(|_| consent.state.kind() == StateKind::RejectedDisputable),
        Input::ClaimDisputed => consent.on_claim_disputed(claim(), EarlierDecision::None, notice(9), &terms(), now),
        Input::LinesEnded => consent.on_lines_ended(now),
        Input::LinesReinstated => {
            let mut notified = consent.clone();
            let accepted = Delivery::Accepted { time: day(3) };
            notified.notices = vec![Notice {
                id: notice(2),
                kind: NoticeKind::Approval,
                contact: claim().contact,
                is_current: true,
                queue_time: day(3),
                delivery: accepted,
            }];
            notified.on_lines_reinstated(day(12), notice(9), &terms(), day(40))
        }
    };
    Ok(next.map(|transition| transition.next))
}

/// Returns the consent with its last notice accepted, so that it can be sent again.
fn settled(consent: &Consent) -> Consent {
    let mut settled = consent.clone();
    settled.notices.last_mut().unwrap().delivery = Delivery::Accepted { time: day(1) };
    settled
}

/// Accepts a notice that can start the window. Returns the changed consent, or `None` if the state
/// stays.
fn accepted(consent: &Consent) -> Option<Consent> {
    let mut waiting = consent.clone();
    waiting.notices.push(Notice {
        id: notice(8),
        delivery: Delivery::Queued,
        is_current: true,
        ..consent.notices[0].clone()
    });
    let next = waiting.on_notice_reported(notice(8), DeliveryReport::Accepted, &terms_of_2020(), day(4)).unwrap().next;
    (next.state != consent.state).then_some(next)
}

/// Reports that every accepted notice has bounced after all. Returns the changed consent, or `None`
/// if the state stays.
fn bounced(consent: &Consent) -> Option<Consent> {
    let bounce = |next: Consent, notice: &Notice| {
        let report = DeliveryReport::Bounced("5.1.1".into());
        next.on_notice_reported(notice.id, report, &terms_of_2020(), day(4)).map_or(next, |transition| transition.next)
    };
    let next = consent.notices.iter().fold(consent.clone(), bounce);
    (next.state != consent.state).then_some(next)
}

#[test]
fn every_input_follows_the_transition_table() {
    for state in StateKind::ALL {
        for input in Input::ALL {
            let consent = in_state(state);
            assert_eq!(consent.state.kind(), state);
            let after = apply(&consent, input);
            let case = format!("{state:?} × {input:?}: {after:?}");
            match effect(state, input) {
                Effect::MovesTo(to) => assert_eq!(after.unwrap().unwrap().state.kind(), to, "{case}"),
                Effect::StateKept => {
                    let next = after.unwrap().unwrap();
                    assert_eq!(next.state, consent.state, "{case}");
                    assert_ne!(next, consent, "{case}");
                }
                Effect::Nothing => assert_eq!(after, Ok(None), "{case}"),
                Effect::Refused => assert!(after.is_err(), "{case}"),
            }
        }
    }
}

#[test]
fn exactly_the_allowed_commands_change_something() {
    for consent in every_consent() {
        let allowed: Vec<CustomerCommand> = consent.allowed_commands().collect();
        let approve = consent.approve(Channel::Link, day(4));
        let decline = consent.decline(Channel::Link, "", day(4));
        for (command, answer) in [(CustomerCommand::Approve, approve), (CustomerCommand::Decline, decline)] {
            assert_eq!(allowed.contains(&command), matches!(answer, Ok(Some(_))), "{consent:?} {command:?}");
        }
    }
}
