//! Every state with every input, against the table.

use crate::domain::samples::{awaiting, claim, day, in_state, notice, terms};
use crate::domain::table::{Input, Outcome, outcome};
use crate::domain::*;
use cpor_durable::Aggregate;

/// What the machine does with `input`: the state it comes to, `None` where nothing changes, or the refusal.
fn apply(consent: &Consent, input: Input) -> Result<Option<Consent>, Refusal> {
    let now = day(4);
    let next = match input {
        Input::Approve => consent.approve(Channel::Link, now)?,
        Input::Decline => consent.decline(Channel::Link, "", now)?,
        Input::ClaimApproved => consent.claim_approved(claim(), false, notice(9), &terms(), now),
        Input::ClaimApprovedAhead => consent.claim_approved(claim(), true, notice(9), &terms(), now),
        Input::NoticeAccepted => {
            // A second notice of approval, so that every state has one that is not settled.
            let mut waiting = consent.clone();
            waiting.notices.push(Notice { id: notice(8), delivery: Delivery::Queued, ..awaiting().notices[1].clone() });
            let settled = waiting.notice_settled(notice(8), Settlement::Accepted, &terms(), now).unwrap();
            return Ok((settled.next.state != consent.state).then_some(settled.next));
        }
        Input::WindowPasses => return Ok(consent.elapse(day(30)).map(|elapsed| elapsed.transition.next)),
        Input::ClaimClosed => consent.claim_closed(now),
    };
    Ok(next.map(|transition| transition.next))
}

#[test]
fn every_state_does_with_every_input_what_the_table_says() {
    for state in StateKind::ALL {
        for input in Input::ALL {
            let consent = in_state(state);
            assert_eq!(consent.state.kind(), state);
            let after = apply(&consent, input);
            let case = format!("{state:?} × {input:?}: {after:?}");
            match outcome(state, input) {
                Outcome::Becomes(to) => assert_eq!(after.unwrap().unwrap().state.kind(), to, "{case}"),
                Outcome::Remembered => {
                    let next = after.unwrap().unwrap();
                    assert_eq!(next.state, consent.state, "{case}");
                    assert_ne!(next, consent, "{case}");
                }
                Outcome::Nothing => assert_eq!(after, Ok(None), "{case}"),
                Outcome::Refused => assert!(after.is_err(), "{case}"),
            }
        }
    }
}

#[test]
fn what_is_allowed_changes_something_and_what_is_not_does_not() {
    for state in StateKind::ALL {
        let consent = in_state(state);
        let allowed: Vec<Command> = consent.allowed_commands().collect();
        for (command, input) in [(Command::Approve, Input::Approve), (Command::Decline, Input::Decline)] {
            let changes = matches!(apply(&consent, input), Ok(Some(_)));
            assert_eq!(allowed.contains(&command), changes, "{state:?} {command:?}");
        }
    }
}

#[test]
fn the_stored_words_of_states_differ() {
    let mut words: Vec<&str> = StateKind::ALL.map(StateKind::as_str).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), StateKind::ALL.len());
}
