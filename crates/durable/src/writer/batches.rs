//! The task of a writer: takes waiting commands from the queue and commits them in shared
//! transactions. If a transaction fails, its commands are split into smaller groups. An
//! *aggregate* is a unit that is loaded, decided and saved as a whole, such as a claim.
use std::{collections::HashSet, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::{sync::mpsc, time::Instant};

use super::{
    batch_error::BatchError,
    job::{Job, JobResult, panic_text},
    transaction::WriterContext,
};
use crate::{AggregateKey, CommandError, Store};

/// The maximum number of times that a group is retried after a conflict with another transaction.
const MAX_RETRIES: u32 = 5;

/// The maximum delay before the first retry. It doubles with every retry.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(5);

/// Jobs that share one transaction.
struct JobGroup<S: Store> {
    jobs: Vec<Job<S>>,
    /// Whether the jobs are committed together or not at all, so that the group is never split.
    is_together: bool,
    /// The number of times that the group was tried again after a conflict.
    retries: u32,
}

impl<S: Store> JobGroup<S> {
    fn new(jobs: Vec<Job<S>>) -> Self {
        Self { jobs, is_together: false, retries: 0 }
    }

    /// Returns whether the group cannot be split into smaller groups.
    fn is_indivisible(&self) -> bool {
        self.is_together || self.jobs.len() <= 1
    }
}

/// The maximum time that a batch waits for further commands. Commands that share a transaction cost
/// less, and callers that call again after the last commit need about this time.
const BATCH_WAIT: Duration = Duration::from_millis(3);

/// The time after a batch in which further commands are likely to follow it.
const BUSY_TIME: Duration = Duration::from_millis(20);

/// Processes the queue, at most `batch_size` items in one transaction, until every sender is
/// dropped.
pub(super) async fn run<S: Store>(
    context: WriterContext<S>,
    mut queue: mpsc::Receiver<Vec<Job<S>>>,
    batch_size: usize,
) {
    let mut items = Vec::new();
    let (mut last_size, mut last_end) = (0, Instant::now());
    while queue.recv_many(&mut items, batch_size).await > 0 {
        // A caller that is alone does not wait: its batches have one command.
        if last_size > 1 && last_end.elapsed() < BUSY_TIME {
            wait_for_items(&mut queue, &mut items, last_size).await;
            while items.len() < batch_size
                && let Ok(item) = queue.try_recv()
            {
                items.push(item);
            }
        }
        last_size = items.len();
        process_groups(&context, groups_of(std::mem::take(&mut items))).await;
        last_end = Instant::now();
    }
}

/// Waits until the batch has as many items as the last one, but at most for [`BATCH_WAIT`].
async fn wait_for_items<S: Store>(queue: &mut mpsc::Receiver<Vec<Job<S>>>, items: &mut Vec<Vec<Job<S>>>, size: usize) {
    let fill = async { while items.len() < size && queue.recv_many(items, size - items.len()).await > 0 {} };
    // If the time is over, the items that have arrived are kept: `recv_many` is cancel-safe.
    drop(tokio::time::timeout(BATCH_WAIT, fill).await);
}

/// Returns the groups that the items of the queue form, in order. Commands that need not be
/// executed together share a group with those that wait next to them.
fn groups_of<S: Store>(items: Vec<Vec<Job<S>>>) -> Vec<JobGroup<S>> {
    let mut groups: Vec<JobGroup<S>> = Vec::new();
    for jobs in items {
        let is_together = jobs.len() > 1;
        match groups.last_mut().filter(|last| !is_together && !last.is_together) {
            Some(last) => last.jobs.extend(jobs),
            None => groups.push(JobGroup { is_together, ..JobGroup::new(jobs) }),
        }
    }
    groups
}

/// Completes every job. Groups that still have to be processed are on a stack, so that commands
/// keep their order when a group is split.
async fn process_groups<S: Store>(context: &WriterContext<S>, mut groups: Vec<JobGroup<S>>) {
    groups.reverse();
    while let Some(mut group) = groups.pop() {
        context.host.metrics.count_batch(S::AGGREGATE, group.jobs.len());
        // If the store panics, its transaction is dropped, which rolls it back.
        let outcome = AssertUnwindSafe(context.run_transaction(&mut group.jobs)).catch_unwind().await;
        match outcome.unwrap_or_else(|panic| Err(BatchError::Failed(panic_text(panic.as_ref())))) {
            Ok(results) => group.jobs.into_iter().zip(results).for_each(|(job, result)| complete_job(job, result)),
            Err(error) => {
                context.host.metrics.count_failed_batch(S::AGGREGATE);
                if let Some(delay) = retry_delay(context, &error, group.retries) {
                    tokio::time::sleep(delay).await;
                }
                groups.extend(remaining_groups(error, group).into_iter().rev());
            }
        }
    }
}

/// Sends the result of a job to its caller, and logs the failure if it could not be decided.
fn complete_job<S: Store>(job: Job<S>, result: JobResult<S>) {
    if let Err(CommandError::Unavailable(reason)) = &result {
        let name = job.command.name;
        job.span.in_scope(|| {
            tracing::error!(command = name, aggregate = S::AGGREGATE, reason, "a command could not be decided")
        });
    }
    job.complete(result);
}

/// Returns the delay before the jobs of a failed group are tried again, or `None` for no delay.
/// Only conflicts between transactions need one. It is random, so that two such transactions do not
/// retry at the same moment.
fn retry_delay<S: Store>(
    context: &WriterContext<S>,
    error: &BatchError<S::Conflict>,
    retries: u32,
) -> Option<Duration> {
    match error {
        BatchError::Transient(_) => {
            let ceiling = FIRST_RETRY_DELAY * 2_u32.saturating_pow(retries);
            Some(ceiling.mul_f64(context.host.entropy.fraction()))
        }
        BatchError::UniquenessConflict(_)
        | BatchError::ConcurrentChange(_)
        | BatchError::Blocked(_)
        | BatchError::Failed(_)
        | BatchError::Unavailable(_) => None,
    }
}

/// Returns the groups that are processed after a group has failed, in order: the group itself for a
/// retry, or the parts into which it is split. Jobs that cannot succeed are completed instead.
fn remaining_groups<S: Store>(error: BatchError<S::Conflict>, mut group: JobGroup<S>) -> Vec<JobGroup<S>> {
    match error {
        BatchError::Unavailable(reason) => fail_jobs(group.jobs, &reason),
        BatchError::UniquenessConflict(conflicts) if group.is_indivisible() => complete_with_conflict(group, conflicts),
        BatchError::UniquenessConflict(conflicts) => {
            isolate_jobs(group, &conflicts.into_iter().map(|(key, _)| key).collect())
        }
        BatchError::ConcurrentChange(keys) if !group.is_indivisible() => {
            isolate_jobs(group, &keys.into_iter().collect())
        }
        BatchError::ConcurrentChange(_) | BatchError::Transient(_) if group.retries < MAX_RETRIES => {
            group.retries += 1;
            vec![group]
        }
        BatchError::ConcurrentChange(_) => fail_jobs(group.jobs, "another process kept changing the aggregate"),
        BatchError::Transient(reason) | BatchError::Blocked(reason) | BatchError::Failed(reason)
            if group.is_indivisible() =>
        {
            fail_jobs(group.jobs, &reason)
        }
        BatchError::Transient(_) | BatchError::Blocked(_) | BatchError::Failed(_) => {
            let middle = group.jobs.len() / 2;
            split_jobs(group.jobs, middle)
        }
    }
}

/// Completes all jobs with an error, so no group remains.
fn fail_jobs<S: Store>(jobs: Vec<Job<S>>, reason: &str) -> Vec<JobGroup<S>> {
    jobs.into_iter().for_each(|job| complete_job(job, Err(CommandError::Unavailable(reason.to_owned()))));
    Vec::new()
}

/// Completes all jobs of a group with the first of the conflicts, so no group remains.
fn complete_with_conflict<S: Store>(
    group: JobGroup<S>,
    conflicts: Vec<(AggregateKey, S::Conflict)>,
) -> Vec<JobGroup<S>> {
    let first = conflicts.into_iter().next();
    for job in group.jobs {
        let failure = first.clone().map(|(_, conflict)| CommandError::Conflict(conflict));
        let missing = || CommandError::Unavailable("the store reported a conflict without its details".to_owned());
        complete_job(job, Err(failure.unwrap_or_else(missing)));
    }
    Vec::new()
}

/// Splits a group so that one command does not make the others fail: the commands on other
/// aggregates than `keys` stay together, then follow the commands on `keys`, one by one. Commands
/// on the same aggregate keep their order.
fn isolate_jobs<S: Store>(group: JobGroup<S>, keys: &HashSet<AggregateKey>) -> Vec<JobGroup<S>> {
    let (isolated, others): (Vec<_>, Vec<_>) = group.jobs.into_iter().partition(|job| keys.contains(&job.command.key));
    if isolated.is_empty() {
        // The store named an aggregate of none of the commands. Splitting in halves finds the
        // command that causes the error.
        let middle = others.len() / 2;
        return split_jobs(others, middle);
    }
    let together = (!others.is_empty()).then(|| JobGroup::new(others));
    together.into_iter().chain(isolated.into_iter().map(|job| JobGroup::new(vec![job]))).collect()
}

/// Splits jobs into two groups. `middle` is the number of jobs in the first.
fn split_jobs<S: Store>(mut jobs: Vec<Job<S>>, middle: usize) -> Vec<JobGroup<S>> {
    let second = jobs.split_off(middle);
    vec![JobGroup::new(jobs), JobGroup::new(second)]
}
