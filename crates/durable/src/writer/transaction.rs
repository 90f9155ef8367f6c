//! The one transaction of a batch.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cpor_kit::Engine;
use cpor_types::Timestamp;
use sea_orm::DbErr;

use super::{
    fault::Fault,
    job::{Answer, Job},
    ledger::{Effects, Ledger},
};
use crate::{
    Failure, Key, RequestId, Store, StreamKey, Tx, deadline,
    host::Shared,
    inbox, outbox,
    request_id::{self, Outcome, RequestKey},
};

/// Where and how a writer keeps its aggregates.
pub(super) struct Ground<S> {
    pub(super) shared: Arc<Shared>,
    pub(super) store: S,
}

impl<S: Store> Ground<S> {
    /// Judges the jobs in order and commits what they change: all of it or nothing.
    pub(super) async fn transact(&self, jobs: &mut [Job<S>]) -> Result<Vec<Answer<S>>, Fault<S::Clash>> {
        let _under_way = self.shared.activity.begin();
        let tx = self.shared.db.begin().await?;
        let named = jobs.iter().filter_map(|job| job.command.request.as_ref()).collect();
        let requests = request_id::load(&tx, named).await?;
        let read = jobs.iter().filter_map(|job| Some(&job.command.position.as_ref()?.stream)).collect();
        let streams = inbox::lock(&tx, read).await?;
        let loaded = self.store.load(&tx, &keys(jobs, &requests)).await?;
        // Read after the locks: what waited for a lock is judged by the time at which it got it (R47).
        let now = self.shared.clock.read(&tx).await?;
        let known: HashSet<RequestKey> = requests.keys().cloned().collect();
        let mut ledger = Ledger::new(&self.store, now, loaded, requests, streams);
        let answers: Vec<Answer<S>> = jobs.iter_mut().map(|job| ledger.judge(job)).collect();
        let effects = ledger.into_effects();
        let overtaken = self.overtaken(&tx, refused(jobs, &answers, &known)).await?;
        if !overtaken.is_empty() {
            return Err(Fault::Lost(overtaken));
        }
        if effects.is_empty() {
            tx.rollback().await?;
            return Ok(answers);
        }
        let readers = readers(jobs);
        let wake = self.keep(&tx, readers, effects, now).await?;
        // A commit that fails may have taken place.
        tx.commit().await.map_err(|error| Fault::Down(format!("the outcome of a commit is not known: {error}")))?;
        self.shared.committed(wake);
        Ok(answers)
    }

    /// The aggregates of refused commands whose request ids were used while we waited for locks: another process has
    /// done what we refuse to do again, so that the true answer is a replay. (SQLite has one writer, whose transaction
    /// holds everything from its beginning.) One statement, and only after a refusal.
    async fn overtaken(&self, tx: &Tx, refused: Vec<(RequestId, Key)>) -> Result<Vec<Key>, DbErr> {
        if self.shared.db.engine() == Engine::Sqlite {
            return Ok(Vec::new());
        }
        let used = request_id::load(tx, refused.iter().map(|(request, _)| request).collect()).await?;
        let overtaken = refused.into_iter().filter(|(request, _)| used.contains_key(&RequestKey::of(request)));
        Ok(overtaken.map(|(_, key)| key).collect())
    }

    async fn keep(
        &self,
        tx: &Tx,
        readers: Vec<(StreamKey, Key)>,
        effects: Effects<S::Aggregate>,
        now: Timestamp,
    ) -> Result<Wake, Fault<S::Clash>> {
        let Effects { changes, fired, deadlines, posted, requests, streams } = effects;
        let clashes = if changes.is_empty() { Vec::new() } else { self.store.save(tx, &changes).await? };
        if !clashes.is_empty() {
            return Err(Fault::Clash(clashes));
        }
        let owners: BTreeSet<&String> = changes.iter().map(|change| &change.key.owner).collect();
        let owners = owners.into_iter().cloned().collect();
        let wall = self.shared.wall.now();
        let destinations = outbox::append(tx, S::AGGREGATE, posted, wall).await?;
        let due = deadlines.iter().map(|(_, change)| change).filter(|change| change.is_pending());
        let next_due = due.map(|change| change.deadline.due).min();
        deadline::index::write(tx, S::AGGREGATE, deadlines, now).await?;
        let used = request_id::insert(tx, requests, wall).await?;
        let begun = inbox::advance(tx, &streams).await?;
        if used.is_empty() && begun.is_empty() {
            return Ok(Wake { owners, destinations, fired, next_due: next_due.map(|due| due - now) });
        }
        let behind = readers.into_iter().filter(|(stream, _)| begun.contains(stream)).map(|(_, key)| key);
        Err(Fault::Lost(used.into_iter().chain(behind).collect()))
    }
}

/// What a commit gives others to do.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    /// Owners of what was changed.
    pub(crate) owners: BTreeSet<String>,
    /// Services that events wait for.
    pub(crate) destinations: BTreeSet<cpor_types::Service>,
    /// Deadlines that were applied.
    pub(crate) fired: u64,
    /// In how long the first deadline armed passes.
    pub(crate) next_due: Option<chrono::TimeDelta>,
}

/// The request ids of refused commands, but for those that are known to have been used, with their aggregates.
fn refused<S: Store>(jobs: &[Job<S>], answers: &[Answer<S>], known: &HashSet<RequestKey>) -> Vec<(RequestId, Key)> {
    let is_refused = |answer: &Answer<S>| matches!(answer, Err(Failure::Refused(()) | Failure::Moved { .. }));
    let refused = jobs.iter().zip(answers).filter(|(_, answer)| is_refused(answer)).map(|(job, _)| &job.command);
    let named = refused.filter_map(|command| Some((command.request.clone()?, command.key.clone())));
    named.filter(|(request, _)| !known.contains(&RequestKey::of(request))).collect()
}

/// Which commands apply events of which streams.
fn readers<S: Store>(jobs: &[Job<S>]) -> Vec<(StreamKey, Key)> {
    let commands = jobs.iter().map(|job| &job.command);
    commands.filter_map(|command| Some((command.position.as_ref()?.stream.clone(), command.key.clone()))).collect()
}

/// The aggregates that the jobs need: their own, and those that replayed request ids have touched.
fn keys<S: Store>(jobs: &[Job<S>], requests: &HashMap<RequestKey, Outcome>) -> Vec<Key> {
    let own = jobs.iter().map(|job| job.command.key.clone());
    let replayed = requests.values().map(|outcome| outcome.key.clone());
    own.chain(replayed).collect::<BTreeSet<_>>().into_iter().collect()
}
