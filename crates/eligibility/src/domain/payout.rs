//! Payouts (R54a): the statement of a payment to one location of a partner, in one currency, for a
//! period, and the steps of the payment. The lines of a payout are *earnings*, the amounts that the
//! partner's claims earn in a month. The store selects them when the payout is created, and they
//! never change.
use chrono::{Days, NaiveDate};
use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Currency, Deadline, MpnId, PartnerId, PayoutId, PayoutName, Timestamp};
use serde::{Deserialize, Serialize};

use super::payout_period::PayoutPeriod;

/// The party that a payout pays: one location of a partner, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Payee {
    pub(crate) partner: PartnerId,
    pub(crate) mpn_id: MpnId,
    pub(crate) currency: Currency,
}

/// A statement of the earnings that are paid together, and the progress of their payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payout {
    pub(crate) id: PayoutId,
    pub(crate) payee: Payee,
    /// The lines are the unpaid earnings that were recorded until the end of this period.
    pub(crate) period: PayoutPeriod,
    /// The date on which the payment is expected to be sent.
    pub(crate) estimated_date: NaiveDate,
    /// The reference of the payment in the paying system; `None` until it is known.
    pub(crate) reference: Option<String>,
    pub(crate) create_time: Timestamp,
    pub(crate) state: PayoutState,
}

/// The state of a payout, with the times at which it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayoutState {
    /// The lines are fixed; the payment has not begun.
    Upcoming,
    /// The payment is under way.
    Processing { process_time: Timestamp },
    /// The payment was sent.
    Sent { process_time: Timestamp, sent: SentPayment },
    /// The payment was reversed. Its earnings are unpaid again, so a later payout can contain them.
    Reversed { process_time: Timestamp, sent: Option<SentPayment>, reversal: Reversal },
}

/// The date and time of a payment that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SentPayment {
    /// The time at which the sending was recorded in this service.
    pub(crate) time: Timestamp,
    /// The date on which the paying system sent the payment.
    pub(crate) date: NaiveDate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reversal {
    pub(crate) time: Timestamp,
    pub(crate) reason: String,
}

/// The states of a payout without their data, in the order in which a payout reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PayoutStateKind {
    Upcoming,
    Processing,
    Sent,
    Reversed,
}

/// A step of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Process,
    Send,
    Reverse,
}

/// The transition table: each step, the states from which it is possible, and the state that
/// follows.
const TRANSITIONS: [(Step, &[PayoutStateKind], PayoutStateKind); 3] = [
    (Step::Process, &[PayoutStateKind::Upcoming], PayoutStateKind::Processing),
    (Step::Send, &[PayoutStateKind::Processing], PayoutStateKind::Sent),
    (Step::Reverse, &[PayoutStateKind::Processing, PayoutStateKind::Sent], PayoutStateKind::Reversed),
];

/// A command that takes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PayoutCommand {
    /// The payment is under way. A given date replaces the recorded one; a given reference must not
    /// differ from a recorded one.
    Process { estimated_date: Option<NaiveDate>, reference: Option<String> },
    /// The payment was sent on this date.
    Send { reference: String, date: NaiveDate },
    /// The payment was reversed, for this reason.
    Reverse { reason: String },
}

/// The state that a payout has reached, as a program manager or the paying system reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportedPayout {
    pub(crate) payee: Payee,
    pub(crate) period: PayoutPeriod,
    pub(crate) reference: Option<String>,
    /// The expected date. A payout that does not exist yet needs it.
    pub(crate) estimated_date: Option<NaiveDate>,
    pub(crate) state: ReportedState,
}

/// The reported state, with the data that the steps to it need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReportedState {
    Upcoming,
    Processing,
    Sent { reference: String, date: NaiveDate },
    Reversed { reason: String },
}

/// The reason why a command on a payout is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PayoutRefusal {
    NotFound,
    /// The period is not over: more earnings may be recorded in it.
    PeriodNotOver {
        end: Timestamp,
    },
    /// The step is not possible in this state, only in the allowed ones.
    StateNotAllowed {
        state: PayoutStateKind,
        allowed: &'static [PayoutStateKind],
    },
    /// The command gives another reference than this one, which is recorded for the payout.
    ReferenceDiffers {
        reference: String,
    },
    /// Another payout of the payee has or had the reference.
    ReferenceTaken {
        payout: PayoutName,
    },
    /// A reversal is reported for the payment with this reference, but no payout of the payee has
    /// the reference.
    ReferenceUnknown {
        reference: String,
    },
    /// The date on which the payment was sent is more than a day ahead.
    SentInFuture {
        latest: NaiveDate,
    },
    /// The date on which the payment was sent is before the last day of the period.
    SentBeforePeriodEnd {
        earliest: NaiveDate,
    },
    /// A payout that does not exist yet needs an estimated date.
    EstimatedDateMissing,
    /// No payee has unpaid earnings.
    NothingDue,
    /// Several payees have unpaid earnings, and one payment cannot pay them all.
    Ambiguous,
}

/// The event that a payout was created or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PayoutChanged;

impl PayoutState {
    /// Returns the state without its data.
    pub(crate) const fn kind(&self) -> PayoutStateKind {
        match self {
            Self::Upcoming => PayoutStateKind::Upcoming,
            Self::Processing { .. } => PayoutStateKind::Processing,
            Self::Sent { .. } => PayoutStateKind::Sent,
            Self::Reversed { .. } => PayoutStateKind::Reversed,
        }
    }

    /// Returns the time at which the payment got under way.
    pub(crate) const fn process_time(&self) -> Option<Timestamp> {
        match self {
            Self::Upcoming => None,
            Self::Processing { process_time }
            | Self::Sent { process_time, .. }
            | Self::Reversed { process_time, .. } => Some(*process_time),
        }
    }

    /// Returns when the payment was sent, also if it was reversed later.
    pub(crate) const fn sent(&self) -> Option<SentPayment> {
        match self {
            Self::Upcoming | Self::Processing { .. } => None,
            Self::Sent { sent, .. } => Some(*sent),
            Self::Reversed { sent, .. } => *sent,
        }
    }

    pub(crate) const fn reversal(&self) -> Option<&Reversal> {
        match self {
            Self::Upcoming | Self::Processing { .. } | Self::Sent { .. } => None,
            Self::Reversed { reversal, .. } => Some(reversal),
        }
    }
}

impl PayoutCommand {
    const fn step(&self) -> Step {
        match self {
            Self::Process { .. } => Step::Process,
            Self::Send { .. } => Step::Send,
            Self::Reverse { .. } => Step::Reverse,
        }
    }
}

impl ReportedState {
    /// Returns the state without its data.
    pub(crate) const fn kind(&self) -> PayoutStateKind {
        match self {
            Self::Upcoming => PayoutStateKind::Upcoming,
            Self::Processing => PayoutStateKind::Processing,
            Self::Sent { .. } => PayoutStateKind::Sent,
            Self::Reversed { .. } => PayoutStateKind::Reversed,
        }
    }
}

impl Payout {
    pub(crate) fn name(&self) -> PayoutName {
        PayoutName { partner: self.payee.partner.clone(), payout: self.id }
    }

    /// Creates a payout, in the state UPCOMING.
    ///
    /// # Errors
    /// Returns [`PayoutRefusal::PeriodNotOver`] if the period is not over.
    pub(crate) fn create(
        id: PayoutId,
        (payee, period): (Payee, PayoutPeriod),
        estimated_date: NaiveDate,
        reference: Option<String>,
        now: Timestamp,
    ) -> Result<Self, PayoutRefusal> {
        if now < period.end() {
            return Err(PayoutRefusal::PeriodNotOver { end: period.end() });
        }
        let state = PayoutState::Upcoming;
        Ok(Self { id, payee, period, estimated_date, reference, create_time: now, state })
    }

    /// Applies a command.
    ///
    /// # Errors
    /// Returns a [`PayoutRefusal`] if the transition table does not allow the step, or if the
    /// command contradicts what is recorded.
    pub(crate) fn apply(&self, command: PayoutCommand, now: Timestamp) -> Result<Self, PayoutRefusal> {
        self.check_step(command.step())?;
        let process_time = self.state.process_time().unwrap_or(now);
        let mut next = self.clone();
        match command {
            PayoutCommand::Process { estimated_date, reference } => {
                next.estimated_date = estimated_date.unwrap_or(next.estimated_date);
                next.set_reference(reference)?;
                next.state = PayoutState::Processing { process_time };
            }
            PayoutCommand::Send { reference, date } => {
                // In the paying system's time zone, the next day may have begun.
                let latest = now.date_naive().checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
                if latest < date {
                    return Err(PayoutRefusal::SentInFuture { latest });
                }
                // In the paying system's time zone, the last day of the period may not be over.
                let earliest = self.period.last_day();
                if date < earliest {
                    return Err(PayoutRefusal::SentBeforePeriodEnd { earliest });
                }
                next.set_reference(Some(reference))?;
                next.state = PayoutState::Sent { process_time, sent: SentPayment { time: now, date } };
            }
            PayoutCommand::Reverse { reason } => {
                let (sent, reversal) = (self.state.sent(), Reversal { time: now, reason });
                next.state = PayoutState::Reversed { process_time, sent, reversal };
            }
        }
        Ok(next)
    }

    /// Creates the payout if it does not exist, and takes all steps to the reported state.
    /// `current` is the payout of the payee that has the reported reference, in any period, or
    /// otherwise its payout of the reported period.
    ///
    /// A payout that has reached the state keeps its state, so that an import can be repeated. A
    /// missing reference is added to it, and the estimated date is replaced unless the report is
    /// outdated. A reported reversal applies only to the payment with the same reference.
    ///
    /// # Errors
    /// Returns a [`PayoutRefusal`] if the payout cannot be created, if a step is not possible, or
    /// if the report contradicts what is recorded.
    pub(crate) fn advance_to(
        current: Option<&Self>,
        id: PayoutId,
        reported: ReportedPayout,
        now: Timestamp,
    ) -> Result<Self, PayoutRefusal> {
        let ReportedPayout { payee, period, reference, estimated_date, state } = reported;
        let mut payout = match (current, &state) {
            (Some(current), _) if current.period != period => {
                return Err(PayoutRefusal::ReferenceTaken { payout: current.name() });
            }
            (current, ReportedState::Reversed { .. })
                if current.and_then(|payout| payout.reference.as_ref()) != reference.as_ref() =>
            {
                return Err(PayoutRefusal::ReferenceUnknown { reference: reference.unwrap_or_default() });
            }
            (Some(current), _) => current.clone(),
            (None, _) => {
                let estimated_date = estimated_date.ok_or(PayoutRefusal::EstimatedDateMissing)?;
                Self::create(id, (payee, period), estimated_date, reference.clone(), now)?
            }
        };
        payout.set_reference(reference)?;
        // If the payout is beyond the reported state, the report is outdated, and so is its date.
        if payout.state.kind() <= state.kind().min(PayoutStateKind::Processing) {
            payout.estimated_date = estimated_date.unwrap_or(payout.estimated_date);
        }
        if payout.state.kind() >= state.kind() {
            return Ok(payout);
        }
        let is_upcoming = payout.state.kind() == PayoutStateKind::Upcoming;
        match state {
            ReportedState::Upcoming => Ok(payout),
            ReportedState::Processing => payout.process(now),
            ReportedState::Sent { reference, date } => {
                let processing = if is_upcoming { payout.process(now)? } else { payout };
                processing.apply(PayoutCommand::Send { reference, date }, now)
            }
            ReportedState::Reversed { reason } => payout.apply(PayoutCommand::Reverse { reason }, now),
        }
    }

    /// Returns the transition from `current` to this payout, or `None` if nothing changes.
    pub(crate) fn transition_from(self, current: Option<&Self>) -> Option<Transition<Self>> {
        (current != Some(&self)).then(|| Transition::new(self, [PayoutChanged]))
    }

    fn process(&self, now: Timestamp) -> Result<Self, PayoutRefusal> {
        self.apply(PayoutCommand::Process { estimated_date: None, reference: None }, now)
    }

    fn check_step(&self, step: Step) -> Result<(), PayoutRefusal> {
        let state = self.state.kind();
        let row = TRANSITIONS.iter().find(|(row_step, ..)| *row_step == step);
        let allowed = row.map_or(&[] as &[PayoutStateKind], |(_, from, _)| from);
        if allowed.contains(&state) { Ok(()) } else { Err(PayoutRefusal::StateNotAllowed { state, allowed }) }
    }

    /// Records the reference of the payment. A recorded reference never changes.
    fn set_reference(&mut self, reference: Option<String>) -> Result<(), PayoutRefusal> {
        match (&self.reference, reference) {
            (_, None) => Ok(()),
            (Some(recorded), Some(reference)) if *recorded == reference => Ok(()),
            (Some(recorded), Some(_)) => Err(PayoutRefusal::ReferenceDiffers { reference: recorded.clone() }),
            (None, Some(reference)) => {
                self.reference = Some(reference);
                Ok(())
            }
        }
    }
}

impl Aggregate for Payout {
    type Event = PayoutChanged;

    fn deadlines(&self) -> Vec<Deadline> {
        Vec::new()
    }

    fn apply_passed_deadline(&self, _: Timestamp) -> Option<PassedDeadline<Self>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PayoutStateKind::{Processing, Reversed, Sent, Upcoming};

    const NOW: &str = "2026-07-20T00:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn payee() -> Payee {
        Payee { partner: "contoso".parse().unwrap(), mpn_id: "1001".parse().unwrap(), currency: "USD".parse().unwrap() }
    }

    fn created(now: &str) -> Result<Payout, PayoutRefusal> {
        let id = uuid::Uuid::nil().into();
        Payout::create(id, (payee(), "2026-Q2".parse().unwrap()), date("2026-08-01"), None, now.parse().unwrap())
    }

    fn commands() -> [PayoutCommand; 3] {
        [
            PayoutCommand::Process { estimated_date: None, reference: Some("SEPA 17".into()) },
            PayoutCommand::Send { reference: "SEPA 17".into(), date: date("2026-07-20") },
            PayoutCommand::Reverse { reason: "The account is closed.".into() },
        ]
    }

    /// A payout in each state.
    fn payouts() -> [Payout; 4] {
        let upcoming = created(NOW).unwrap();
        let [process, send, reverse] = commands();
        let processing = upcoming.apply(process, now()).unwrap();
        let sent = processing.apply(send, now()).unwrap();
        let reversed = sent.apply(reverse, now()).unwrap();
        [upcoming, processing, sent, reversed]
    }

    fn reported(state: ReportedState) -> ReportedPayout {
        let period = "2026-Q2".parse().unwrap();
        let (reference, estimated_date) = (Some("SEPA 17".into()), Some(date("2026-08-01")));
        ReportedPayout { payee: payee(), period, reference, estimated_date, state }
    }

    #[test]
    fn r54a_a_payout_is_created_when_its_period_is_over() {
        let end = "2026-07-01T00:00:00Z";
        let early = created("2026-06-30T23:59:59Z").unwrap_err();
        assert_eq!(early, PayoutRefusal::PeriodNotOver { end: end.parse().unwrap() });
        assert_eq!(created(end).unwrap().create_time, end.parse::<Timestamp>().unwrap());
    }

    #[test]
    fn r54a_the_table_alone_decides_which_steps_are_possible() {
        for payout in payouts() {
            for command in commands() {
                let state = payout.state.kind();
                let (_, allowed, next) = TRANSITIONS.into_iter().find(|(step, ..)| *step == command.step()).unwrap();
                match payout.apply(command, now()) {
                    Ok(stepped) => assert!(allowed.contains(&state) && stepped.state.kind() == next),
                    Err(refusal) => {
                        assert!(!allowed.contains(&state));
                        assert_eq!(refusal, PayoutRefusal::StateNotAllowed { state, allowed });
                    }
                }
            }
        }
        assert_eq!(payouts().map(|payout| payout.state.kind()), [Upcoming, Processing, Sent, Reversed]);
    }

    #[test]
    fn r54a_a_payment_keeps_its_reference() {
        let [_, processing, ..] = payouts();
        let other = PayoutCommand::Send { reference: "SEPA 18".into(), date: date("2026-07-20") };
        let refusal = processing.apply(other, now()).unwrap_err();
        assert_eq!(refusal, PayoutRefusal::ReferenceDiffers { reference: "SEPA 17".into() });
    }

    #[test]
    fn r54a_a_payment_is_not_sent_in_the_future() {
        let [_, processing, ..] = payouts();
        let send = |day| processing.apply(PayoutCommand::Send { reference: "SEPA 17".into(), date: date(day) }, now());
        assert!(send("2026-07-21").is_ok(), "it can be tomorrow elsewhere");
        let latest = date("2026-07-21");
        assert_eq!(send("2026-07-22").unwrap_err(), PayoutRefusal::SentInFuture { latest });
    }

    #[test]
    fn r54a_no_payment_is_sent_before_the_period_ends() {
        let [_, processing, ..] = payouts();
        let send = |day| processing.apply(PayoutCommand::Send { reference: "SEPA 17".into(), date: date(day) }, now());
        assert!(send("2026-06-30").is_ok(), "it can still be the last day elsewhere");
        let earliest = date("2026-06-30");
        assert_eq!(send("2026-06-29").unwrap_err(), PayoutRefusal::SentBeforePeriodEnd { earliest });
    }

    #[test]
    fn r54a_a_row_is_only_about_the_payment_it_names() {
        let id = uuid::Uuid::nil().into();
        let [upcoming, processing, ..] = payouts();
        let reversed = reported(ReportedState::Reversed { reason: "The account is closed.".into() });
        let unknown = Err(PayoutRefusal::ReferenceUnknown { reference: "SEPA 17".into() });
        let other = Payout { reference: Some("SEPA 18".into()), ..processing.clone() };
        for current in [None, Some(&upcoming), Some(&other)] {
            assert_eq!(Payout::advance_to(current, id, reversed.clone(), now()), unknown);
        }
        let later = ReportedPayout { period: "2026-Q3".parse().unwrap(), ..reported(ReportedState::Processing) };
        let taken = Err(PayoutRefusal::ReferenceTaken { payout: processing.name() });
        assert_eq!(Payout::advance_to(Some(&processing), id, later, now()), taken);
    }

    #[test]
    fn r54a_a_report_takes_the_missing_steps_and_can_be_repeated() {
        let id = uuid::Uuid::nil().into();
        let sent = || ReportedState::Sent { reference: "SEPA 17".into(), date: date("2026-07-20") };
        let reversed = || ReportedState::Reversed { reason: "The account is closed.".into() };
        let states = [ReportedState::Upcoming, ReportedState::Processing, sent(), reversed()];
        for payout in payouts() {
            for state in states.clone() {
                let reached = Payout::advance_to(Some(&payout), id, reported(state.clone()), now());
                if payout.state.kind() == Upcoming && state.kind() == Reversed {
                    assert!(matches!(reached, Err(PayoutRefusal::ReferenceUnknown { .. })), "it has no reference");
                    continue;
                }
                let reached = reached.unwrap();
                assert_eq!(reached.state.kind(), payout.state.kind().max(state.kind()));
                assert_eq!(Payout::advance_to(Some(&reached), id, reported(state), now()), Ok(reached));
            }
        }
        let created = Payout::advance_to(None, id, reported(sent()), now()).unwrap();
        assert_eq!(created.state.kind(), Sent);
        let without_date = ReportedPayout { estimated_date: None, ..reported(sent()) };
        assert_eq!(Payout::advance_to(None, id, without_date, now()), Err(PayoutRefusal::EstimatedDateMissing));
    }
}
