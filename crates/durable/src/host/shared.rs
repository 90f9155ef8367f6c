//! What the parts of a host share.
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cpor_kit::Db;
use cpor_types::{Clock, Entropy, Service};
use tokio::sync::{Notify, OnceCell, watch};

use crate::{BusinessClock, meters::Meters, writer::Wake};

/// One service's means.
pub(crate) struct Shared {
    pub(crate) service: Service,
    pub(crate) db: Db,
    pub(crate) clock: BusinessClock,
    pub(crate) wall: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) meters: Meters,
    pub(crate) wakes: Wakes,
    pub(crate) activity: Activity,
    /// Set once the leases of a process that died have been ended.
    pub(crate) leases_ended: OnceCell<()>,
}

impl Shared {
    /// Tells those whom a commit gives something to do.
    pub(crate) fn committed(&self, Wake { owners, destinations, next_due, fired }: Wake) {
        self.activity.fired.fetch_add(fired, Ordering::Relaxed);
        self.wakes.committed(&owners);
        for destination in destinations {
            self.wakes.relay(destination).notify_one();
        }
        // The runner sleeps no longer than a second, so a later deadline finds it awake.
        if next_due.is_some_and(|next| next < chrono::TimeDelta::seconds(1)) {
            self.wakes.runner().notify_one();
        }
    }
}

/// Notifications. Losing one costs time only: everybody polls as well.
#[derive(Default)]
pub(crate) struct Wakes {
    relays: [Notify; Service::ALL.len()],
    runner: Notify,
    /// Commits of this process, for those who wait for an owner's.
    commits: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Wakes {
    pub(crate) fn relay(&self, destination: Service) -> &Notify {
        &self.relays[destination as usize]
    }

    pub(crate) fn runner(&self) -> &Notify {
        &self.runner
    }

    /// Changes with every commit of this process that changes something of `owner`.
    pub(crate) fn commits(&self, owner: &str) -> watch::Receiver<u64> {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        // Owners whom nobody waits for any more.
        commits.retain(|_, waiting| waiting.receiver_count() > 0);
        commits.entry(owner.to_owned()).or_default().subscribe()
    }

    fn committed(&self, owners: &BTreeSet<String>) {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        for waiting in owners.iter().filter_map(|owner| commits.get(owner)) {
            waiting.send_modify(|commits| *commits += 1);
        }
    }
}

/// Counts of what has happened, by which it is seen that nothing happens any more.
#[derive(Default)]
pub(crate) struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
    fired: AtomicU64,
    delivered: AtomicU64,
}

/// A writer's transaction that is under way.
pub(crate) struct UnderWay<'a>(&'a Activity);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Activity {
    /// A writer's transaction begins. It is under way until the answer is dropped: others see what it committed before its own task does.
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        UnderWay(self)
    }

    pub(crate) fn delivered(&self, events: u64) {
        self.delivered.fetch_add(events, Ordering::Relaxed);
    }

    /// Deadlines fired since the start.
    pub(crate) fn fired(&self) -> u64 {
        self.fired.load(Ordering::Relaxed)
    }

    /// A number that grows with whatever happens; `None` while a transaction is under way.
    pub(crate) fn total(&self) -> Option<u64> {
        // In this order: where they are the same, nothing was under way when the first was read.
        let (ended, begun) = (self.ended.load(Ordering::SeqCst), self.begun.load(Ordering::SeqCst));
        (ended == begun).then(|| begun + self.delivered.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_waits_for_the_owner_is_woken() {
        let wakes = Wakes::default();
        let (ours, theirs) = (wakes.commits("contoso"), wakes.commits("northwind"));
        wakes.committed(&BTreeSet::from(["contoso".to_owned(), "fabrikam".to_owned()]));
        assert_eq!([&ours, &theirs].map(|waiting| waiting.has_changed().unwrap()), [true, false]);
        drop(theirs);
        drop(wakes.commits("contoso"));
        assert_eq!(wakes.commits.lock().unwrap().keys().collect::<Vec<_>>(), ["contoso"], "nobody waits for the other");
    }

    #[test]
    fn what_is_under_way_is_no_rest_and_neither_is_what_went_by_meanwhile() {
        let activity = Activity::default();
        let before = activity.total();
        assert!(before.is_some());
        let running = activity.begin();
        assert_eq!(activity.total(), None);
        drop(running);
        assert!(activity.total() > before);
    }
}
