//! What a host knows by name.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{Key, Store, Writer};

pub(super) type Work = Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, Result<(), anyhow::Error>> + Send + Sync>;
pub(super) type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<String>, anyhow::Error>> + Send + Sync>;

/// What is known by name: the writers of every kind of aggregate, the service's own loops and questions. Apart from
/// [`Shared`], which the lanes hold: they end when nobody has their writer any more.
#[derive(Default)]
pub(crate) struct Roster {
    kinds: Mutex<HashMap<&'static str, Arc<dyn AnyWriter>>>,
    loops: Mutex<Vec<(&'static str, Work)>>,
    probes: Mutex<Vec<(&'static str, Probe)>>,
}

impl Roster {
    pub(super) fn add_kind<S: Store>(&self, writer: &Writer<S>) {
        lock(&self.kinds).insert(S::AGGREGATE, Arc::new(writer.clone()));
    }

    pub(super) fn add_loop(&self, name: &'static str, work: Work) {
        lock(&self.loops).push((name, work));
    }

    pub(super) fn add_probe(&self, name: &'static str, probe: Probe) {
        lock(&self.probes).push((name, probe));
    }

    /// The loops, which are started once.
    pub(super) fn take_loops(&self) -> Vec<(&'static str, Work)> {
        std::mem::take(&mut *lock(&self.loops))
    }

    /// The writer of a kind of aggregate.
    pub(crate) fn kind(&self, aggregate: &str) -> Option<Arc<dyn AnyWriter>> {
        lock(&self.kinds).get(aggregate).cloned()
    }

    /// The resource name of an aggregate; its key, when nobody writes its kind any more.
    pub(crate) fn resource(&self, aggregate: &str, key: &Key) -> String {
        self.kind(aggregate).map_or_else(|| format!("{aggregate} {}/{}", key.owner, key.id), |kind| kind.resource(key))
    }

    pub(crate) fn probes(&self) -> Vec<(&'static str, Probe)> {
        lock(&self.probes).clone()
    }
}

/// A writer of whatever aggregate.
pub(crate) trait AnyWriter: Send + Sync {
    /// Applies the deadlines of an aggregate that have passed.
    fn fire(&self, key: Key) -> BoxFuture<'static, ()>;
    /// The aggregate's resource name.
    fn resource(&self, key: &Key) -> String;
}

impl<S: Store> AnyWriter for Writer<S> {
    fn fire(&self, key: Key) -> BoxFuture<'static, ()> {
        let writer = self.clone();
        // A failure is in the log, and the deadline is still due.
        Box::pin(async move { drop(writer.fire(key).await) })
    }

    fn resource(&self, key: &Key) -> String {
        S::resource(key)
    }
}

/// No code of ours panics while it holds one of these, and none leaves them half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
