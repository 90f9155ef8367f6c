//! Compares the clocks of a case with a model that counts business days, under random sequences of
//! commands and events.
use super::*;
use cpor_durable::Aggregate;
use proptest::{prelude::*, test_runner::RngAlgorithm};
use std::{collections::HashMap, time::Duration};

#[derive(Clone, Copy, Debug)]
enum Step {
    Command(CommandKind),
    Resubmit,
    CompleteApproval,
    CancelApproval,
    Close,
    /// A rival appears.
    AddRival,
    /// No rival is left.
    RemoveRivals,
}

fn step() -> impl Strategy<Value = Step> {
    let command = |command| Just(Step::Command(command));
    prop_oneof![
        3 => command(CommandKind::Take),
        1 => command(CommandKind::Release),
        1 => command(CommandKind::Assign),
        6 => command(CommandKind::Start),
        6 => command(CommandKind::RequestPartnerAction),
        3 => command(CommandKind::Approve),
        1 => command(CommandKind::Reject),
        8 => Just(Step::Resubmit),
        1 => Just(Step::CompleteApproval),
        4 => Just(Step::CancelApproval),
        1 => Just(Step::Close),
        2 => Just(Step::AddRival),
        3 => Just(Step::RemoveRivals),
    ]
}

fn apply(case: &ReviewCase, step: Step, now: Timestamp) -> Option<ReviewCase> {
    let calendar = calendar();
    let decision = approval(1).decision_id;
    let transition = match step {
        Step::Command(command) => execute(case, command, &lead(), now).ok().flatten(),
        Step::Resubmit => case.apply_resubmission(snapshot(), now, &calendar),
        Step::CompleteApproval => case.complete_approval(decision, now, &calendar),
        Step::CancelApproval => case.cancel_approval(decision, vec![refused_line()], now, &calendar),
        Step::Close => case.close(PrimaryRejectionReason::PartnerRequest, now, &calendar),
        Step::AddRival => case.update_rivals(checked(rivals()), 1, now, &calendar),
        Step::RemoveRivals => case.update_rivals(checked(Rivals::new()), 1, now, &calendar),
    };
    transition.map(|transition| transition.next)
}

/// The business days that a clock has left, computed by counting the days on which it ran.
struct ClockModel {
    days_left: i64,
    running_since: Option<Timestamp>,
}

fn business_days_between(from: Timestamp, to: Timestamp) -> i64 {
    let calendar = calendar();
    let day = |moment: Timestamp| calendar.zone.local_time(moment).date_naive();
    let days = day(from).iter_days().skip(1).take_while(|date| *date <= day(to));
    i64::try_from(days.filter(|date| calendar.is_business_day(*date)).count()).unwrap()
}

fn is_business_day(moment: Timestamp) -> bool {
    let calendar = calendar();
    calendar.is_business_day(calendar.zone.local_time(moment).date_naive())
}

fn should_run(kind: ClockKind, case: &ReviewCase) -> bool {
    let phase = case.phase();
    if case.is_contested() {
        return false;
    }
    match kind {
        ClockKind::Start => phase == Phase::Waiting,
        ClockKind::Decision => phase == Phase::UnderReview,
        ClockKind::Overall | ClockKind::DisputeDecision => phase == Phase::Waiting || phase == Phase::UnderReview,
    }
}

/// A case with the models of its clocks, and the due times of the clocks that have passed.
struct CaseUnderTest {
    case: ReviewCase,
    models: HashMap<ClockKind, ClockModel>,
    fired: HashMap<ClockKind, Timestamp>,
}

impl CaseUnderTest {
    fn new(kind: CaseKind) -> Self {
        let model = |kind, left| (kind, ClockModel { days_left: left, running_since: None });
        let models: Vec<_> = match &kind {
            CaseKind::Submission => {
                vec![model(ClockKind::Start, 5), model(ClockKind::Decision, 5), model(ClockKind::Overall, 10)]
            }
            CaseKind::Dispute(_) => vec![model(ClockKind::DisputeDecision, 5)],
        };
        let case = open_case(NewCase { kind, ..new_case() });
        let mut under_test = Self { case, models: models.into_iter().collect(), fired: HashMap::new() };
        under_test.update_models(parse_time(SUBMITTED));
        under_test
    }

    /// Applies the passed deadlines, as the writer does before each command (R47).
    fn apply_passed_deadline(&mut self, now: Timestamp) {
        while let Some(elapsed) = self.case.apply_passed_deadline(now) {
            assert!(elapsed.due <= now, "fired early");
            assert_eq!(elapsed.transition.next.phase(), self.case.phase());
            for event in &elapsed.transition.events {
                match event.clock_alert() {
                    Some(ClockAlert::Overdue(clock)) => {
                        assert!(self.fired.insert(clock, elapsed.due).is_none(), "{clock:?} fired twice");
                    }
                    Some(ClockAlert::Reminder(clock)) => {
                        assert!(!self.fired.contains_key(&clock), "{clock:?} had passed already")
                    }
                    None => panic!("time caused {event:?}"),
                }
            }
            self.case = elapsed.transition.next;
        }
        assert!(self.case.deadlines().iter().all(|deadline| deadline.due > now), "did not fire");
    }

    /// Updates the models after a change of the case.
    fn update_models(&mut self, now: Timestamp) {
        for (kind, model) in &mut self.models {
            match (model.running_since, should_run(*kind, &self.case)) {
                (None, true) => {
                    // A clock without days left that continues on a day off has the next business
                    // day.
                    model.days_left = model.days_left.max(i64::from(!is_business_day(now)));
                    model.running_since = Some(now);
                }
                (Some(since), false) => {
                    model.days_left -= business_days_between(since, now);
                    model.running_since = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    fn check(&self) {
        for kind in self.models.keys().copied() {
            let model = &self.models[&kind];
            match (self.case.clocks.get(kind).unwrap(), self.fired.get(&kind)) {
                (Clock::Overdue { due, .. }, Some(fired)) => assert_eq!(due, fired),
                (Clock::Running { due, .. }, None) => {
                    let since = model.running_since.unwrap();
                    assert_eq!(
                        calendar().business_days_left(since, *due),
                        u32::try_from(model.days_left).unwrap(),
                        "{kind:?}"
                    );
                }
                (Clock::Stopped { remaining }, None) => {
                    assert!(self.case.phase().is_open() && model.running_since.is_none());
                    assert_eq!(i64::from(remaining.days()), model.days_left, "{kind:?}");
                }
                (Clock::Cancelled, None) => assert!(!self.case.phase().is_open()),
                (clock, fired) => panic!("{kind:?} is {clock:?} and fired {fired:?}"),
            }
        }
    }
}

proptest! {
    // The default generator, ChaCha, is slow without optimisation.
    #![proptest_config(ProptestConfig { rng_algorithm: RngAlgorithm::XorShift, ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn r45_clocks_fire_once_and_keep_their_days(
        disputed in any::<bool>(),
        steps in prop::collection::vec((step(), 0_u64..60), 1..40),
    ) {
        let mut under_test = CaseUnderTest::new(if disputed { dispute_kind() } else { CaseKind::Submission });
        let mut now = parse_time(SUBMITTED);
        for (step, hours) in steps {
            now += Duration::from_hours(hours);
            under_test.apply_passed_deadline(now);
            if let Some(next) = apply(&under_test.case, step, now) {
                under_test.case = next;
            }
            under_test.update_models(now);
            under_test.check();
        }
    }
}
