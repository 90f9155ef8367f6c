//! Every state against every command and every fact: what happens is what the table says.
use super::story::*;
use crate::domain::machine::{TABLE, To, admits};
use crate::domain::*;
use cpor_durable::Transition;
use cpor_types::ActorSide;

fn perform(life: &Life, command: Command) -> Result<Transition<Claim>, Refusal> {
    let (claim, now) = (&life.claim, life.now + hour());
    let (facts, rules) = (admitted(), rules());
    match command {
        Command::Update => {
            let partner_contact = Contact { name: "Bea".into(), ..content().partner_contact };
            let content = Content { partner_contact, ..content() };
            let update = Update { fields: vec![Field::PartnerContact], content };
            claim.update(&update, Some(&facts), &rules, now).map(|changed| changed.expect("the contact changes"))
        }
        Command::Delete => claim.delete(now),
        Command::Submit => claim.submit(Submit { review_case: case() }, Some(&facts), &rules, now),
        Command::Resubmit => {
            let resubmit = Resubmit { comment: Some(comment(ActorSide::Partner)) };
            claim.resubmit(resubmit, Some(&facts), &rules, now)
        }
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::Dispute => claim.dispute(dispute(), Some(&facts), &rules, now),
        Command::AddEvidence => claim.add_evidence(evidence(1), &rules, now),
        Command::RemoveEvidence => claim.remove_evidence(evidence(0).id, now),
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
        Command::ErasePersonalData => claim.erase(&erase(), now).map(|made| made.expect("something is left")),
    }
}

fn target(step: Step, from: StateKind) -> StateKind {
    match TABLE.iter().find(|row| row.step == step && row.from.contains(&from)).unwrap().to {
        To::Same | To::SameOrRejected => from,
        To::State(kind) => kind,
        To::WhereAsked => StateKind::Submitted,
    }
}

#[test]
fn r15_every_command_in_every_state_does_what_the_table_says() {
    for state in StateKind::ALL.iter().copied() {
        let life = Life::in_state(state);
        assert_eq!(life.claim.state.kind(), state);
        for command in Command::ALL.iter().copied() {
            let step = Step::Command(command);
            match perform(&life, command) {
                Ok(made) => {
                    assert!(admits(state, step) && life.claim.admits(command), "{command} was done in {state}");
                    assert_eq!(made.next.state.kind(), target(step, state), "{command} in {state}");
                    assert_eq!(made.next.history, life.claim.history + made.events.len() as u64);
                }
                Err(Refusal::NotAllowed { state: named, command: asked, allowed }) => {
                    // The default profile leaves an approved claim no evidence (R29).
                    let left = (state, command) == (StateKind::Approved, Command::AddEvidence);
                    assert!(left || !admits(state, step), "{command} was refused in {state}");
                    assert_eq!((named, asked, allowed), (state, command, life.claim.allowed_commands(Party::Partner)));
                }
                Err(Refusal::PersonalDataNeeded { state: named, .. }) => {
                    assert_eq!((named, command), (state, Command::ErasePersonalData));
                    assert!(!life.claim.is_at_rest(), "{state}");
                }
                Err(Refusal::NotFound) => assert_eq!(state, StateKind::Deleted, "{command}"),
                Err(other) => panic!("{command} in {state}: {other}"),
            }
        }
    }
}

#[test]
fn r15_every_fact_in_every_state_is_applied_or_overtaken_as_the_table_says() {
    for state in StateKind::ALL.iter().copied() {
        let life = Life::in_state(state);
        for fact in every_fact().into_iter().map(|fact| of_its_case(fact, &life.claim)) {
            let now = life.now + hour();
            let made = life.claim.apply(&fact, now, &rules(), now).unwrap();
            let step = Step::Fact(fact.kind());
            if admits(state, step) {
                assert!(!made.events[0].what.is_overtaken(), "{} in {state}", fact.kind());
                assert_eq!(made.next.state.kind(), target(step, state), "{} in {state}", fact.kind());
            } else {
                assert_eq!(made.events.len(), 1);
                assert_eq!(made.events[0].what, What::Overtaken(fact.kind()));
                assert_eq!((&made.next.state, &made.next.content), (&life.claim.state, &life.claim.content));
            }
        }
    }
}

#[test]
fn every_kind_of_step_has_one_row_for_a_state_and_every_fact_is_tried() {
    let commands = Command::ALL.iter().copied().map(Step::Command);
    for step in commands.chain(FactKind::ALL.iter().copied().map(Step::Fact)) {
        let rows: Vec<_> = TABLE.iter().filter(|row| row.step == step).collect();
        assert!(!rows.is_empty(), "{step:?}");
        for state in StateKind::ALL {
            assert!(rows.iter().filter(|row| row.from.contains(state)).count() < 2, "{step:?} in {state}");
        }
    }
    let of_time = [
        FactKind::ResponseReminded,
        FactKind::DisputeReminded,
        FactKind::ResponseDeadlinePassed,
        FactKind::DisputeWindowPassed,
    ];
    let mut tried: Vec<_> = every_fact().iter().map(Fact::kind).chain(of_time).collect();
    tried.sort_unstable();
    assert_eq!(tried.len(), FactKind::ALL.len());
    tried.dedup();
    assert_eq!(tried.len(), FactKind::ALL.len());
}

#[test]
fn r19_a_fact_of_another_case_is_overtaken() {
    let life = Life::submitted();
    let other = Fact::Review {
        case: cpor_types::CaseId(uuid::Uuid::from_u128(99)),
        fact: ReviewFact::Started("rita".into(), None),
    };
    let life = life.fact(&other);
    assert!(life.last().what.is_overtaken());
    assert_eq!(life.claim.state.kind(), StateKind::Submitted);
}
