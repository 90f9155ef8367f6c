//! Properties that hold after any sequence of inputs at any times, under the policies of 2020, 2021
//! and 2023.

use cpor_durable::{Aggregate, Transition};
use cpor_types::Timestamp;
use proptest::prelude::*;

use crate::domain::samples::{
    approval, claim, day, edited_claim, monday, notice, permanent_bounce, terms, terms_of_2020,
};
use crate::domain::*;

#[derive(Clone, Debug)]
enum Step {
    Approve,
    ApproveByLink { notice: u128 },
    Decline,
    Resend,
    ClaimApproved { official: bool, explicit_approval_needed: bool },
    Edit { contact: bool },
    Settle { notice: u128, report: DeliveryReport },
    Close { disputable: bool },
    Dispute { earlier_decision: EarlierDecision },
    LinesEnd,
}

fn policies() -> impl Strategy<Value = Terms> {
    prop_oneof![Just(terms()), Just(terms_of_2020()), Just(Terms { decline_any_time: true, ..terms() })]
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let report = prop_oneof![4 => Just(DeliveryReport::Accepted), 1 => Just(permanent_bounce())];
    let earlier_decision =
        prop_oneof![Just(EarlierDecision::Declined), Just(EarlierDecision::Approved), Just(EarlierDecision::None)];
    let step = prop_oneof![
        2 => Just(Step::Approve),
        1 => (1..9u128).prop_map(|notice| Step::ApproveByLink { notice }),
        2 => Just(Step::Decline),
        2 => Just(Step::Resend),
        4 => (any::<bool>(), any::<bool>()).prop_map(|(official, explicit_approval_needed)| Step::ClaimApproved { official, explicit_approval_needed }),
        2 => any::<bool>().prop_map(|contact| Step::Edit { contact }),
        6 => (1..9u128, report).prop_map(|(notice, report)| Step::Settle { notice, report }),
        1 => any::<bool>().prop_map(|disputable| Step::Close { disputable }),
        2 => earlier_decision.prop_map(|earlier_decision| Step::Dispute { earlier_decision }),
        1 => Just(Step::LinesEnd),
    ];
    // The number is the hours since the previous step: often within one window, sometimes beyond
    // it.
    proptest::collection::vec((step, prop_oneof![0..48i64, 0..400i64]), 1..32)
}

/// Does what the writer does: applies passed deadlines first, then the command.
fn run(consent: &Consent, terms: &Terms, step: Step, now: Timestamp, events: &mut Vec<(Timestamp, Event)>) -> Consent {
    let mut current = consent.clone();
    while let Some(elapsed) = current.apply_passed_deadline(now) {
        events.extend(elapsed.transition.events.into_iter().map(|event| (elapsed.due, event)));
        current = elapsed.transition.next;
    }
    if let Some(transition) = apply_step(&current, terms, step, now) {
        events.extend(transition.events.into_iter().map(|event| (now, event)));
        current = transition.next;
    }
    current
}

fn apply_step(current: &Consent, terms: &Terms, step: Step, now: Timestamp) -> Option<Transition<Consent>> {
    let queued = u128::try_from(current.notices.len()).unwrap() + 1;
    match step {
        Step::Approve => current.approve(Channel::SignedIn, now).unwrap_or(None),
        Step::ApproveByLink { notice: n } => current.approve_by_link(notice(n), now).unwrap_or(None),
        Step::Decline => current.decline(Channel::SignedIn, "", now).unwrap_or(None),
        Step::Resend => current.resend_notice(notice(queued), now).unwrap_or(None),
        Step::ClaimApproved { official, explicit_approval_needed } => {
            let approval = ClaimApproval { customer_approved: official, explicit_approval_needed, ..approval(now) };
            current.on_claim_approved(claim(), approval, notice(queued), terms, now)
        }
        Step::Edit { contact } => {
            let edited = if contact { edited_claim() } else { claim() };
            current.on_claim_edited(edited, EditNotice::NewRequest, [notice(queued + 100), notice(queued)], terms, now)
        }
        Step::Settle { notice: n, report } => current.on_notice_reported(notice(n), report, terms, now),
        Step::Close { disputable } => {
            current.on_claim_closed(disputable.then(|| now + chrono::TimeDelta::days(30)), now)
        }
        Step::Dispute { earlier_decision } => {
            current.on_claim_disputed(claim(), earlier_decision, notice(queued), terms, now)
        }
        Step::LinesEnd => current.on_lines_ended(now),
    }
}

fn requested(terms: &Terms) -> Consent {
    Consent::request(claim(), notice(1), terms, monday()).next
}

proptest! {
    #[test]
    fn decisions_and_windows_are_consistent(terms in policies(), steps in steps()) {
        let mut consent = requested(&terms);
        let mut now = day(0);
        for (step, hours) in steps {
            now += chrono::TimeDelta::hours(hours);
            let (before, mut events) = (consent.clone(), vec![]);
            consent = run(&consent, &terms, step.clone(), now, &mut events);

            let deadlines = consent.deadlines();
            prop_assert!(deadlines.iter().all(|deadline| !deadline.has_passed(now)), "no deadline that has passed is left");
            prop_assert_eq!(deadlines.is_empty(), consent.state.deadline().is_none());
            prop_assert!(consent.notices.len() >= before.notices.len(), "no notice is removed");
            // The claim was edited and asks anew, so the silence of the former contact does not
            // count.
            let silence_lapsed = matches!(step, Step::Edit { .. }) && before.channel() == Some(Channel::Silence);
            let opened_again = silence_lapsed || matches!(step, Step::Dispute { .. });
            let declined = before.state.kind() == StateKind::Declined;
            prop_assert!(!declined || opened_again || consent.state == before.state, "a decline of the customer stands until a dispute");
            let official = |consent: &Consent| consent.state.official_since();
            prop_assert!(
                official(&before).is_none() || official(&consent).is_none() || official(&before) == official(&consent)
                    || matches!(step, Step::Edit { .. }),
                "the official date never changes, unless claim-intake has ignored the approval"
            );
            let counted = |wanted: fn(&Event) -> bool| events.iter().filter(|(_, event)| wanted(event)).count();
            let passed = counted(|event| matches!(event, Event::WindowPassed { .. }));
            let approved = counted(|event| matches!(event, Event::CustomerApproved { .. }));
            let granting_events = passed + approved;
            let became_official = official(&before).is_none() && official(&consent).is_some();
            let granted_by_claim_approval = matches!(step, Step::ClaimApproved { .. });
            prop_assert!(!became_official || granting_events == 1 || granted_by_claim_approval, "a decision or silence makes it official, once: {:?}", events);
            for (time, event) in &events {
                if let (Event::WindowPassed { .. }, Some(window)) = (event, before.state.open_window()) {
                    prop_assert!(*time == window.deadline.due || granted_by_claim_approval, "the window passes when it is due");
                }
            }
            // R44: an open window keeps its end until the customer is asked again.
            let ends = (before.state.window().map(|w| w.deadline.due), consent.state.window().map(|w| w.deadline.due));
            let bounced = matches!(step, Step::Settle { report: DeliveryReport::Bounced(_), .. });
            let was_asked_again = bounced || matches!(step, Step::Edit { .. } | Step::Dispute { .. });
            prop_assert!(was_asked_again || !matches!(ends, (Some(one), Some(other)) if one != other), "{:?}", ends);
        }
    }

    #[test]
    fn a_decline_is_accepted_or_refused_with_a_reason(terms in policies(), steps in steps()) {
        let mut consent = requested(&terms);
        let mut now = day(0);
        for (step, hours) in steps {
            now += chrono::TimeDelta::hours(hours);
            consent = run(&consent, &terms, step, now, &mut vec![]);
            let is_allowed = consent.allowed_commands().any(|command| command == CustomerCommand::Decline);
            match consent.decline(Channel::Link, "", now) {
                Ok(Some(next)) => {
                    prop_assert!(is_allowed);
                    prop_assert_eq!(next.next.state.kind(), StateKind::Declined);
                }
                Ok(None) => prop_assert_eq!(consent.state.kind(), StateKind::Declined),
                Err(Refusal::WindowPassed { due }) => prop_assert!(!terms.decline_any_time && due.unwrap() <= now),
                Err(refusal) => prop_assert_eq!((refusal, consent.state.kind()), (Refusal::ClaimClosed, StateKind::Closed)),
            }
        }
    }

    #[test]
    fn a_consent_survives_serialization(terms in policies(), steps in steps()) {
        let mut now = day(0);
        let mut consent = requested(&terms);
        for (step, hours) in steps {
            now += chrono::TimeDelta::hours(hours);
            consent = run(&consent, &terms, step, now, &mut vec![]);
        }
        let stored = serde_json::to_string(&consent).unwrap();
        prop_assert_eq!(serde_json::from_str::<Consent>(&stored).unwrap(), consent);
    }
}
