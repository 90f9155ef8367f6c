//! The writer: the single place where the commands of one kind of aggregate are decided and
//! committed. An *aggregate* is a unit that is loaded, decided and saved as a whole, such as a
//! claim.
//!
//! A writer is a queue of commands and one task that commits them. Commands that wait at the same
//! time are decided one after the other and committed in one transaction (group commit). For
//! callers the result is the same as that of separate transactions.
//!
//! Commands on several aggregates can also be executed together: all of them are committed in one
//! transaction or none.
mod batch_error;
mod batch_state;
mod batches;
mod job;
mod transaction;

use std::sync::Arc;

use cpor_types::{Actor, Timestamp};
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};

use crate::{AggregateKey, Command, CommandError, CommandOutcome, Store, Transition, context::HostContext};
use job::Job;

/// The result of a command on an aggregate of the store `S`, with refusals of type `R`.
pub type CommandResult<S, R> = Result<CommandOutcome<<S as Store>::Aggregate>, CommandError<R, <S as Store>::Conflict>>;

/// The limits of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterSettings {
    /// The maximum number of commands that wait. Further commands fail with
    /// [`CommandError::Overloaded`]. Commands that are executed together count as one.
    pub queue: usize,
    /// The maximum number of commands in one transaction. Commands that are executed together count
    /// as one.
    pub batch: usize,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self { queue: 1024, batch: 256 }
    }
}

/// Executes commands on aggregates of one kind. It is cheap to clone.
pub struct Writer<S: Store> {
    /// The commands that wait. An item is one command, or the commands that are executed together.
    queue: mpsc::Sender<Vec<Job<S>>>,
    host: Arc<HostContext>,
}

impl<S: Store> Clone for Writer<S> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), host: Arc::clone(&self.host) }
    }
}

impl<S: Store> std::fmt::Debug for Writer<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("aggregate", &S::AGGREGATE).finish_non_exhaustive()
    }
}

impl<S: Store> Writer<S> {
    /// Spawns the task that commits on the current Tokio runtime. It ends when the last clone of the
    /// writer is dropped.
    pub(crate) fn start(host: Arc<HostContext>, store: S, settings: WriterSettings) -> Self {
        let context = transaction::WriterContext { host: Arc::clone(&host), store };
        let (queue, commands) = mpsc::channel(settings.queue.max(1));
        tokio::spawn(batches::run(context, commands, settings.batch.max(1)));
        Self { queue, host }
    }

    /// Decides a command with `decide` and commits the transition.
    ///
    /// `decide` receives the aggregate (`None` if it does not exist), to which every passed
    /// deadline has been applied, and the reading of the business clock. It returns `Ok(None)` if
    /// nothing changes. It must be pure: it is called again if a shared transaction fails, and only
    /// the last result counts.
    ///
    /// # Errors
    /// Returns a [`CommandError`]. After `Unavailable` the command may have been committed; repeat
    /// it under the same request id.
    pub async fn execute<R: Send + 'static>(
        &self,
        command: Command,
        decide: impl Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
    ) -> CommandResult<S, R> {
        let result = self.execute_together(vec![(command, decide)]).await.pop();
        result.unwrap_or_else(|| Err(CommandError::Unavailable("a command has no result".to_owned())))
    }

    /// Decides the commands and commits the transitions of all of them in one transaction, or of
    /// none. A command that is refused changes nothing and does not prevent the others. If a change
    /// breaks a uniqueness rule, every command fails with the conflict. Returns the results in the
    /// order of the commands.
    ///
    /// The parameter `decide` of [`Writer::execute`] explains the decision functions.
    pub async fn execute_together<R, D>(&self, commands: Vec<(Command, D)>) -> Vec<CommandResult<S, R>>
    where
        R: Send + 'static,
        D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
    {
        if commands.is_empty() {
            return Vec::new();
        }
        let (jobs, receivers): (Vec<_>, Vec<_>) = commands
            .into_iter()
            .map(|(command, decide)| {
                let (sender, receiver) = oneshot::channel();
                (Job::new(command.without_request_if_validate_only(), decide, sender), receiver)
            })
            .unzip();
        match self.queue.try_send(jobs) {
            Ok(()) => join_all(receivers.into_iter().map(wait_for_result)).await,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.host.metrics.count_overloaded(S::AGGREGATE);
                receivers.iter().map(|_| Err(CommandError::Overloaded)).collect()
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                let ended = || CommandError::Unavailable("the writer has ended".to_owned());
                receivers.iter().map(|_| Err(ended())).collect()
            }
        }
    }

    /// Applies the deadlines of an aggregate that have passed. If the queue is full, this waits
    /// instead of failing.
    ///
    /// # Errors
    /// Returns [`CommandError::Unavailable`] if the deadlines could not be applied, and no other
    /// error.
    pub async fn apply_passed_deadlines(&self, key: AggregateKey) -> CommandResult<S, std::convert::Infallible> {
        let (sender, receiver) = oneshot::channel();
        let job = Job::new(Command::new("fire_deadlines", key, Actor::time()), |_, _| Ok(None), sender);
        match self.queue.send(vec![job]).await {
            Ok(()) => wait_for_result(receiver).await,
            Err(_) => Err(CommandError::Unavailable("the writer has ended".to_owned())),
        }
    }
}

async fn wait_for_result<A, R, C>(
    receiver: oneshot::Receiver<Result<CommandOutcome<A>, CommandError<R, C>>>,
) -> Result<CommandOutcome<A>, CommandError<R, C>> {
    receiver.await.unwrap_or_else(|_| Err(CommandError::Unavailable("the writer was stopped".to_owned())))
}
