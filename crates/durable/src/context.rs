//! The resources that the writers, relays and deadline runners of one hosted service share. A
//! *writer* commits changes of *aggregates* (units such as a claim that are saved as a whole); a
//! *relay* sends events to other services. A *lease* is the right of one relay to deliver a stream
//! of events for a limited time.
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cpor_database::Db;
use cpor_types::{Clock, Entropy, Service};
use tokio::sync::{Notify, OnceCell, watch};

use crate::{BusinessClock, deadline_runner::POLL_INTERVAL, metrics::HostMetrics};

/// The shared resources of one hosted service.
pub(crate) struct HostContext {
    pub(crate) service: Service,
    /// The service's own database.
    pub(crate) db: Db,
    /// The clock by which commands and deadlines are decided.
    pub(crate) business_clock: BusinessClock,
    /// Real time, for leases, back-off and the expiry of request ids.
    pub(crate) clock: Arc<dyn Clock>,
    /// The source of lease tokens and jitter.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The metrics of writers, relays and the deadline runner.
    pub(crate) metrics: HostMetrics,
    /// Notifications between the tasks of this process.
    pub(crate) notifications: Notifications,
    /// Counters from which an idle service is recognised.
    pub(crate) activity: ActivityCounters,
    /// Set once the leases that a crashed process left in the outbox have been released.
    pub(crate) stale_leases_released: OnceCell<()>,
}

impl HostContext {
    /// Notifies the tasks that a commit concerns: watchers, relays and the deadline runner.
    pub(crate) fn notify_committed(&self, summary: CommitSummary) {
        let CommitSummary { owners, destinations, next_due_in, fired_deadlines } = summary;
        self.activity.fired_deadlines.fetch_add(fired_deadlines, Ordering::Relaxed);
        self.notifications.notify_commit(&owners);
        for destination in destinations {
            self.notifications.relay(destination).notify_one();
        }
        // The runner finds a later deadline without a notification, when it polls.
        if next_due_in.is_some_and(|delay| delay.to_std().unwrap_or_default() < POLL_INTERVAL) {
            self.notifications.deadline_runner().notify_one();
        }
    }
}

/// The parts of a committed transaction that other tasks of the process are notified of.
#[derive(Debug, Default)]
pub(crate) struct CommitSummary {
    /// The owners (usually partners or tenants) of the aggregates that changed.
    pub(crate) owners: BTreeSet<String>,
    /// The services for which events were added to the outbox.
    pub(crate) destinations: BTreeSet<Service>,
    /// The number of deadlines that were applied.
    pub(crate) fired_deadlines: u64,
    /// The time until the first of the new deadlines is due. `None` if no deadline was set.
    pub(crate) next_due_in: Option<chrono::TimeDelta>,
}

/// Notifications between the tasks of one process. A lost notification only causes a delay, because
/// every task also polls.
#[derive(Default)]
pub(crate) struct Notifications {
    /// The notifications of the relay tasks, by destination.
    relays: [Notify; Service::ALL.len()],
    deadline_runner: Notify,
    /// The number of commits that changed an aggregate.
    commit_count: watch::Sender<u64>,
    /// The number of commits by owner, for each owner that has a watcher.
    commit_counts: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Notifications {
    /// Returns the notification for the relay tasks that deliver to `destination`.
    pub(crate) fn relay(&self, destination: Service) -> &Notify {
        &self.relays[destination as usize]
    }

    /// Returns the notification for the deadline runner, which applies passed deadlines.
    pub(crate) fn deadline_runner(&self) -> &Notify {
        &self.deadline_runner
    }

    /// Returns a value that changes with every commit of this process that changes an aggregate of
    /// `owner`.
    pub(crate) fn watch_commits(&self, owner: &str) -> watch::Receiver<u64> {
        let mut counts = self.commit_counts.lock().unwrap_or_else(PoisonError::into_inner);
        // Drop the owners that no longer have a watcher.
        counts.retain(|_, sender| sender.receiver_count() > 0);
        counts.entry(owner.to_owned()).or_default().subscribe()
    }

    /// Returns a value that changes with every commit of this process that changes an aggregate.
    pub(crate) fn watch_all_commits(&self) -> watch::Receiver<u64> {
        self.commit_count.subscribe()
    }

    /// Notifies the watchers of a commit that changed aggregates of these owners.
    fn notify_commit(&self, owners: &BTreeSet<String>) {
        if !owners.is_empty() {
            self.commit_count.send_modify(|count| *count += 1);
        }
        let counts = self.commit_counts.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in owners.iter().filter_map(|owner| counts.get(owner)) {
            sender.send_modify(|count| *count += 1);
        }
    }
}

/// Counters of transactions, deadlines and deliveries. The service is idle while they do not
/// change.
#[derive(Default)]
pub(crate) struct ActivityCounters {
    begun_transactions: AtomicU64,
    ended_transactions: AtomicU64,
    fired_deadlines: AtomicU64,
    delivered_events: AtomicU64,
}

/// A guard that is dropped when a writer's transaction has ended.
pub(crate) struct TransactionGuard<'a>(&'a ActivityCounters);

impl Drop for TransactionGuard<'_> {
    fn drop(&mut self) {
        self.0.ended_transactions.fetch_add(1, Ordering::SeqCst);
    }
}

impl ActivityCounters {
    /// Counts the start of a writer's transaction; dropping the guard counts its end. The writer
    /// drops the guard after the commit, because other tasks can see the committed data before the
    /// writer's own task continues.
    pub(crate) fn begin_transaction(&self) -> TransactionGuard<'_> {
        self.begun_transactions.fetch_add(1, Ordering::SeqCst);
        TransactionGuard(self)
    }

    pub(crate) fn add_delivered_events(&self, count: u64) {
        self.delivered_events.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns the number of deadlines that were applied since the process started.
    pub(crate) fn fired_deadlines(&self) -> u64 {
        self.fired_deadlines.load(Ordering::Relaxed)
    }

    /// Returns a number that grows with every transaction and delivery, or `None` while a
    /// transaction is under way.
    pub(crate) fn total(&self) -> Option<u64> {
        // `ended` is read first: if the two are equal, no transaction was under way when `ended`
        // was read.
        let ended = self.ended_transactions.load(Ordering::SeqCst);
        let begun = self.begun_transactions.load(Ordering::SeqCst);
        (ended == begun).then(|| begun + self.delivered_events.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_notifies_only_watchers_of_its_owner() {
        let notifications = Notifications::default();
        let contoso = notifications.watch_commits("contoso");
        let northwind = notifications.watch_commits("northwind");
        let everybody = notifications.watch_all_commits();
        notifications.notify_commit(&BTreeSet::new());
        assert!(!everybody.has_changed().unwrap(), "nothing was changed");
        notifications.notify_commit(&BTreeSet::from(["contoso".to_owned(), "fabrikam".to_owned()]));
        let watchers = [&contoso, &northwind, &everybody];
        assert_eq!(watchers.map(|watcher| watcher.has_changed().unwrap()), [true, false, true]);
        drop(northwind);
        drop(notifications.watch_commits("contoso"));
        let counts = notifications.commit_counts.lock().unwrap();
        assert_eq!(counts.keys().collect::<Vec<_>>(), ["contoso"], "northwind has no watcher any more");
    }

    #[test]
    fn a_transaction_under_way_or_ended_counts_as_activity() {
        let activity = ActivityCounters::default();
        let before = activity.total();
        assert!(before.is_some());
        let transaction = activity.begin_transaction();
        assert_eq!(activity.total(), None);
        drop(transaction);
        assert!(activity.total() > before);
    }
}
