//! The decisions of a batch, that is, of commands that share a transaction. They are decided in
//! order, each on the state that the commands before it left. The code is pure. A *stream* is the
//! sequence of events that one aggregate of another service sends to this one. An *aggregate* is a
//! unit that is loaded, decided and saved as a whole, such as a claim.
use std::collections::{BTreeMap, HashMap};

use cpor_types::{Actor, Timestamp};

use super::job::{Decision, Job, JobResult, catch_panic};
use crate::{
    Aggregate, AggregateKey, Change, CommandError, CommandOutcome, OutgoingEvent, RecordedEvent, RequestId, Store,
    StreamKey, Transition, Versioned,
    deadline::{DeadlineChange, DeadlineChanges},
    inbox::StreamAdvance,
    outbox::TracedEvent,
    request_id::{RequestKey, RequestOutcome},
};

/// The maximum number of deadlines that one command applies to an aggregate. If more have passed,
/// `apply_passed_deadline` apparently returns the same deadline again and again.
const MAX_PASSED_DEADLINES: usize = 10_000;

/// Everything that the transaction of a batch has to write.
pub(super) struct BatchEffects<A: Aggregate> {
    /// The changed aggregates, sorted by key.
    pub(super) changes: Vec<Change<A>>,
    /// The number of deadlines that were applied.
    pub(super) fired_deadlines: u64,
    pub(super) deadlines: Vec<(AggregateKey, DeadlineChange)>,
    /// The events for other services, by the aggregate that sends them.
    pub(super) events: Vec<(AggregateKey, Vec<TracedEvent>)>,
    /// The request ids that the commands used, with the outcomes of the commands.
    pub(super) requests: Vec<(RequestId, RequestOutcome)>,
    /// The incoming streams of which events were applied.
    pub(super) streams: Vec<(StreamKey, StreamAdvance)>,
}

/// One aggregate of the batch: its stored state, its current state, and the effects of the steps so
/// far.
struct AggregateState<A: Aggregate> {
    /// The state that the batch has loaded; `None` if the aggregate did not exist.
    stored: Option<Versioned<A>>,
    /// The state after the steps so far.
    current: Option<Versioned<A>>,
    /// The domain events of the steps so far.
    recorded_events: Vec<RecordedEvent<A::Event>>,
    deadlines: DeadlineChanges,
    /// The events for other services.
    outgoing_events: Vec<TracedEvent>,
}

impl<A: Aggregate> AggregateState<A> {
    fn new(stored: Option<Versioned<A>>) -> Self {
        Self {
            current: stored.clone(),
            stored,
            recorded_events: Vec::new(),
            deadlines: DeadlineChanges::default(),
            outgoing_events: Vec::new(),
        }
    }

    /// Returns the current version, or 0 if the aggregate does not exist.
    fn version(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.version)
    }

    /// Applies a step. `traceparent` is the W3C trace context of the command, which the outgoing
    /// events continue.
    fn apply(&mut self, step: Step<A>, traceparent: &str) {
        let Step { change, fired_due_time, outgoing_events } = step;
        let deadlines_before = change.before.map(|before| before.state.deadlines()).unwrap_or_default();
        self.deadlines.record_step(deadlines_before, change.after.state.deadlines(), fired_due_time);
        self.recorded_events.extend(change.events);
        let traced = |outgoing| TracedEvent { outgoing, traceparent: traceparent.to_owned() };
        self.outgoing_events.extend(outgoing_events.into_iter().map(traced));
        self.current = Some(change.after);
    }
}

/// The change that one command or one passed deadline makes, with the events that it sends to other
/// services.
struct Step<A: Aggregate> {
    change: Change<A>,
    /// The due time of the deadline that causes the step; `None` if a command causes it.
    fired_due_time: Option<Timestamp>,
    outgoing_events: Vec<OutgoingEvent>,
}

/// The step that a command makes, or `None` if the command changes nothing.
type DecidedStep<S> = Result<Option<Step<<S as Store>::Aggregate>>, CommandError<(), <S as Store>::Conflict>>;

/// The state of a batch while its commands are decided.
pub(super) struct BatchState<'a, S: Store> {
    store: &'a S,
    /// The reading of the business clock by which all commands of the batch are decided.
    now: Timestamp,
    aggregates: BTreeMap<AggregateKey, AggregateState<S::Aggregate>>,
    /// The outcomes of the request ids that were used before, also by earlier commands of the
    /// batch.
    requests: HashMap<RequestKey, RequestOutcome>,
    /// The outcomes of the request ids that commands of the batch used first.
    new_requests: Vec<(RequestId, RequestOutcome)>,
    /// The last applied sequences of the incoming streams.
    streams: BTreeMap<StreamKey, StreamAdvance>,
    fired_deadlines: u64,
}

impl<'a, S: Store> BatchState<'a, S> {
    /// Starts a batch whose commands are decided at `now`, from the stored aggregates, the outcomes
    /// of known request ids, and the last applied sequences of incoming streams.
    pub(super) fn new(
        store: &'a S,
        now: Timestamp,
        loaded: Vec<(AggregateKey, Versioned<S::Aggregate>)>,
        requests: HashMap<RequestKey, RequestOutcome>,
        last_sequences: HashMap<StreamKey, u64>,
    ) -> Self {
        let aggregates = loaded.into_iter().map(|(key, stored)| (key, AggregateState::new(Some(stored)))).collect();
        let unchanged = |last| StreamAdvance { from: last, to: last };
        let streams = last_sequences.into_iter().map(|(stream, last)| (stream, unchanged(last))).collect();
        Self { store, now, aggregates, requests, new_requests: Vec::new(), streams, fired_deadlines: 0 }
    }

    /// Decides one command. The next command is decided on the changed state.
    pub(super) fn decide(&mut self, job: &mut Job<S>) -> JobResult<S> {
        let first_outcome =
            job.command.request_id.as_ref().and_then(|request| self.requests.get(&RequestKey::new(request)).cloned());
        let key = first_outcome.as_ref().map_or_else(|| job.command.key.clone(), |outcome| outcome.key.clone());
        self.apply_passed_deadlines(&key, job)?;
        if let Some(outcome) = first_outcome {
            let same_body =
                job.command.request_id.as_ref().is_some_and(|request| request.body_hash == outcome.body_hash);
            return if same_body { Ok(self.outcome(key, true)) } else { Err(CommandError::RequestIdReused) };
        }
        if job.command.row_ids.iter().any(|row| self.requests.contains_key(&RequestKey::new(row))) {
            return Err(CommandError::RequestIdReused);
        }
        if self.is_event_applied(job)? {
            return Ok(self.outcome(key, true));
        }
        let actual = self.aggregate(&key).version();
        if let Some(expected) = job.command.expected_version.filter(|expected| *expected != actual) {
            return Err(CommandError::VersionMismatch { expected, actual });
        }
        let step = self.decision_step(&key, job)?;
        if job.command.validate_only {
            let outcome = self.outcome(key, false);
            return Ok(match step {
                Some(step) => CommandOutcome { state: Some(step.change.after.state), ..outcome },
                None => outcome,
            });
        }
        if let Some(step) = step {
            self.aggregate(&key).apply(step, &job.traceparent);
        }
        let outcome = self.outcome(key, false);
        self.record_handled(job, &outcome);
        Ok(outcome)
    }

    /// Applies every passed deadline of the aggregate, because a command is decided in the state
    /// after them (R47).
    fn apply_passed_deadlines(
        &mut self,
        key: &AggregateKey,
        job: &Job<S>,
    ) -> Result<(), CommandError<(), S::Conflict>> {
        let now = self.now;
        for _ in 0..MAX_PASSED_DEADLINES {
            let Some(current) = self.aggregate(key).current.clone() else { return Ok(()) };
            let step = catch_panic(|| {
                let passed = current.state.apply_passed_deadline(now)?;
                let (transition, due) = (passed.transition, passed.due);
                Some(self.new_step(key, Some(current), transition, &Actor::time(), due, Some(due)))
            });
            match step.map_err(CommandError::Unavailable)? {
                None => return Ok(()),
                Some(step) if step.fired_due_time.is_some_and(|due| due > now) => {
                    return Err(CommandError::Unavailable(
                        "the aggregate applied a deadline that is not due".to_owned(),
                    ));
                }
                Some(step) => {
                    self.fired_deadlines += 1;
                    self.aggregate(key).apply(step, &job.traceparent);
                }
            }
        }
        Err(CommandError::Unavailable(format!(
            "more than {MAX_PASSED_DEADLINES} deadlines of the aggregate passed at once"
        )))
    }

    /// Returns whether the event that the command applies was applied before. Returns an error if
    /// earlier events of the stream are missing.
    fn is_event_applied(&self, job: &Job<S>) -> Result<bool, CommandError<(), S::Conflict>> {
        let Some(position) = &job.command.position else { return Ok(false) };
        let expected = self.streams.get(&position.stream).map_or(0, |advance| advance.to) + 1;
        match position.sequence {
            sequence if sequence < expected => Ok(true),
            sequence if sequence > expected => Err(CommandError::SequenceGap { expected }),
            _ => Ok(false),
        }
    }

    /// Calls the decision function of the command and returns the step that it makes.
    fn decision_step(&mut self, key: &AggregateKey, job: &mut Job<S>) -> DecidedStep<S> {
        let (now, current) = (self.now, self.aggregate(key).current.clone());
        let effective_time = job.command.effective_time.unwrap_or(now);
        let step = catch_panic(|| match job.decide(current.as_ref().map(|current| &current.state), now) {
            Decision::Refused => Err(CommandError::Refused(())),
            Decision::Unchanged => Ok(None),
            Decision::Change(transition) => {
                let same_state = current.as_ref().is_some_and(|current| current.state == transition.next);
                if same_state && transition.events.is_empty() {
                    return Ok(None);
                }
                Ok(Some(self.new_step(key, current, transition, &job.command.actor, effective_time, None)))
            }
        });
        step.map_err(CommandError::Unavailable)?
    }

    /// Creates the step that `transition` makes, with the events that it sends.
    fn new_step(
        &self,
        key: &AggregateKey,
        before: Option<Versioned<S::Aggregate>>,
        transition: Transition<S::Aggregate>,
        actor: &Actor,
        effective_time: Timestamp,
        fired_due_time: Option<Timestamp>,
    ) -> Step<S::Aggregate> {
        let version = 1 + before.as_ref().map_or(0, |before| before.version);
        let record =
            |event| RecordedEvent { event, version, actor: actor.clone(), effective_time, recorded_time: self.now };
        let Transition { next, events } = transition;
        let events = events.into_iter().map(record).collect();
        let change = Change { key: key.clone(), before, after: Versioned::new(version, next), events };
        let outgoing_events = self.store.outgoing(&change);
        Step { change, fired_due_time, outgoing_events }
    }

    /// Records that the command's request id and event have been handled, so that neither takes
    /// effect a second time.
    fn record_handled(&mut self, job: &Job<S>, committed: &CommandOutcome<S::Aggregate>) {
        for request in job.command.request_ids() {
            let (key, version) = (committed.key.clone(), committed.version);
            let outcome = RequestOutcome { body_hash: request.body_hash, key, version };
            self.requests.insert(RequestKey::new(request), outcome.clone());
            self.new_requests.push((request.clone(), outcome));
        }
        if let Some(position) = &job.command.position {
            let advance = self.streams.entry(position.stream.clone()).or_insert(StreamAdvance { from: 0, to: 0 });
            advance.to = position.sequence;
        }
    }

    /// Returns the outcome of an accepted command, with the present state of the aggregate.
    fn outcome(&mut self, key: AggregateKey, replayed: bool) -> CommandOutcome<S::Aggregate> {
        let now = self.now;
        let aggregate = self.aggregate(&key);
        let (version, state) = (aggregate.version(), aggregate.current.as_ref().map(|current| current.state.clone()));
        CommandOutcome { key, version, state, now, replayed }
    }

    /// Returns the state of an aggregate in this batch, which begins empty if it was not loaded.
    fn aggregate(&mut self, key: &AggregateKey) -> &mut AggregateState<S::Aggregate> {
        self.aggregates.entry(key.clone()).or_insert_with(|| AggregateState::new(None))
    }

    /// Returns everything that the transaction has to write, sorted by key.
    pub(super) fn into_effects(self) -> BatchEffects<S::Aggregate> {
        let (mut changes, mut deadlines, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for (key, aggregate) in self.aggregates {
            deadlines.extend(aggregate.deadlines.into_changes().map(|change| (key.clone(), change)));
            if !aggregate.outgoing_events.is_empty() {
                events.push((key.clone(), aggregate.outgoing_events));
            }
            let stored_version = aggregate.stored.as_ref().map_or(0, |stored| stored.version);
            if let Some(after) = aggregate.current.filter(|current| current.version > stored_version) {
                changes.push(Change { key, before: aggregate.stored, after, events: aggregate.recorded_events });
            }
        }
        let streams = self.streams.into_iter().filter(|(_, advance)| advance.to > advance.from).collect();
        let (fired_deadlines, requests) = (self.fired_deadlines, self.new_requests);
        BatchEffects { changes, fired_deadlines, deadlines, events, requests, streams }
    }
}

impl<A: Aggregate> BatchEffects<A> {
    /// Returns whether the transaction has nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.requests.is_empty() && self.streams.is_empty()
    }
}
