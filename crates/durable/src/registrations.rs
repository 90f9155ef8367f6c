//! The writers, background tasks and idle probes that a service has registered with its host. A
//! *writer* commits the changes of one kind of aggregate (a unit such as a claim that is saved as a
//! whole), in a task of its own.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{AggregateKey, Store, Writer};

/// A background task of the service. It runs until the token is cancelled.
pub(crate) type BackgroundTask =
    Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, Result<(), anyhow::Error>> + Send + Sync>;
/// A function that lists the work that the service has not finished, one line for each item.
pub(crate) type IdleProbe = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<String>, anyhow::Error>> + Send + Sync>;

/// The registered writers (one for each kind of aggregate), background tasks and idle probes.
///
/// They are not part of [`HostContext`](crate::context::HostContext), because the tasks of the
/// writers own that context. A task ends when the last clone of its writer is dropped, so it must
/// not own a writer itself.
#[derive(Default)]
pub(crate) struct Registrations {
    writers: Mutex<HashMap<&'static str, Arc<dyn ErasedWriter>>>,
    background_tasks: Mutex<Vec<(&'static str, BackgroundTask)>>,
    idle_probes: Mutex<Vec<(&'static str, IdleProbe)>>,
}

impl Registrations {
    pub(crate) fn add_writer<S: Store>(&self, writer: &Writer<S>) {
        lock(&self.writers).insert(S::AGGREGATE, Arc::new(writer.clone()));
    }

    pub(crate) fn add_background_task(&self, name: &'static str, task: BackgroundTask) {
        lock(&self.background_tasks).push((name, task));
    }

    pub(crate) fn add_idle_probe(&self, name: &'static str, probe: IdleProbe) {
        lock(&self.idle_probes).push((name, probe));
    }

    /// Removes and returns the background tasks, so that each is started once.
    pub(crate) fn take_background_tasks(&self) -> Vec<(&'static str, BackgroundTask)> {
        std::mem::take(&mut *lock(&self.background_tasks))
    }

    /// Returns the writer of a kind of aggregate, if one is registered.
    pub(crate) fn writer(&self, aggregate: &str) -> Option<Arc<dyn ErasedWriter>> {
        lock(&self.writers).get(aggregate).cloned()
    }

    /// Returns the resource name of an aggregate or, if no writer is registered for its kind, a
    /// text with its kind and key.
    pub(crate) fn resource_name(&self, aggregate: &str, key: &AggregateKey) -> String {
        self.writer(aggregate)
            .map_or_else(|| format!("{aggregate} {}/{}", key.owner, key.id), |writer| writer.resource_name(key))
    }

    /// Returns the idle probes with their names.
    pub(crate) fn idle_probes(&self) -> Vec<(&'static str, IdleProbe)> {
        lock(&self.idle_probes).clone()
    }
}

/// A writer of any kind of aggregate, without its type parameter.
pub(crate) trait ErasedWriter: Send + Sync {
    /// Applies the deadlines of an aggregate that have passed.
    fn apply_passed_deadlines(&self, key: AggregateKey) -> BoxFuture<'static, ()>;
    /// Returns the resource name of an aggregate, for example `partners/contoso/claims/0192…`.
    fn resource_name(&self, key: &AggregateKey) -> String;
}

impl<S: Store> ErasedWriter for Writer<S> {
    fn apply_passed_deadlines(&self, key: AggregateKey) -> BoxFuture<'static, ()> {
        let writer = self.clone();
        // The writer logs an error. The deadline then stays due, so the runner tries again.
        Box::pin(async move { drop(Writer::apply_passed_deadlines(&writer, key).await) })
    }

    fn resource_name(&self, key: &AggregateKey) -> String {
        S::resource(key)
    }
}

/// Locks a mutex and ignores poisoning: no code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
