//! Limits how often tokens with unknown keys cause a fetch of an issuer's keys.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// The minimum time between two fetches that unknown keys cause. Regular fetches do not count.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// The maximum number of calls that wait for a fetch. Each of them takes memory, although its token
/// is not verified yet.
const MAX_WAITING: usize = 1024;

/// The demand for a fetch of keys outside of the regular interval. Any number of calls share one
/// fetch, and at most one fetch a minute is caused, because everybody can send tokens with unknown
/// keys.
#[derive(Debug)]
pub(super) struct Demand {
    state: Mutex<State>,
    /// Wakes the task that fetches.
    wake: Notify,
    /// The number of finished fetches.
    finished: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    /// True from the request, or from the start of a regular fetch, until the fetch has finished.
    /// True at first, because the keys are fetched when the process starts.
    is_pending: bool,
    last_request: Option<Instant>,
}

/// The answer to the request for a fetch.
#[derive(Debug)]
pub(super) enum FetchRequest {
    /// A fetch is due or under way. The receiver changes when it has finished.
    Accepted(watch::Receiver<u64>),
    /// No fetch is due: another one was requested less than a minute ago, and has finished.
    TooSoon,
    /// A fetch is due or under way, and too many calls wait for it already.
    TooManyWaiting,
}

impl Demand {
    pub(super) fn new() -> Self {
        let state = Mutex::new(State { is_pending: true, last_request: None });
        Self { state, wake: Notify::new(), finished: watch::Sender::new(0) }
    }

    /// Requests a fetch. The fetch is made by the task that waits for [`Self::requested`], so it does
    /// not end with the call that requested it.
    pub(super) fn request(&self) -> FetchRequest {
        let mut state = self.state();
        if !state.is_pending {
            if state.last_request.is_some_and(|last| last.elapsed() < MIN_INTERVAL) {
                return FetchRequest::TooSoon;
            }
            state.last_request = Some(Instant::now());
            state.is_pending = true;
            self.wake.notify_one();
        }
        if self.finished.receiver_count() < MAX_WAITING {
            FetchRequest::Accepted(self.finished.subscribe())
        } else {
            FetchRequest::TooManyWaiting
        }
    }

    /// Waits until a fetch is requested.
    pub(super) async fn requested(&self) {
        self.wake.notified().await;
    }

    /// Marks the start of a fetch, which requests then wait for.
    pub(super) fn begin(&self) {
        self.state().is_pending = true;
    }

    /// Marks the end of a fetch.
    pub(super) fn finish(&self) {
        self.state().is_pending = false;
        self.finished.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_requests_cause_one_fetch_a_minute() {
        let demand = Demand::new();
        demand.finish();
        let requests: Vec<_> = (0..10_000).map(|_| demand.request()).collect();
        let waiting: Vec<_> = requests
            .iter()
            .filter_map(|request| if let FetchRequest::Accepted(finished) = request { Some(finished) } else { None })
            .collect();
        assert_eq!(waiting.len(), MAX_WAITING);
        demand.requested().await;
        demand.begin();
        demand.finish();
        assert!(waiting.iter().all(|finished| finished.has_changed().unwrap()));
        drop(requests);
        let too_soon = || matches!(demand.request(), FetchRequest::TooSoon);
        assert!((0..10_000).all(|_| too_soon()), "the minute has not passed");
        tokio::time::advance(MIN_INTERVAL - Duration::from_secs(1)).await;
        assert!(too_soon());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!too_soon());
    }

    #[tokio::test(start_paused = true)]
    async fn a_regular_fetch_is_shared_and_does_not_count() {
        let demand = Demand::new();
        for _ in 0..2 {
            demand.begin();
            assert!(matches!(demand.request(), FetchRequest::Accepted(_)));
            demand.finish();
        }
        assert!(matches!(demand.request(), FetchRequest::Accepted(_)), "the first one that unknown keys cause");
    }
}
