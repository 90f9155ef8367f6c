//! Random lives of a case, beside a model that counts business days on its own.
use super::*;
use cpor_durable::Aggregate;
use proptest::prelude::*;
use std::{collections::HashMap, time::Duration};

#[derive(Clone, Copy, Debug)]
enum Step {
    Command(CommandKind),
    Resubmit,
    Held,
    NotHeld,
    Close,
    /// A rival appears.
    Compete,
    /// None is left.
    Alone,
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
        1 => Just(Step::Held),
        4 => Just(Step::NotHeld),
        1 => Just(Step::Close),
        2 => Just(Step::Compete),
        3 => Just(Step::Alone),
    ]
}

fn apply(case: &ReviewCase, step: Step, now: Timestamp) -> Option<ReviewCase> {
    let calendar = calendar();
    let decision = approval(1).decision_id;
    let transition = match step {
        Step::Command(command) => give(case, command, &lead(), now).ok().flatten(),
        Step::Resubmit => case.resubmitted(snapshot(), now, &calendar),
        Step::Held => case.held(decision, now, &calendar),
        Step::NotHeld => case.not_held(decision, vec![refused_line()], now, &calendar),
        Step::Close => case.closed(PrimaryRejection::PartnerRequest, now, &calendar),
        Step::Compete => case.competing(rivals(), now, &calendar),
        Step::Alone => case.competing(Rivals::new(), now, &calendar),
    };
    transition.map(|transition| transition.next)
}

/// What is left of a clock, by counting the business days that it ran.
struct Model {
    left: i64,
    running_since: Option<Timestamp>,
}

fn business_days_between(from: Timestamp, to: Timestamp) -> i64 {
    let calendar = calendar();
    let day = |moment: Timestamp| moment.with_timezone(&calendar.zone).date_naive();
    let days = day(from).iter_days().skip(1).take_while(|date| *date <= day(to));
    i64::try_from(days.filter(|date| calendar.is_business_day(*date)).count()).unwrap()
}

fn is_business_day(moment: Timestamp) -> bool {
    let calendar = calendar();
    calendar.is_business_day(moment.with_timezone(&calendar.zone).date_naive())
}

fn runs(kind: ClockKind, case: &ReviewCase) -> bool {
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

struct Life {
    case: ReviewCase,
    models: HashMap<ClockKind, Model>,
    fired: HashMap<ClockKind, Timestamp>,
}

impl Life {
    fn new(kind: CaseKind) -> Self {
        let model = |kind, left| (kind, Model { left, running_since: None });
        let models: Vec<_> = match &kind {
            CaseKind::Submission => {
                vec![model(ClockKind::Start, 5), model(ClockKind::Decision, 5), model(ClockKind::Overall, 10)]
            }
            CaseKind::Dispute(_) => vec![model(ClockKind::DisputeDecision, 5)],
        };
        let case = opened(Opening { kind, ..opening() });
        let mut life = Self { case, models: models.into_iter().collect(), fired: HashMap::new() };
        life.follow(at(SUBMITTED));
        life
    }

    /// What the writer does before each command: passed deadlines first (R47).
    fn elapse(&mut self, now: Timestamp) {
        while let Some(elapsed) = self.case.elapse(now) {
            assert!(elapsed.due <= now, "fired early");
            assert_eq!(elapsed.transition.next.phase(), self.case.phase());
            for event in &elapsed.transition.events {
                match event.told_by_mail() {
                    Some((clock, true)) => {
                        assert!(self.fired.insert(clock, elapsed.due).is_none(), "{clock:?} fired twice");
                    }
                    Some((clock, false)) => assert!(!self.fired.contains_key(&clock), "{clock:?} had passed already"),
                    None => panic!("time caused {event:?}"),
                }
            }
            self.case = elapsed.transition.next;
        }
        assert!(self.case.deadlines().iter().all(|deadline| deadline.due > now), "did not fire");
    }

    /// Lets the models follow the case's state.
    fn follow(&mut self, now: Timestamp) {
        for (kind, model) in &mut self.models {
            match (model.running_since, runs(*kind, &self.case)) {
                (None, true) => {
                    // The rest of a business day, resumed on a day off, is the next business day.
                    model.left = model.left.max(i64::from(!is_business_day(now)));
                    model.running_since = Some(now);
                }
                (Some(since), false) => {
                    model.left -= business_days_between(since, now);
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
                (Clock::Passed { due, .. }, Some(fired)) => assert_eq!(due, fired),
                (Clock::Running { due, .. }, None) => {
                    let since = model.running_since.unwrap();
                    assert_eq!(
                        calendar().business_days_left(since, *due),
                        u32::try_from(model.left).unwrap(),
                        "{kind:?}"
                    );
                }
                (Clock::Still { left }, None) => {
                    assert!(self.case.phase().is_open() && model.running_since.is_none());
                    assert_eq!(i64::from(left.days()), model.left, "{kind:?}");
                }
                (Clock::Cancelled, None) => assert!(!self.case.phase().is_open()),
                (clock, fired) => panic!("{kind:?} is {clock:?} and fired {fired:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn r45_clocks_fire_once_and_keep_their_days(
        disputed in any::<bool>(),
        steps in prop::collection::vec((step(), 0_u64..60), 1..40),
    ) {
        let mut life = Life::new(if disputed { dispute() } else { CaseKind::Submission });
        let mut now = at(SUBMITTED);
        for (step, hours) in steps {
            now += Duration::from_hours(hours);
            life.elapse(now);
            if let Some(next) = apply(&life.case, step, now) {
                life.case = next;
            }
            life.follow(now);
            life.check();
        }
    }
}
