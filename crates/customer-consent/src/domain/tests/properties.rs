//! What holds after any sequence of inputs at any times.

use cpor_durable::{Aggregate, Transition};
use cpor_types::Timestamp;
use proptest::prelude::*;

use crate::domain::samples::{claim, day, notice, requested, terms};
use crate::domain::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Approve,
    Decline,
    ClaimApproved { official: bool },
    Settle { notice: u128, settlement: Settlement },
    Close,
}

fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let settlement = prop_oneof![Just(Settlement::Accepted), Just(Settlement::Bounced)];
    let step = prop_oneof![
        Just(Step::Approve),
        Just(Step::Decline),
        any::<bool>().prop_map(|official| Step::ClaimApproved { official }),
        (1..4u128, settlement).prop_map(|(notice, settlement)| Step::Settle { notice, settlement }),
        Just(Step::Close),
    ];
    // Hours since the step before: often within one window, sometimes past it.
    proptest::collection::vec((step, prop_oneof![0..48i64, 0..400i64]), 1..24)
}

/// What the writer does: deadlines first, then the command.
fn run(consent: &Consent, step: Step, now: Timestamp, events: &mut Vec<(Timestamp, Event)>) -> Consent {
    let mut current = consent.clone();
    while let Some(elapsed) = current.elapse(now) {
        events.extend(elapsed.transition.events.into_iter().map(|event| (elapsed.due, event)));
        current = elapsed.transition.next;
    }
    let queued = u128::try_from(current.notices.len()).unwrap() + 1;
    let transition: Option<Transition<Consent>> = match step {
        Step::Approve => current.approve(Channel::Link, now).unwrap_or(None),
        Step::Decline => current.decline(Channel::SignedIn, "", now).unwrap_or(None),
        Step::ClaimApproved { official } => current.claim_approved(claim(), official, notice(queued), &terms(), now),
        Step::Settle { notice: n, settlement } => current.notice_settled(notice(n), settlement, &terms(), now),
        Step::Close => current.claim_closed(now),
    };
    if let Some(transition) = transition {
        events.extend(transition.events.into_iter().map(|event| (now, event)));
        current = transition.next;
    }
    current
}

proptest! {
    #[test]
    fn a_customers_word_and_the_window_are_told_once_and_in_time(steps in steps()) {
        let mut consent = requested();
        let mut events = vec![];
        let mut now = day(0);
        for (step, hours) in steps {
            now += chrono::TimeDelta::hours(hours);
            let before = consent.clone();
            consent = run(&consent, step, now, &mut events);

            let armed = consent.deadlines();
            prop_assert!(armed.len() <= 1);
            prop_assert!(armed.iter().all(|deadline| !deadline.has_passed(now)), "nothing due is left undone");
            prop_assert_eq!(armed.is_empty(), consent.state.open_window().is_none());
            let over = matches!(before.state.kind(), StateKind::Declined | StateKind::Closed);
            prop_assert!(!over || consent.state == before.state, "a last word stays");
            // What `run` applied before the step: a window that has passed by now.
            let passed = consent.state.window().is_some_and(|window| window.deadline.has_passed(now));
            let heard = consent.state.kind() == StateKind::Declined || passed || over;
            prop_assert!(!matches!(step, Step::Decline) || heard, "until a window has passed, a decline counts");
            let grown = consent.notices.len() >= before.notices.len();
            prop_assert!(grown, "no notice is forgotten");
        }
        let count = |wanted: fn(&Event) -> bool| events.iter().filter(|(_, event)| wanted(event)).count();
        let once = [
            count(|event| matches!(event, Event::CustomerApproved { .. })),
            count(|event| matches!(event, Event::CustomerDeclined { .. })),
            count(|event| matches!(event, Event::WindowOpened { .. })),
            count(|event| matches!(event, Event::WindowPassed)),
        ];
        prop_assert!(once.iter().all(|times| *times <= 1), "{:?}", once);
        let [approved, _, _, passed] = once;
        prop_assert!(approved + passed <= 1, "it is granted once: by a word, or by silence");
        let opened = events.iter().find_map(|(_, event)| match event {
            Event::WindowOpened { due, .. } => Some(*due),
            Event::NoticeQueued { .. } | Event::NoticeSettled { .. } | Event::WindowPassed
            | Event::CustomerApproved { .. } | Event::CustomerDeclined { .. } => None,
        });
        for (time, event) in &events {
            match event {
                Event::WindowPassed => prop_assert_eq!(Some(*time), opened, "it passes when it is due"),
                Event::CustomerDeclined { .. } => {
                    prop_assert!(opened.is_none_or(|due| *time < due), "no decline is taken late");
                }
                Event::NoticeQueued { .. } | Event::NoticeSettled { .. } | Event::WindowOpened { .. }
                | Event::CustomerApproved { .. } => {}
            }
        }
    }

    #[test]
    fn what_is_stored_reads_back(steps in steps()) {
        let mut now = day(0);
        let mut consent = requested();
        for (step, hours) in steps {
            now += chrono::TimeDelta::hours(hours);
            consent = run(&consent, step, now, &mut vec![]);
        }
        let stored = serde_json::to_string(&consent).unwrap();
        prop_assert_eq!(serde_json::from_str::<Consent>(&stored).unwrap(), consent);
    }
}
