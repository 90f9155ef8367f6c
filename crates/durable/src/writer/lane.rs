//! A lane: commands that wait together share a transaction; when it fails they are told apart.
use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use super::{
    fault::Fault,
    job::{Answer, Job, panic_text},
    transaction::Ground,
};
use crate::{Failure, Key, Store};

/// How often a group is tried again when others were in its way.
const TRIES: u32 = 5;

/// The longest pause before the first further try; it doubles.
const PAUSE: Duration = Duration::from_millis(5);

/// Commands to be committed together.
struct Group<S: Store> {
    jobs: Vec<Job<S>>,
    tries: u32,
}

impl<S: Store> Group<S> {
    fn new(jobs: Vec<Job<S>>) -> Self {
        Self { jobs, tries: 0 }
    }
}

/// Works off the queue until every sender is gone.
pub(super) async fn run<S: Store>(ground: Arc<Ground<S>>, mut queue: mpsc::Receiver<Job<S>>, batch: usize) {
    let mut waiting = Vec::with_capacity(batch);
    while queue.recv_many(&mut waiting, batch).await > 0 {
        let jobs = std::mem::replace(&mut waiting, Vec::with_capacity(batch));
        work_off(&ground, jobs).await;
    }
}

/// Answers every job. The groups still to do are a stack, so that commands keep their order when a group is split.
async fn work_off<S: Store>(ground: &Ground<S>, jobs: Vec<Job<S>>) {
    let mut groups = vec![Group::new(jobs)];
    while let Some(mut group) = groups.pop() {
        ground.shared.meters.batch(S::AGGREGATE, group.jobs.len());
        // A panic of the store drops the transaction, which rolls it back.
        let outcome = AssertUnwindSafe(ground.transact(&mut group.jobs)).catch_unwind().await;
        match outcome.unwrap_or_else(|panic| Err(Fault::Failed(panic_text(panic.as_ref())))) {
            Ok(answers) => group.jobs.into_iter().zip(answers).for_each(|(job, answer)| finish(job, answer)),
            Err(fault) => {
                ground.shared.meters.fault(S::AGGREGATE);
                if let Some(pause) = pause(ground, &fault, group.tries) {
                    tokio::time::sleep(pause).await;
                }
                groups.extend(after(fault, group).into_iter().rev());
            }
        }
    }
}

fn finish<S: Store>(job: Job<S>, answer: Answer<S>) {
    if let Err(Failure::Unavailable(why)) = &answer {
        let name = job.command.name;
        job.span.in_scope(|| {
            tracing::error!(command = name, aggregate = S::AGGREGATE, why, "a command could not be judged")
        });
    }
    job.answer(answer);
}

/// Somebody in the way needs a moment; two who are in each other's way need different ones.
fn pause<S: Store>(ground: &Ground<S>, fault: &Fault<S::Clash>, tries: u32) -> Option<Duration> {
    match fault {
        Fault::Transient(_) => Some((PAUSE * 2_u32.saturating_pow(tries)).mul_f64(ground.shared.entropy.fraction())),
        Fault::Clash(_) | Fault::Lost(_) | Fault::Failed(_) | Fault::Down(_) => None,
    }
}

/// What remains to be done with a group after a fault, in order; jobs that are beyond help are answered.
fn after<S: Store>(fault: Fault<S::Clash>, mut group: Group<S>) -> Vec<Group<S>> {
    match fault {
        Fault::Down(why) => fail(group.jobs, &why),
        Fault::Clash(clashes) if group.jobs.len() == 1 => refuse(group, clashes),
        Fault::Clash(clashes) => apart(group, &clashes.into_iter().map(|(key, _)| key).collect()),
        Fault::Lost(keys) if group.jobs.len() > 1 => apart(group, &keys.into_iter().collect()),
        Fault::Lost(_) | Fault::Transient(_) if group.tries < TRIES => {
            group.tries += 1;
            vec![group]
        }
        Fault::Lost(_) => fail(group.jobs, "others kept changing it"),
        Fault::Transient(why) | Fault::Failed(why) => match group.jobs.len() {
            0 | 1 => fail(group.jobs, &why),
            n => halves(group.jobs, n / 2),
        },
    }
}

fn fail<S: Store>(jobs: Vec<Job<S>>, why: &str) -> Vec<Group<S>> {
    jobs.into_iter().for_each(|job| finish(job, Err(Failure::Unavailable(why.to_owned()))));
    Vec::new()
}

fn refuse<S: Store>(group: Group<S>, clashes: Vec<(Key, S::Clash)>) -> Vec<Group<S>> {
    let clash = clashes.into_iter().next();
    for job in group.jobs {
        let failure = clash.clone().map(|(_, clash)| Failure::Clash(clash));
        finish(job, Err(failure.unwrap_or_else(|| Failure::Unavailable("a clash with nothing".to_owned()))));
    }
    Vec::new()
}

/// The commands on these aggregates alone, one by one, after the others together: a bad one never takes its
/// neighbours along. Commands on one aggregate keep their order.
fn apart<S: Store>(group: Group<S>, keys: &HashSet<Key>) -> Vec<Group<S>> {
    let (bad, good): (Vec<_>, Vec<_>) = group.jobs.into_iter().partition(|job| keys.contains(&job.command.key));
    if bad.is_empty() {
        // The store blames an aggregate that no command names: find the culprit by halving.
        let middle = good.len() / 2;
        return halves(good, middle);
    }
    let together = (!good.is_empty()).then(|| Group::new(good));
    together.into_iter().chain(bad.into_iter().map(|job| Group::new(vec![job]))).collect()
}

fn halves<S: Store>(mut jobs: Vec<Job<S>>, middle: usize) -> Vec<Group<S>> {
    let second = jobs.split_off(middle);
    vec![Group::new(jobs), Group::new(second)]
}
