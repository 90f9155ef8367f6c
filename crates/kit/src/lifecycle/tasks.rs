use std::{fmt::Display, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cpor_types::Entropy;
use futures_util::FutureExt as _;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Shutdown;
use crate::metrics::{Counters, Gauges, Metrics};

/// Work that has run this long without failing has recovered: the next failure waits the shortest time again.
const RECOVERED: Duration = Duration::from_secs(60);

/// Waiting times between attempts: doubling from `first` to `most`, each drawn evenly from nought to its length
/// ("full jitter"), so that many who failed together do not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    attempts: u32,
}

impl Backoff {
    /// From `first`, doubling, never above `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, attempts: 0 }
    }

    /// How long to wait after one more failure.
    pub fn next(&mut self, entropy: &dyn Entropy) -> Duration {
        let ceiling = self.first.saturating_mul(2_u32.saturating_pow(self.attempts)).min(self.most);
        self.attempts = self.attempts.saturating_add(1);
        ceiling.mul_f64(entropy.fraction())
    }

    /// Begins anew after a success.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// The background work of a process. It is told when the process drains, and stopped when the grace is over.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: Shutdown,
    entropy: Arc<dyn Entropy>,
    running: Gauges,
    failures: Counters,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("running", &self.tracker.len()).finish_non_exhaustive()
    }
}

impl Tasks {
    /// No work yet. `entropy` is for the jitter of restarts.
    #[must_use]
    pub fn new(shutdown: &Shutdown, metrics: &Metrics, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            tracker: TaskTracker::new(),
            shutdown: shutdown.clone(),
            entropy,
            running: metrics.gauge("cpor_background_tasks_running", "Background tasks that run now."),
            failures: metrics
                .counter("cpor_background_task_failures", "Background tasks that failed and were started again."),
        }
    }

    /// Runs a loop for as long as the process lives. `work` is given a token that is cancelled when the process
    /// drains, and returns `Ok` soon after. When it fails or panics it is started again after a pause with jitter.
    pub fn supervise<W, F, E>(&self, name: impl Into<String>, work: W)
    where
        W: Fn(CancellationToken) -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let (tasks, name) = (self.clone(), name.into());
        let hard = self.shutdown.hard();
        self.tracker.spawn(async move {
            tasks.running.add(&[("task", &name)], 1.0);
            tokio::select! {
                () = tasks.keep(&name, work) => {}
                () = hard.cancelled() => tracing::warn!(task = name, "stopped before it was done"),
            }
            tasks.running.add(&[("task", &name)], -1.0);
        });
    }

    /// Runs something once; it is dropped when the grace is over.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let hard = self.shutdown.hard();
        self.tracker.spawn(async move {
            tokio::select! {
                () = work => {}
                () = hard.cancelled() => {}
            }
        });
    }

    /// Waits until all work is done, which it is some time after the process began to drain.
    pub async fn join(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    async fn keep<W, F, E>(&self, name: &str, work: W)
    where
        W: Fn(CancellationToken) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let stop = self.shutdown.draining();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        loop {
            let began = Instant::now();
            match AssertUnwindSafe(work(stop.clone())).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(task = name, %error, "background task failed"),
                Err(_panic) => tracing::error!(task = name, "background task panicked"),
            }
            self.failures.add(&[("task", name)], 1);
            if began.elapsed() > RECOVERED {
                backoff.reset();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next(&*self.entropy)) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use cpor_types::SeededEntropy;

    use super::*;

    fn tasks(metrics: &Metrics) -> (Tasks, Shutdown) {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        (Tasks::new(&shutdown, metrics, Arc::new(SeededEntropy::new(1))), shutdown)
    }

    #[tokio::test(start_paused = true)]
    async fn failing_and_panicking_work_is_started_again_until_the_process_drains() {
        let metrics = Metrics::new();
        let (tasks, shutdown) = tasks(&metrics);
        let (runs, done) = (Arc::new(AtomicU32::new(0)), Arc::new(tokio::sync::Notify::new()));
        let (counted, told) = (runs.clone(), done.clone());
        tasks.supervise("relay", move |stop| {
            let (run, told) = (counted.fetch_add(1, Ordering::SeqCst), told.clone());
            async move {
                match run {
                    0 => Err("no connection"),
                    1 => panic!("a defect"),
                    _ => {
                        told.notify_one();
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            }
        });
        done.notified().await;
        let text = metrics.encode();
        assert!(text.contains("cpor_background_task_failures_total{task=\"relay\"} 2"), "{text}");
        assert!(text.contains("cpor_background_tasks_running{task=\"relay\"} 1"), "{text}");
        shutdown.drain();
        tasks.join().await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert!(metrics.encode().contains("cpor_background_tasks_running{task=\"relay\"} 0"));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_stop_is_dropped_when_the_grace_is_over() {
        let (tasks, shutdown) = tasks(&Metrics::new());
        tasks.supervise("stubborn", |_| std::future::pending::<Result<(), String>>());
        tasks.spawn(std::future::pending());
        shutdown.drain();
        tasks.join().await;
        assert!(shutdown.hard().is_cancelled());
    }

    #[test]
    fn waiting_times_double_up_to_a_limit() {
        let entropy = SeededEntropy::new(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for most in [1, 2, 4, 5, 5] {
            assert!(backoff.next(&entropy) <= Duration::from_secs(most));
        }
        backoff.reset();
        assert!(backoff.next(&entropy) <= Duration::from_secs(1));
    }
}
