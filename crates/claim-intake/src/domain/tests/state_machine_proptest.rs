//! Property tests with random sequences of commands, facts and waits. After every step the claim
//! agrees with the [`Model`], its history is one chain, and its deadlines fit its state.
use super::{
    fixtures::*,
    model::{Model, Outcome, observed_status},
};
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{ActorSide, Deadline, Timestamp};
use proptest::{prelude::*, test_runner::RngAlgorithm};
use std::sync::LazyLock;

#[derive(Clone, Debug)]
enum Action {
    Command(usize),
    Fact(usize),
    Wait(u64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        3 => (0..Command::ALL.len()).prop_map(Action::Command),
        4 => (0..FACTS.len()).prop_map(Action::Fact),
        1 => (0..20 * 24u64).prop_map(Action::Wait),
    ];
    prop::collection::vec(action, 0..40)
}

fn perform(claim: &Claim, command: Command, now: Timestamp) -> Result<Option<Transition<Claim>>, Refusal> {
    let (facts, rules) = (admitted(), rules());
    let transition = match command {
        Command::Update => {
            let display_name = claim.content.display_name.clone();
            let new_contact = |contact: Contact| Contact { name: claim.history_length.to_string().into(), ..contact };
            // In an approved claim, only the customer contacts can be changed.
            let (content, fields) = match claim.state.association() {
                Some(_) => {
                    let customer_contact = new_contact(content().customer_contact);
                    (Content { customer_contact, ..content() }, vec![Field::CustomerContact])
                }
                None => {
                    let partner_contact = new_contact(content().partner_contact);
                    (Content { display_name, partner_contact, ..content() }, Field::ALL.to_vec())
                }
            };
            let update = Update { fields, content };
            return claim.update(&update, Some(&facts), &rules, now);
        }
        Command::Delete => claim.delete(now),
        Command::Submit => {
            claim.submit(Submit { review_case: case(), by_incentives_admin: true }, Some(&facts), &rules, now)
        }
        Command::Resubmit => claim.resubmit(Resubmit { comment: None }, Some(&facts), &rules, now),
        Command::Withdraw => claim.withdraw(withdraw(), now),
        Command::Dispute => {
            let review_case = cpor_types::CaseId(uuid::Uuid::from_u128(u128::from(claim.history_length)));
            claim.dispute(Dispute { review_case, ..dispute() }, Some(&facts), &rules, now)
        }
        Command::AddEvidence => claim.add_evidence(evidence(u128::from(claim.history_length)), &rules, now),
        Command::RemoveEvidence => {
            let id = claim.evidence.first().map_or(evidence(0).id, |first| first.id);
            claim.remove_evidence(id, now)
        }
        Command::Comment => claim.comment(comment(ActorSide::Partner), now),
        Command::DeclinePayment => claim.decline_payment("", now),
        Command::ErasePersonalData => return claim.erase(&erase(), now),
    };
    transition.map(Some)
}

/// One fact of every kind, and those that lead to another state with other data. Created once,
/// because the tests draw from it very often.
static FACTS: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let mut facts = every_fact();
    facts.extend([silent(), awarded(&[], &[line_id()]), contested(&[]), ended(EndReason::Declined, &[line_id()])]);
    facts
});

/// Lets one fact in five be of a closed review case or of an earlier round of asking.
fn mostly_of_present_case(fact: Fact, claim: &Claim) -> Fact {
    if claim.history_length.is_multiple_of(5) { fact } else { of_present_case(fact, claim) }
}

fn check(before: &Claim, transition: &Transition<Claim>) {
    let mut state = before.state.kind();
    for event in &transition.events {
        assert_eq!(event.from, Some(state), "from follows to");
        state = event.to;
    }
    assert_eq!(state, transition.next.state.kind(), "the last entry tells the state");
    assert!(!transition.events.is_empty(), "nothing changes without an entry");
    assert_eq!(
        transition.next.history_length,
        before.history_length + transition.events.len() as u64,
        "positions have no gaps"
    );
    check_deadlines(&transition.next);
    check_lines(&transition.next);
}

/// R60: the partner and the operator can give exactly those commands whose methods are listed as
/// allowed. A refusal because of the content of the command does not count.
fn check_allowed_methods(claim: &Claim, now: Timestamp) {
    let is_allowed = |command| {
        let party = if command == Command::ErasePersonalData { Party::Operator } else { Party::Partner };
        claim.allowed_methods(party, now).iter().any(|offer| offer.command == Some(command))
    };
    for command in Command::ALL.iter().copied() {
        let refused = perform(claim, command, now).err().is_some_and(|refusal| match refusal {
            Refusal::NotAllowed { .. }
            | Refusal::DisputeWindowPassed { .. }
            | Refusal::DisputeNotAllowed(_)
            | Refusal::PaymentNotDeclinable { .. }
            | Refusal::PersonalDataNeeded { .. } => true,
            Refusal::NotFound => claim.state.kind() == ClaimStateKind::Deleted,
            Refusal::LocationNotOfPartner
            | Refusal::Incomplete(_)
            | Refusal::DraftsOnly
            | Refusal::SubmitterNotAllowed { .. }
            | Refusal::FieldsLocked { .. }
            | Refusal::NothingChanged
            | Refusal::DisputeUnfounded
            | Refusal::UnknownTarget(_)
            | Refusal::TooManyDocuments { .. }
            | Refusal::ActivityNotClaimed { .. }
            | Refusal::ConcurrentChange
            | Refusal::RulesMissing(_) => false,
        });
        assert_eq!(is_allowed(command), !refused, "{command} in {}", claim.state.kind());
    }
    let ruled_out: Vec<_> = claim.refused_commands().into_iter().map(|(command, _)| command).collect();
    assert!(!ruled_out.iter().any(|command| is_allowed(*command)));
}

/// Checks that the progress of the review fits the state.
fn check_review(claim: &Claim, now: Timestamp) {
    let started = claim.state.submission().is_some_and(|submission| submission.review.started);
    match claim.state.kind() {
        ClaimStateKind::Submitted | ClaimStateKind::PartnerActionRequired => assert!(!started),
        ClaimStateKind::UnderReview => assert!(started),
        ClaimStateKind::Editing
        | ClaimStateKind::Deleted
        | ClaimStateKind::Approved
        | ClaimStateKind::Rejected
        | ClaimStateKind::Disputed => {}
    }
    assert!(claim.wait_start_time <= now && !claim.explanation(now).is_empty());
}

fn check_deadlines(claim: &Claim) {
    let of_a_reminder = |deadline: &Deadline| deadline.kind.starts_with("remind_");
    let (reminders, ends): (Vec<_>, Vec<_>) = claim.deadlines().into_iter().partition(of_a_reminder);
    assert!(reminders.iter().all(|reminder| ends.iter().any(|end| reminder.due < end.due)), "{reminders:?} {ends:?}");
    let kinds: Vec<_> = ends.into_iter().map(|deadline| deadline.kind).collect();
    let waits = claim.state.kind() == ClaimStateKind::PartnerActionRequired;
    let disputable = matches!(&claim.state, State::Rejected(_, Rejection { remedy: Remedy::Dispute(_), .. }));
    let submission = claim.state.association().and(claim.state.submission());
    let asked = submission.is_some_and(|submission| submission.open_statement().is_some());
    let expected = [(waits, Rules::PARTNER_RESPONSE), (asked, Rules::STATEMENT), (disputable, Rules::DISPUTE_WINDOW)];
    assert_eq!(kinds, expected.into_iter().filter_map(|(runs, kind)| runs.then_some(kind)).collect::<Vec<_>>());
    assert_eq!(claim.allows(Command::Dispute), disputable, "a dispute is allowed while its window is open");
}

/// R27a, R38: only a rejected claim may have no lines, and no line is both on the claim and lost.
fn check_lines(claim: &Claim) {
    let rejected = claim.state.kind() == ClaimStateKind::Rejected;
    assert!(rejected || !claim.content.lines.is_empty());
    let lost = |line: &Line| claim.lost_lines.iter().any(|lost| lost.line.id == line.id);
    assert!(!claim.content.lines.iter().any(lost));
    assert!(!rejected || claim.live_lines().count() == 0);
}

/// A claim and the model that it must agree with.
struct Run {
    claim: Claim,
    model: Model,
    now: Timestamp,
}

impl Run {
    fn new() -> Self {
        Self { claim: TestClaim::complete().claim, model: Model::complete_draft(), now: start() }
    }

    /// Applies the deadlines that have passed first (R47).
    fn apply_passed_deadline(&mut self) {
        while let Some(elapsed) = self.claim.apply_passed_deadline(self.now) {
            assert!(elapsed.due <= self.now);
            let reminds = |event: &Event| {
                matches!(
                    event.kind,
                    EventKind::FactApplied(
                        FactKind::ResponseReminded
                            | FactKind::DisputeReminded
                            | FactKind::StatementReminded
                            | FactKind::StatementDeadlinePassed
                    )
                )
            };
            if !elapsed.transition.events.iter().all(reminds) {
                self.model.apply_passed_deadline();
            }
            self.set_claim(elapsed.transition);
        }
    }

    fn perform(&mut self, action: &Action) {
        self.now += hour();
        if let Action::Wait(hours) = action {
            self.now += std::time::Duration::from_hours(*hours);
        }
        self.apply_passed_deadline();
        match action {
            Action::Command(n) => {
                let transition = perform(&self.claim, Command::ALL[*n], self.now).ok().flatten();
                let outcome = if transition.is_some() { Outcome::Done } else { Outcome::Refused };
                assert_eq!(self.model.command(Command::ALL[*n]), outcome, "{} {:#?}", Command::ALL[*n], self.claim);
                transition.into_iter().for_each(|transition| self.set_claim(transition));
            }
            Action::Fact(n) => {
                let fact = mostly_of_present_case(FACTS[*n].clone(), &self.claim);
                let submission = self.claim.state.submission();
                let answers =
                    |number: u32| submission.is_none_or(|submission| submission.consent_request_number == number);
                let is_current = match &fact {
                    Fact::Consent(
                        ConsentFact::Approved { consent_request_number, .. }
                        | ConsentFact::WindowPassed { consent_request_number, .. },
                    ) => answers(*consent_request_number),
                    Fact::Consent(ConsentFact::Declined { channel, consent_request_number, .. })
                        if channel == ConsentFact::SILENCE =>
                    {
                        consent_request_number.is_none_or(answers)
                    }
                    Fact::Consent(ConsentFact::Ended { consent_request_number }) => answers(*consent_request_number),
                    Fact::Review { .. }
                    | Fact::Consent(_)
                    | Fact::AssociationOfficial { .. }
                    | Fact::AssociationEnded { .. }
                    | Fact::Assessed { .. } => {
                        fact.case().is_none_or(|of| submission.map(|submission| submission.review_case) == Some(of))
                    }
                };
                let transition = self.claim.apply(&fact, self.now, &rules(), self.now).unwrap();
                let overtaken = transition.events.iter().any(|event| event.kind.is_overtaken());
                let outcome = if overtaken { Outcome::Overtaken } else { Outcome::Done };
                assert_eq!(self.model.fact(&fact, is_current), outcome, "{fact:?} {:#?}", self.claim);
                self.set_claim(transition);
            }
            Action::Wait(_) => {}
        }
        assert_eq!(self.model.expected_status(), observed_status(&self.claim), "after {action:?}");
    }

    fn set_claim(&mut self, transition: Transition<Claim>) {
        check(&self.claim, &transition);
        self.claim = transition.next;
    }
}

proptest! {
    // The default generator, ChaCha, is slow without optimisation.
    #![proptest_config(ProptestConfig { rng_algorithm: RngAlgorithm::XorShift, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn r15_random_steps_agree_with_the_model(actions in actions()) {
        let mut run = Run::new();
        actions.iter().for_each(|action| run.perform(action));
    }
}

proptest! {
    #[test]
    fn r60_allowed_methods_agree_with_the_commands(actions in actions()) {
        let mut run = Run::new();
        for action in &actions {
            run.perform(action);
            check_allowed_methods(&run.claim, run.now);
            check_review(&run.claim, run.now);
        }
    }
}
