//! Random lives: whatever is done in whatever order, nothing panics, history is one chain, and deadlines are those of
//! the state.
use super::story::*;
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{ActorSide, Timestamp};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Command(usize),
    Fact(usize),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..Command::ALL.len()).prop_map(Act::Command),
        4 => (0..every_fact().len()).prop_map(Act::Fact),
        1 => (0..20 * 24u64).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 0..40)
}

fn perform(claim: &Claim, command: Command, now: Timestamp) -> Result<Option<Transition<Claim>>, Refusal> {
    let facts = admitted();
    let made = match command {
        Command::Update => {
            let update = Update { fields: Field::ALL.to_vec(), content: content() };
            return claim.update(&update, Some(&facts), now);
        }
        Command::Delete => claim.delete(now),
        Command::Submit => claim.submit(Submit { review_case: case() }, Some(&facts), &rules(), now),
        Command::Resubmit => claim.resubmit(Resubmit { comment: None }, Some(&facts), &rules(), now),
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::AddEvidence => claim.add_evidence(evidence(u128::from(claim.history)), &rules(), now),
        Command::RemoveEvidence => {
            let id = claim.evidence.first().map_or(evidence(0).id, |first| first.id);
            claim.remove_evidence(id, now)
        }
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
    };
    made.map(Some)
}

fn check(before: &Claim, made: &Transition<Claim>) {
    let mut state = before.state.kind();
    for event in &made.events {
        assert_eq!(event.from, Some(state), "from follows to");
        state = event.to;
    }
    assert_eq!(state, made.next.state.kind(), "the last entry tells the state");
    assert!(!made.events.is_empty(), "nothing changes without an entry");
    assert_eq!(made.next.history, before.history + made.events.len() as u64, "positions have no gaps");
    let expected: Vec<_> = made.next.state.partner_action().map(|action| action.response.clone()).into_iter().collect();
    assert_eq!(made.next.deadlines(), expected);
    assert_eq!(made.next.state.kind() == StateKind::PartnerActionRequired, !expected.is_empty());
}

proptest! {
    #[test]
    fn r56_any_life_has_one_chain_of_history(acts in acts()) {
        let mut claim = Life::complete().claim;
        let mut now = start();
        for act in acts {
            now += hour();
            if let Act::Wait(hours) = act {
                now += std::time::Duration::from_hours(hours);
            }
            while let Some(elapsed) = claim.elapse(now) {
                prop_assert!(elapsed.due <= now);
                check(&claim, &elapsed.transition);
                claim = elapsed.transition.next;
            }
            let made = match act {
                Act::Command(n) => perform(&claim, Command::ALL[n], now).ok().flatten(),
                Act::Fact(n) => Some(claim.apply(&every_fact()[n], now, &rules(), now).unwrap()),
                Act::Wait(_) => None,
            };
            if let Some(made) = made {
                check(&claim, &made);
                claim = made.next;
            }
        }
    }
}
