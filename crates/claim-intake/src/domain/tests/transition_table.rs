//! Every command and every fact in every state: the transition table decides what happens.
use super::fixtures::*;
use crate::domain::machine::{TABLE, Target, allows};
use crate::domain::*;
use cpor_durable::Transition;
use cpor_types::ActorSide;

fn perform(test: &TestClaim, command: Command) -> Result<Transition<Claim>, Refusal> {
    let (claim, now) = (&test.claim, test.now + hour());
    let (facts, rules) = (admitted(), rules());
    match command {
        Command::Update => {
            let customer_contact = Contact { name: "Bea".into(), ..content().customer_contact };
            let content = Content { customer_contact, ..content() };
            let update = Update { fields: vec![Field::CustomerContact], content };
            claim.update(&update, Some(&facts), &rules, now).map(|changed| changed.expect("the contact changes"))
        }
        Command::Delete => claim.delete(now),
        Command::Submit => {
            claim.submit(Submit { review_case: case(), by_incentives_admin: true }, Some(&facts), &rules, now)
        }
        Command::Resubmit => {
            let resubmit = Resubmit { comment: Some(comment(ActorSide::Partner)) };
            claim.resubmit(resubmit, Some(&facts), &rules, now)
        }
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::Dispute => claim.dispute(dispute(), Some(&facts), &rules, now),
        Command::AddEvidence => claim.add_evidence(evidence(1), &rules, now),
        Command::RemoveEvidence => claim.remove_evidence(evidence(0).id, now),
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
        Command::DeclinePayment => claim.decline_payment("", now),
        Command::ErasePersonalData => {
            claim.erase(&erase(), now).map(|transition| transition.expect("something is left"))
        }
    }
}

fn target(step: Step, from: ClaimStateKind) -> ClaimStateKind {
    match TABLE.iter().find(|row| row.step == step && row.from.contains(&from)).unwrap().target {
        Target::Same | Target::SameOrRejected => from,
        Target::State(kind) => kind,
        Target::StateOfRequest => ClaimStateKind::Submitted,
    }
}

#[test]
fn r15_commands_in_every_state_follow_the_table() {
    for state in ClaimStateKind::ALL.iter().copied() {
        let test = TestClaim::in_state(state);
        assert_eq!(test.claim.state.kind(), state);
        for command in Command::ALL.iter().copied() {
            let step = Step::Command(command);
            match perform(&test, command) {
                Ok(transition) => {
                    assert!(allows(state, step) && test.claim.allows(command), "{command} was done in {state}");
                    assert_eq!(transition.next.state.kind(), target(step, state), "{command} in {state}");
                    assert_eq!(
                        transition.next.history_length,
                        test.claim.history_length + transition.events.len() as u64
                    );
                }
                Err(Refusal::NotAllowed { state: named, command: asked, allowed }) => {
                    // The default profile allows no evidence for an approved claim (R29).
                    let left = (state, command) == (ClaimStateKind::Approved, Command::AddEvidence);
                    assert!(left || !allows(state, step), "{command} was refused in {state}");
                    assert_eq!((named, asked, allowed), (state, command, test.claim.allowed_commands(Party::Partner)));
                }
                Err(Refusal::PersonalDataNeeded { state: named, .. }) => {
                    assert_eq!((named, command), (state, Command::ErasePersonalData));
                    assert!(!test.claim.is_at_rest(), "{state}");
                }
                // The default profile does not let the partner decline payment (R54b).
                Err(Refusal::PaymentNotDeclinable { .. }) => assert_eq!(command, Command::DeclinePayment),
                Err(Refusal::NotFound) => assert_eq!(state, ClaimStateKind::Deleted, "{command}"),
                Err(other) => panic!("{command} in {state}: {other}"),
            }
        }
    }
}

#[test]
fn r15_facts_in_every_state_follow_the_table() {
    for state in ClaimStateKind::ALL.iter().copied() {
        let test = TestClaim::in_state(state);
        for fact in every_fact().into_iter().map(|fact| of_present_case(fact, &test.claim)) {
            let now = test.now + hour();
            let transition = test.claim.apply(&fact, now, &rules(), now).unwrap();
            let step = Step::Fact(fact.kind());
            // No claim of this test has a contact that needs a confirmation, or associations that
            // have ended.
            let is_idle = matches!(fact.kind(), FactKind::ContactConfirmed | FactKind::ConsentEnded);
            if allows(state, step) && !is_idle {
                assert!(!transition.events[0].kind.is_overtaken(), "{} in {state}", fact.kind());
                assert_eq!(transition.next.state.kind(), target(step, state), "{} in {state}", fact.kind());
            } else {
                assert_eq!(transition.events.len(), 1);
                assert_eq!(transition.events[0].kind, EventKind::FactOvertaken(fact.kind()));
                assert_eq!(
                    (&transition.next.state, &transition.next.content),
                    (&test.claim.state, &test.claim.content)
                );
            }
        }
    }
}

#[test]
fn every_step_has_at_most_one_row_per_state() {
    let commands = Command::ALL.iter().copied().map(Step::Command);
    for step in commands.chain(FactKind::ALL.iter().copied().map(Step::Fact)) {
        let rows: Vec<_> = TABLE.iter().filter(|row| row.step == step).collect();
        assert!(!rows.is_empty(), "{step:?}");
        for state in ClaimStateKind::ALL {
            assert!(rows.iter().filter(|row| row.from.contains(state)).count() < 2, "{step:?} in {state}");
        }
    }
    let of_time = [
        FactKind::StatementReminded,
        FactKind::StatementDeadlinePassed,
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
    let test = TestClaim::submitted();
    let other = Fact::Review {
        case: cpor_types::CaseId(uuid::Uuid::from_u128(99)),
        fact: ReviewFact::Started("rita".into(), None),
    };
    let test = test.fact(&other);
    assert!(test.last().kind.is_overtaken());
    assert_eq!(test.claim.state.kind(), ClaimStateKind::Submitted);
}
