//! The writer: where every command meets the database.
//!
//! Commands wait in lanes (by the hash of their owner); those that wait together are judged one after the other and
//! committed in one transaction. Callers do not notice, but for the speed.
mod fault;
mod job;
mod lane;
mod ledger;
mod transaction;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use cpor_types::{Actor, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::{Command, Committed, Failure, Key, Store, Transition, host::Shared};
use job::Job;
pub(crate) use ledger::{Advance, Posted};
pub(crate) use transaction::Wake;

/// What a command ends in.
pub type Outcome<S, R> = Result<Committed<<S as Store>::Aggregate>, Failure<R, <S as Store>::Clash>>;

/// How a writer is dimensioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterSettings {
    /// Transactions at a time. One on SQLite, which has one writer.
    pub lanes: usize,
    /// Commands that may wait in a lane; more are refused as [`Failure::Overloaded`].
    pub queue: usize,
    /// Commands in one transaction, at most.
    pub batch: usize,
}

impl WriterSettings {
    /// What serves each engine well.
    #[must_use]
    pub fn of(engine: cpor_kit::Engine) -> Self {
        let lanes = match engine {
            cpor_kit::Engine::Sqlite => 1,
            cpor_kit::Engine::Postgres => 4,
        };
        Self { lanes, queue: 1024, batch: 256 }
    }
}

/// The way to change aggregates of one kind. Cheap to clone.
pub struct Writer<S: Store> {
    lanes: Arc<[mpsc::Sender<Job<S>>]>,
    shared: Arc<Shared>,
}

impl<S: Store> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self { lanes: Arc::clone(&self.lanes), shared: Arc::clone(&self.shared) }
    }
}

impl<S: Store> std::fmt::Debug for Writer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("aggregate", &S::AGGREGATE)
            .field("lanes", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

impl<S: Store> Writer<S> {
    /// Starts the lanes, which end with the last clone of the writer. Within a Tokio runtime.
    pub(crate) fn start(shared: Arc<Shared>, store: S, settings: WriterSettings) -> Self {
        let ground = Arc::new(transaction::Ground { shared: Arc::clone(&shared), store });
        let lanes = (0..settings.lanes.max(1)).map(|_| {
            let (sender, queue) = mpsc::channel(settings.queue.max(1));
            tokio::spawn(lane::run(Arc::clone(&ground), queue, settings.batch.max(1)));
            sender
        });
        Self { lanes: lanes.collect(), shared }
    }

    /// Judges a command by `decide` and commits what follows from it.
    ///
    /// `decide` is given the aggregate (`None`: there is none) after every deadline that has passed was applied, and the
    /// business time; `Ok(None)` means that there is nothing to change. It must be pure: it may be asked again when a
    /// shared transaction has failed, and only the last answer counts.
    ///
    /// # Errors
    /// See [`Failure`]. After `Unavailable` the command may have been committed; repeat it under the same request id.
    pub async fn execute<R: Send + 'static>(
        &self,
        command: Command,
        decide: impl Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
    ) -> Outcome<S, R> {
        let lane = self.lane(&command.key);
        let (reply, answer) = oneshot::channel();
        match lane.try_send(Job::new(command, decide, reply)) {
            Ok(()) => answered(answer).await,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.shared.meters.overloaded(S::AGGREGATE);
                Err(Failure::Overloaded)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Failure::Unavailable("the lane is gone".to_owned())),
        }
    }

    /// Applies the deadlines of an aggregate that have passed. Waits for its turn however many others do.
    ///
    /// # Errors
    /// Only [`Failure::Unavailable`].
    pub async fn fire(&self, key: Key) -> Outcome<S, std::convert::Infallible> {
        let (reply, answer) = oneshot::channel();
        let lane = self.lane(&key);
        let job = Job::new(Command::new("fire_deadlines", key, Actor::time()), |_, _| Ok(None), reply);
        match lane.send(job).await {
            Ok(()) => answered(answer).await,
            Err(_) => Err(Failure::Unavailable("the lane is gone".to_owned())),
        }
    }

    fn lane(&self, key: &Key) -> &mpsc::Sender<Job<S>> {
        let mut hasher = DefaultHasher::new();
        key.owner.hash(&mut hasher);
        let lanes = self.lanes.len() as u64;
        let lane = usize::try_from(hasher.finish() % lanes).unwrap_or_default();
        &self.lanes[lane]
    }
}

async fn answered<A, R, C>(
    answer: oneshot::Receiver<Result<Committed<A>, Failure<R, C>>>,
) -> Result<Committed<A>, Failure<R, C>> {
    answer.await.unwrap_or_else(|_| Err(Failure::Unavailable("the lane was stopped".to_owned())))
}
