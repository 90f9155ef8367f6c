//! Random lives: whatever is done in whatever order, nothing panics, history is one chain, and deadlines are those of
//! the state.
use super::{
    model::{Model, Outcome, shown},
    story::*,
};
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{ActorSide, Deadline, Timestamp};
use proptest::prelude::*;
use std::sync::LazyLock;

#[derive(Clone, Debug)]
enum Act {
    Command(usize),
    Fact(usize),
    Wait(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..Command::ALL.len()).prop_map(Act::Command),
        4 => (0..FACTS.len()).prop_map(Act::Fact),
        1 => (0..20 * 24u64).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 0..40)
}

fn perform(claim: &Claim, command: Command, now: Timestamp) -> Result<Option<Transition<Claim>>, Refusal> {
    let (facts, rules) = (admitted(), rules());
    let made = match command {
        Command::Update => {
            let display_name = claim.content.display_name.clone();
            let partner_contact = Contact { name: claim.history.to_string(), ..content().partner_contact };
            let content = Content { display_name, partner_contact, ..content() };
            let update = Update { fields: Field::ALL.to_vec(), content };
            return claim.update(&update, Some(&facts), &rules, now);
        }
        Command::Delete => claim.delete(now),
        Command::Submit => claim.submit(Submit { review_case: case() }, Some(&facts), &rules, now),
        Command::Resubmit => claim.resubmit(Resubmit { comment: None }, Some(&facts), &rules, now),
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::Dispute => {
            let review_case = cpor_types::CaseId(uuid::Uuid::from_u128(u128::from(claim.history)));
            claim.dispute(Dispute { review_case, ..dispute() }, Some(&facts), &rules, now)
        }
        Command::AddEvidence => claim.add_evidence(evidence(u128::from(claim.history)), &rules, now),
        Command::RemoveEvidence => {
            let id = claim.evidence.first().map_or(evidence(0).id, |first| first.id);
            claim.remove_evidence(id, now)
        }
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
        Command::ErasePersonalData => return claim.erase(&erase(), now),
    };
    made.map(Some)
}

/// Every fact, and those that lead elsewhere with other data.
/// Made once: they are drawn from hundreds of thousands of times.
static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let mut facts = every_fact();
    facts.extend([silent(), awarded(&[], &[line_id()]), contested(&[]), ended(EndReason::Declined, &[line_id()])]);
    facts
});

/// Now and then a fact of a case that is closed comes late, or an answer to an earlier asking.
fn mostly_of_its_case(fact: Fact, claim: &Claim) -> Fact {
    if claim.history.is_multiple_of(5) { fact } else { of_its_case(fact, claim) }
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
    check_deadlines(&made.next);
    check_lines(&made.next);
}

/// R60: what is told to be the partner's, or the operator's, is accepted, for want of content at the worst, and nothing else is.
fn check_offers(claim: &Claim, now: Timestamp) {
    let offered = |command| {
        let party = if command == Command::ErasePersonalData { Party::Operator } else { Party::Partner };
        claim.offers(party, now).iter().any(|offer| offer.command == Some(command))
    };
    for command in Command::ALL.iter().copied() {
        let refused = perform(claim, command, now).err().is_some_and(|refusal| match refusal {
            Refusal::NotAllowed { .. }
            | Refusal::DisputeWindowPassed { .. }
            | Refusal::DisputeNotAllowed(_)
            | Refusal::PersonalDataNeeded { .. } => true,
            Refusal::NotFound => claim.state.kind() == StateKind::Deleted,
            Refusal::LocationNotOfPartner
            | Refusal::Incomplete(_)
            | Refusal::DraftsOnly
            | Refusal::FieldsLocked { .. }
            | Refusal::NothingChanged
            | Refusal::DisputeUnfounded
            | Refusal::UnknownTarget(_)
            | Refusal::TooManyDocuments { .. }
            | Refusal::ActivityNotClaimed { .. }
            | Refusal::FactsMissing
            | Refusal::RulesMissing(_) => false,
        });
        assert_eq!(offered(command), !refused, "{command} in {}", claim.state.kind());
    }
    let ruled_out: Vec<_> = claim.ruled_out().into_iter().map(|(command, _)| command).collect();
    assert!(!ruled_out.iter().any(|command| offered(*command)));
}

/// A review that has started is the reviewer's to decide, and no other.
fn check_review(claim: &Claim, now: Timestamp) {
    let started = claim.state.submission().is_some_and(|submission| submission.review.started);
    match claim.state.kind() {
        StateKind::Submitted | StateKind::PartnerActionRequired => assert!(!started),
        StateKind::UnderReview => assert!(started),
        StateKind::Editing | StateKind::Deleted | StateKind::Approved | StateKind::Rejected | StateKind::Disputed => {}
    }
    assert!(claim.wait_time <= now && !claim.explanation(now).is_empty());
}

fn check_deadlines(claim: &Claim) {
    let of_a_reminder = |deadline: &Deadline| deadline.kind.starts_with("remind_");
    let (reminders, ends): (Vec<_>, Vec<_>) = claim.deadlines().into_iter().partition(of_a_reminder);
    assert!(reminders.iter().all(|reminder| ends.iter().any(|end| reminder.due < end.due)), "{reminders:?} {ends:?}");
    let kinds: Vec<_> = ends.into_iter().map(|deadline| deadline.kind).collect();
    let waits = claim.state.kind() == StateKind::PartnerActionRequired;
    let disputable = matches!(&claim.state, State::Rejected(_, Rejection { remedy: Remedy::Dispute(_), .. }));
    let expected = [(waits, Rules::PARTNER_RESPONSE), (disputable, Rules::DISPUTE_WINDOW)];
    assert_eq!(kinds, expected.into_iter().filter_map(|(runs, kind)| runs.then_some(kind)).collect::<Vec<_>>());
    assert_eq!(claim.admits(Command::Dispute), disputable, "a dispute is allowed while its window is open");
}

/// R27a, R38: only a rejected claim may have no line left, and a line is either the claim's or lost.
fn check_lines(claim: &Claim) {
    let rejected = claim.state.kind() == StateKind::Rejected;
    assert!(rejected || !claim.content.lines.is_empty());
    let lost = |line: &Line| claim.lost_lines.iter().any(|lost| lost.line.id == line.id);
    assert!(!claim.content.lines.iter().any(lost));
    assert!(!rejected || claim.live_lines().count() == 0);
}

/// A claim, and beside it what the rules say of it.
struct Lived {
    claim: Claim,
    model: Model,
    now: Timestamp,
}

impl Lived {
    fn begin() -> Self {
        Self { claim: Life::complete().claim, model: Model::of_a_complete_draft(), now: start() }
    }

    /// What is due happens first (R47).
    fn elapse(&mut self) {
        while let Some(elapsed) = self.claim.elapse(self.now) {
            assert!(elapsed.due <= self.now);
            let reminds = |event: &Event| {
                matches!(event.what, What::Reported(FactKind::ResponseReminded | FactKind::DisputeReminded))
            };
            if !elapsed.transition.events.iter().all(reminds) {
                self.model.falls_due();
            }
            self.becomes(elapsed.transition);
        }
    }

    fn act(&mut self, act: &Act) {
        self.now += hour();
        if let Act::Wait(hours) = act {
            self.now += std::time::Duration::from_hours(*hours);
        }
        self.elapse();
        match act {
            Act::Command(n) => {
                let made = perform(&self.claim, Command::ALL[*n], self.now).ok().flatten();
                let outcome = if made.is_some() { Outcome::Done } else { Outcome::Refused };
                assert_eq!(self.model.command(Command::ALL[*n]), outcome, "{} {:#?}", Command::ALL[*n], self.claim);
                made.into_iter().for_each(|made| self.becomes(made));
            }
            Act::Fact(n) => {
                let fact = mostly_of_its_case(FACTS[*n].clone(), &self.claim);
                let submission = self.claim.state.submission();
                let own = if let Fact::Consent(ConsentFact::Approved { askings, .. }) = &fact {
                    submission.is_none_or(|submission| submission.askings == *askings)
                } else {
                    fact.case().is_none_or(|of| submission.map(|submission| submission.review_case) == Some(of))
                };
                let made = self.claim.apply(&fact, self.now, &rules(), self.now).unwrap();
                let overtaken = made.events.iter().any(|event| event.what.is_overtaken());
                let outcome = if overtaken { Outcome::Overtaken } else { Outcome::Done };
                assert_eq!(self.model.fact(&fact, own), outcome, "{fact:?} {:#?}", self.claim);
                self.becomes(made);
            }
            Act::Wait(_) => {}
        }
        assert_eq!(self.model.shows(), shown(&self.claim), "after {act:?}");
    }

    fn becomes(&mut self, made: Transition<Claim>) {
        check(&self.claim, &made);
        self.claim = made.next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn r15_any_life_is_what_the_rules_say_with_one_chain_of_history(acts in acts()) {
        let mut lived = Lived::begin();
        acts.iter().for_each(|act| lived.act(act));
    }
}

proptest! {
    #[test]
    fn r60_what_is_explained_is_what_the_machine_does(acts in acts()) {
        let mut lived = Lived::begin();
        for act in &acts {
            lived.act(act);
            check_offers(&lived.claim, lived.now);
            check_review(&lived.claim, lived.now);
        }
    }
}
