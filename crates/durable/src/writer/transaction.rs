//! The single transaction of a batch (commands that are committed together): load and lock, decide,
//! write, commit. An *aggregate* is a unit that is loaded, decided and saved as a whole, such as a
//! claim.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cpor_database::Engine;
use cpor_types::Timestamp;

use super::{
    batch_error::BatchError,
    batch_state::{BatchEffects, BatchState},
    job::{Job, JobResult},
};
use crate::{
    AggregateKey, CommandError, CommandOutcome, RequestId, Store, StreamKey, Tx,
    context::{CommitSummary, HostContext},
    deadline, inbox, outbox,
    request_id::{self, RequestKey, RequestOutcome},
};

/// The store of one writer and the resources of its host.
pub(super) struct WriterContext<S> {
    pub(super) host: Arc<HostContext>,
    pub(super) store: S,
}

impl<S: Store> WriterContext<S> {
    /// Decides the jobs in order and commits everything that they change, or nothing.
    pub(super) async fn run_transaction(
        &self,
        jobs: &mut [Job<S>],
    ) -> Result<Vec<JobResult<S>>, BatchError<S::Conflict>> {
        let _under_way = self.host.activity.begin_transaction();
        let tx = self.host.db.begin().await?;
        let request_ids = jobs.iter().flat_map(|job| job.command.request_ids()).collect();
        let requests = request_id::load(&tx, request_ids).await?;
        let stream_keys = jobs.iter().filter_map(|job| Some(&job.command.position.as_ref()?.stream)).collect();
        let last_sequences = inbox::lock(&tx, stream_keys).await?;
        let loaded = self.store.load(&tx, &aggregate_keys(jobs, &requests)).await?;
        // The clock is read after the rows are locked, so a command that waited for a lock is
        // decided by the time at which it got the lock (R47).
        let now = self.host.business_clock.read(&tx).await?;
        let known_requests: HashSet<RequestKey> = requests.keys().cloned().collect();
        let mut batch = BatchState::new(&self.store, now, loaded, requests, last_sequences);
        let results: Vec<JobResult<S>> = jobs.iter_mut().map(|job| batch.decide(job)).collect();
        let effects = batch.into_effects();
        let refused = new_requests(jobs.iter().zip(&results).filter(|(_, result)| is_refused(result)), &known_requests);
        self.check_not_used_elsewhere(&tx, refused).await?;
        if effects.is_empty() {
            tx.rollback().await?;
            return Ok(results);
        }
        let stream_commands = stream_commands(jobs);
        let written = self.write(&tx, stream_commands, effects, now).await;
        if matches!(written, Err(BatchError::UniquenessConflict(_))) {
            let all = new_requests(jobs.iter().zip(&results), &known_requests);
            self.check_not_used_elsewhere(&tx, all).await?;
        }
        let summary = written?;
        // Even if the commit returns an error, the database may have committed.
        tx.commit()
            .await
            .map_err(|error| BatchError::Unavailable(format!("the outcome of a commit is not known: {error}")))?;
        self.host.notify_committed(summary);
        Ok(results)
    }

    /// Returns an error if another process has used one of the request ids while this transaction
    /// waited for locks. The command is then a repeated request, and its refusal or conflict can be
    /// caused by the change of the first request. So it must be decided again.
    ///
    /// The check takes one statement and runs only after a refusal or a conflict. It is not needed
    /// on SQLite, where the transaction locks the whole database from its start.
    async fn check_not_used_elsewhere(
        &self,
        tx: &Tx,
        requests: Vec<(RequestId, AggregateKey)>,
    ) -> Result<(), BatchError<S::Conflict>> {
        if self.host.db.engine() == Engine::Sqlite {
            return Ok(());
        }
        let used = request_id::load(tx, requests.iter().map(|(request, _)| request).collect()).await?;
        let used_elsewhere = requests.into_iter().filter(|(request, _)| used.contains_key(&RequestKey::new(request)));
        let keys: Vec<AggregateKey> = used_elsewhere.map(|(_, key)| key).collect();
        if keys.is_empty() { Ok(()) } else { Err(BatchError::ConcurrentChange(keys)) }
    }

    /// Writes everything that the decisions of a batch changed. Returns the parts that other tasks
    /// of the process are notified of after the commit.
    async fn write(
        &self,
        tx: &Tx,
        stream_commands: Vec<(StreamKey, AggregateKey)>,
        effects: BatchEffects<S::Aggregate>,
        now: Timestamp,
    ) -> Result<CommitSummary, BatchError<S::Conflict>> {
        let BatchEffects { changes, fired_deadlines, deadlines, events, requests, streams } = effects;
        let conflicts = if changes.is_empty() { Vec::new() } else { self.store.save(tx, &changes).await? };
        if !conflicts.is_empty() {
            return Err(BatchError::UniquenessConflict(conflicts));
        }
        let owners: BTreeSet<&String> = changes.iter().map(|change| &change.key.owner).collect();
        let owners = owners.into_iter().cloned().collect();
        let real_time = self.host.clock.now();
        let destinations = outbox::append(tx, S::AGGREGATE, events, real_time).await?;
        let pending = deadlines.iter().map(|(_, change)| change).filter(|change| change.is_pending());
        let next_due = pending.map(|change| change.deadline.due).min();
        deadline::index::save_changes(tx, S::AGGREGATE, deadlines, now).await?;
        let reused_request_keys = request_id::insert(tx, requests, real_time).await?;
        let concurrent_streams = inbox::advance(tx, &streams).await?;
        if reused_request_keys.is_empty() && concurrent_streams.is_empty() {
            let next_due_in = next_due.map(|due| due - now);
            return Ok(CommitSummary { owners, destinations, fired_deadlines, next_due_in });
        }
        let of_concurrent_stream =
            stream_commands.into_iter().filter(|(stream, _)| concurrent_streams.contains(stream));
        let stream_keys = of_concurrent_stream.map(|(_, key)| key);
        Err(BatchError::ConcurrentChange(reused_request_keys.into_iter().chain(stream_keys).collect()))
    }
}

/// Returns the request ids of commands and of the rows of imports, with the commands' aggregates,
/// without the request ids that are already known to be used.
fn new_requests<'j, S: Store>(
    decided: impl Iterator<Item = (&'j Job<S>, &'j JobResult<S>)>,
    known_requests: &HashSet<RequestKey>,
) -> Vec<(RequestId, AggregateKey)> {
    let commands = decided.map(|(job, _)| &job.command);
    let requests = commands.flat_map(|command| command.request_ids().map(move |request| (request, &command.key)));
    let unknown = requests.filter(|(request, _)| !known_requests.contains(&RequestKey::new(request)));
    unknown.map(|(request, key)| (request.clone(), key.clone())).collect()
}

/// Returns whether the state of the aggregate did not admit the command.
fn is_refused<A, C>(result: &Result<CommandOutcome<A>, CommandError<(), C>>) -> bool {
    matches!(result, Err(CommandError::Refused(()) | CommandError::VersionMismatch { .. }))
}

/// Returns, for each command that applies an event, the event's stream and the command's aggregate.
fn stream_commands<S: Store>(jobs: &[Job<S>]) -> Vec<(StreamKey, AggregateKey)> {
    let commands = jobs.iter().map(|job| &job.command);
    commands.filter_map(|command| Some((command.position.as_ref()?.stream.clone(), command.key.clone()))).collect()
}

/// Returns the aggregates that the batch needs: those of its commands, and those that known request
/// ids have changed.
fn aggregate_keys<S: Store>(jobs: &[Job<S>], requests: &HashMap<RequestKey, RequestOutcome>) -> Vec<AggregateKey> {
    let of_commands = jobs.iter().map(|job| job.command.key.clone());
    let of_replayed_requests = requests.values().map(|outcome| outcome.key.clone());
    of_commands.chain(of_replayed_requests).collect::<BTreeSet<_>>().into_iter().collect()
}
