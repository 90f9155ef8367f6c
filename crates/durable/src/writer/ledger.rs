//! The judging of a batch: commands in order, each on the state that the ones before it left. Pure.
use std::collections::{BTreeMap, HashMap};

use cpor_types::{Actor, Timestamp};

use super::job::{Answer, Decision, Job, guarded};
use crate::{
    Aggregate, Change, Committed, Failure, Key, Outgoing, Recorded, RequestId, Store, StreamKey, Transition, Versioned,
    deadline::{DeadlineChange, DeadlineChanges},
    request_id::{Outcome, RequestKey},
};

/// More deadlines than this passing at once on one aggregate are a fault of its `elapse`.
const MOST_ELAPSED: usize = 10_000;

/// An event for another service, with the trace it continues.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) outgoing: Outgoing,
    pub(crate) traceparent: String,
}

/// How far a stream was and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advance {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What a batch asks the database to keep.
pub(super) struct Effects<A: Aggregate> {
    pub(super) changes: Vec<Change<A>>,
    /// Deadlines that were applied.
    pub(super) fired: u64,
    pub(super) deadlines: Vec<(Key, DeadlineChange)>,
    pub(super) posted: Vec<(Key, Vec<Posted>)>,
    pub(super) requests: Vec<(RequestId, Outcome)>,
    pub(super) streams: Vec<(StreamKey, Advance)>,
}

/// One aggregate's part in the batch.
struct Account<A: Aggregate> {
    before: Option<Versioned<A>>,
    current: Option<Versioned<A>>,
    events: Vec<Recorded<A::Event>>,
    deadlines: DeadlineChanges,
    posted: Vec<Posted>,
}

impl<A: Aggregate> Account<A> {
    fn new(before: Option<Versioned<A>>) -> Self {
        let (events, posted) = (Vec::new(), Vec::new());
        Self { current: before.clone(), before, events, deadlines: DeadlineChanges::default(), posted }
    }

    fn version(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.version)
    }

    fn apply(&mut self, Step { change, fired, outgoing }: Step<A>, traceparent: &str) {
        let before = change.before.map(|before| before.state.deadlines()).unwrap_or_default();
        self.deadlines.note(before, change.after.state.deadlines(), fired);
        self.events.extend(change.events);
        self.posted
            .extend(outgoing.into_iter().map(|outgoing| Posted { outgoing, traceparent: traceparent.to_owned() }));
        self.current = Some(change.after);
    }
}

/// One command's or one deadline's change, with what it tells others.
struct Step<A: Aggregate> {
    change: Change<A>,
    fired: Option<Timestamp>,
    outgoing: Vec<Outgoing>,
}

/// What is known while a batch is judged.
pub(super) struct Ledger<'a, S: Store> {
    store: &'a S,
    now: Timestamp,
    accounts: BTreeMap<Key, Account<S::Aggregate>>,
    requests: HashMap<RequestKey, Outcome>,
    new_requests: Vec<(RequestId, Outcome)>,
    streams: BTreeMap<StreamKey, Advance>,
    fired: u64,
}

impl<'a, S: Store> Ledger<'a, S> {
    /// A ledger for commands judged at `now`, with what the database knows of their aggregates, request ids and streams.
    pub(super) fn new(
        store: &'a S,
        now: Timestamp,
        loaded: Vec<(Key, Versioned<S::Aggregate>)>,
        requests: HashMap<RequestKey, Outcome>,
        streams: HashMap<StreamKey, u64>,
    ) -> Self {
        let accounts = loaded.into_iter().map(|(key, found)| (key, Account::new(Some(found)))).collect();
        let streams = streams.into_iter().map(|(stream, last)| (stream, Advance { from: last, to: last })).collect();
        Self { store, now, accounts, requests, new_requests: Vec::new(), streams, fired: 0 }
    }

    /// Judges one command. What it changes is visible to the next one.
    pub(super) fn judge(&mut self, job: &mut Job<S>) -> Answer<S> {
        let outcome =
            job.command.request.as_ref().and_then(|request| self.requests.get(&RequestKey::of(request)).cloned());
        let key = outcome.as_ref().map_or_else(|| job.command.key.clone(), |outcome| outcome.key.clone());
        self.elapse(&key, job)?;
        if let Some(outcome) = outcome {
            let same = job.command.request.as_ref().is_some_and(|request| request.body_hash == outcome.body_hash);
            return if same { Ok(self.committed(key, true)) } else { Err(Failure::RequestIdReused) };
        }
        if self.repeated(job)? {
            return Ok(self.committed(key, true));
        }
        let actual = self.account(&key).version();
        if let Some(expected) = job.command.expected_version.filter(|expected| *expected != actual) {
            return Err(Failure::Moved { expected, actual });
        }
        self.decide(&key, job)?;
        let committed = self.committed(key, false);
        self.remember(job, &committed);
        Ok(committed)
    }

    /// Applies every deadline that has passed (R47).
    fn elapse(&mut self, key: &Key, job: &Job<S>) -> Result<(), Failure<(), S::Clash>> {
        let now = self.now;
        for _ in 0..MOST_ELAPSED {
            let Some(current) = self.account(key).current.clone() else { return Ok(()) };
            let step = guarded(|| {
                let elapsed = current.state.elapse(now)?;
                let (transition, due) = (elapsed.transition, elapsed.due);
                Some(self.step(key, Some(current), transition, &Actor::time(), due, Some(due)))
            });
            match step.map_err(Failure::Unavailable)? {
                None => return Ok(()),
                Some(step) if step.fired.is_some_and(|due| due > now) => {
                    return Err(Failure::Unavailable("elapse applied a deadline that is not due".to_owned()));
                }
                Some(step) => {
                    self.fired += 1;
                    self.account(key).apply(step, &job.traceparent);
                }
            }
        }
        Err(Failure::Unavailable("its deadlines do not come to an end".to_owned()))
    }

    /// Whether the command's event has been applied before.
    fn repeated(&self, job: &Job<S>) -> Result<bool, Failure<(), S::Clash>> {
        let Some(position) = &job.command.position else { return Ok(false) };
        let expected = self.streams.get(&position.stream).map_or(0, |advance| advance.to) + 1;
        match position.sequence {
            sequence if sequence < expected => Ok(true),
            sequence if sequence > expected => Err(Failure::Gap { expected }),
            _ => Ok(false),
        }
    }

    fn decide(&mut self, key: &Key, job: &mut Job<S>) -> Result<(), Failure<(), S::Clash>> {
        let (now, current) = (self.now, self.account(key).current.clone());
        let effective = job.command.effective_time.unwrap_or(now);
        let step = guarded(|| match job.decide(current.as_ref().map(|current| &current.state), now) {
            Decision::Refused => Err(Failure::Refused(())),
            Decision::Nothing => Ok(None),
            Decision::Change(transition) => {
                let same = current.as_ref().is_some_and(|current| current.state == transition.next);
                if same && transition.events.is_empty() {
                    return Ok(None);
                }
                Ok(Some(self.step(key, current, transition, &job.command.actor, effective, None)))
            }
        });
        if let Some(step) = step.map_err(Failure::Unavailable)?? {
            self.account(key).apply(step, &job.traceparent);
        }
        Ok(())
    }

    fn step(
        &self,
        key: &Key,
        before: Option<Versioned<S::Aggregate>>,
        transition: Transition<S::Aggregate>,
        actor: &Actor,
        effective_time: Timestamp,
        fired: Option<Timestamp>,
    ) -> Step<S::Aggregate> {
        let version = 1 + before.as_ref().map_or(0, |before| before.version);
        let record = |event| Recorded { event, version, actor: actor.clone(), effective_time, recorded_time: self.now };
        let Transition { next, events } = transition;
        let events = events.into_iter().map(record).collect();
        let change = Change { key: key.clone(), before, after: Versioned::new(version, next), events };
        let outgoing = self.store.outgoing(&change);
        Step { change, fired, outgoing }
    }

    /// Keeps the request id and the event's position, so that neither is applied again.
    fn remember(&mut self, job: &Job<S>, committed: &Committed<S::Aggregate>) {
        if let Some(request) = &job.command.request {
            let (key, version) = (committed.key.clone(), committed.version);
            let outcome = Outcome { body_hash: request.body_hash, key, version };
            self.requests.insert(RequestKey::of(request), outcome.clone());
            self.new_requests.push((request.clone(), outcome));
        }
        if let Some(position) = &job.command.position {
            let advance = self.streams.entry(position.stream.clone()).or_insert(Advance { from: 0, to: 0 });
            advance.to = position.sequence;
        }
    }

    fn committed(&mut self, key: Key, replayed: bool) -> Committed<S::Aggregate> {
        let now = self.now;
        let account = self.account(&key);
        let (version, state) = (account.version(), account.current.as_ref().map(|current| current.state.clone()));
        Committed { key, version, state, now, replayed }
    }

    fn account(&mut self, key: &Key) -> &mut Account<S::Aggregate> {
        self.accounts.entry(key.clone()).or_insert_with(|| Account::new(None))
    }

    /// What has to be kept, by key.
    pub(super) fn into_effects(self) -> Effects<S::Aggregate> {
        let (mut changes, mut deadlines, mut posted) = (Vec::new(), Vec::new(), Vec::new());
        for (key, account) in self.accounts {
            deadlines.extend(account.deadlines.into_changes().map(|change| (key.clone(), change)));
            if !account.posted.is_empty() {
                posted.push((key.clone(), account.posted));
            }
            let old = account.before.as_ref().map_or(0, |before| before.version);
            if let Some(after) = account.current.filter(|current| current.version > old) {
                changes.push(Change { key, before: account.before, after, events: account.events });
            }
        }
        let streams = self.streams.into_iter().filter(|(_, advance)| advance.to > advance.from).collect();
        Effects { changes, fired: self.fired, deadlines, posted, requests: self.new_requests, streams }
    }
}

impl<A: Aggregate> Effects<A> {
    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.requests.is_empty() && self.streams.is_empty()
    }
}
