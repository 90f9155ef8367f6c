//! Every state against every command and every fact: what happens is what the table says.
use super::story::*;
use crate::domain::machine::{Step, TABLE, To, admits};
use crate::domain::*;
use cpor_durable::Transition;
use cpor_types::ActorSide;

fn perform(life: &Life, command: Command) -> Result<Transition<Claim>, Refusal> {
    let (claim, now) = (&life.claim, life.now + hour());
    let facts = admitted();
    match command {
        Command::Update => {
            let content = Content { display_name: "another name".into(), ..content() };
            let update = Update { fields: vec![Field::DisplayName], content };
            claim.update(&update, Some(&facts), now).map(|changed| changed.expect("the name changes"))
        }
        Command::Delete => claim.delete(now),
        Command::Submit => claim.submit(Submit { review_case: case() }, Some(&facts), &rules(), now),
        Command::Resubmit => {
            let resubmit = Resubmit { comment: Some(comment(ActorSide::Partner)) };
            claim.resubmit(resubmit, Some(&facts), &rules(), now)
        }
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::AddEvidence => claim.add_evidence(evidence(1), &rules(), now),
        Command::RemoveEvidence => claim.remove_evidence(evidence(0).id, now),
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
    }
}

fn target(step: Step, from: StateKind) -> StateKind {
    match TABLE.iter().find(|row| row.step == step).unwrap().to {
        To::Same => from,
        To::State(kind) => kind,
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
                    assert!(admits(state, step), "{command} was done in {state}");
                    assert_eq!(made.next.state.kind(), target(step, state), "{command} in {state}");
                    assert_eq!(made.next.history, life.claim.history + made.events.len() as u64);
                }
                Err(Refusal::NotAllowed { state: named, command: asked, allowed }) => {
                    assert!(!admits(state, step), "{command} was refused in {state}");
                    assert_eq!((named, asked, allowed), (state, command, state.allowed_commands()));
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
        for fact in every_fact() {
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
fn every_kind_of_step_has_exactly_one_row_and_every_fact_is_tried() {
    let commands = Command::ALL.iter().copied().map(Step::Command);
    for step in commands.chain(FactKind::ALL.iter().copied().map(Step::Fact)) {
        assert_eq!(TABLE.iter().filter(|row| row.step == step).count(), 1, "{step:?}");
    }
    let mut tried: Vec<_> = every_fact().iter().map(Fact::kind).chain([FactKind::ResponseDeadlinePassed]).collect();
    tried.sort_unstable();
    assert_eq!(tried.len(), FactKind::ALL.len());
    tried.dedup();
    assert_eq!(tried.len(), FactKind::ALL.len());
}

#[test]
fn r19_a_fact_of_another_case_is_overtaken() {
    let life = Life::submitted();
    let other =
        Fact::Review { case: cpor_types::CaseId(uuid::Uuid::from_u128(99)), fact: ReviewFact::Started("rita".into()) };
    let life = life.fact(&other);
    assert!(life.last().what.is_overtaken());
    assert_eq!(life.claim.state.kind(), StateKind::Submitted);
}
