//! Background tasks and the delays between their restarts. A process *drains* when it shuts down:
//! no new work begins, and running work may finish.
use std::{fmt::Display, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cpor_types::Entropy;
use futures_util::FutureExt as _;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Shutdown;
use crate::metrics::{Counters, Gauges, Metrics};

/// A task that has run this long without failing counts as recovered. After its next failure, the
/// ceiling of the delays begins at its initial value again.
const RECOVERY_TIME: Duration = Duration::from_secs(60);

/// The delays between attempts: exponential back-off with full jitter. Each delay is random between
/// zero and a ceiling, which is doubled from `initial` up to `max`. Random delays keep tasks that
/// failed together from retrying together.
#[derive(Clone, Debug)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
    /// The number of failures since the last reset.
    failures: u32,
}

impl Backoff {
    /// Creates a back-off whose ceiling begins at `initial` and doubles up to `max`.
    #[must_use]
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, failures: 0 }
    }

    /// Returns the delay after one more failure.
    pub fn next_delay(&mut self, entropy: &dyn Entropy) -> Duration {
        let ceiling = self.initial.saturating_mul(2_u32.saturating_pow(self.failures)).min(self.max);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(entropy.fraction())
    }

    /// Starts again with the initial ceiling, after a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The background tasks of a process. They are asked to stop when the process drains, and aborted
/// when the grace period is over.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: Shutdown,
    entropy: Arc<dyn Entropy>,
    /// The number of running tasks, by name.
    running_gauge: Gauges,
    /// Counts the errors and panics of tasks, by name.
    failures: Counters,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks").field("running", &self.tracker.len()).finish_non_exhaustive()
    }
}

impl Tasks {
    /// Creates an empty set of tasks. `entropy` provides the jitter of restarts.
    #[must_use]
    pub fn new(shutdown: &Shutdown, metrics: &Metrics, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            tracker: TaskTracker::new(),
            shutdown: shutdown.clone(),
            entropy,
            running_gauge: metrics.gauge("cpor_background_tasks_running", "Background tasks that are running."),
            failures: metrics.counter("cpor_background_task_failures", "Failures of background tasks."),
        }
    }

    /// Runs a task until the process drains. `work` gets a token that is cancelled when the process
    /// drains; `work` must then return `Ok` soon. If it returns an error or panics, it is started
    /// again after a delay.
    pub fn supervise<W, F, E>(&self, name: impl Into<String>, work: W)
    where
        W: Fn(CancellationToken) -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let (tasks, name) = (self.clone(), name.into());
        let abort_token = self.shutdown.abort_token();
        self.tracker.spawn(async move {
            tasks.running_gauge.add(&[("task", &name)], 1.0);
            tokio::select! {
                () = tasks.run_with_restarts(&name, work) => {}
                () = abort_token.cancelled() => tracing::warn!(task = name, "background task aborted"),
            }
            tasks.running_gauge.add(&[("task", &name)], -1.0);
        });
    }

    /// Runs a future once. It is dropped when the grace period is over.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let abort_token = self.shutdown.abort_token();
        self.tracker.spawn(async move {
            tokio::select! {
                () = work => {}
                () = abort_token.cancelled() => {}
            }
        });
    }

    /// Waits until all tasks have ended. Call it after draining began.
    pub async fn join(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }

    /// Runs `work` until it returns `Ok`; restarts it after errors and panics until the process
    /// drains.
    async fn run_with_restarts<W, F, E>(&self, name: &str, work: W)
    where
        W: Fn(CancellationToken) -> F,
        F: Future<Output = Result<(), E>>,
        E: Display,
    {
        let drain_token = self.shutdown.drain_token();
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        loop {
            let start = Instant::now();
            match AssertUnwindSafe(work(drain_token.clone())).catch_unwind().await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(task = name, %error, "background task failed"),
                Err(_panic) => tracing::error!(task = name, "background task panicked"),
            }
            self.failures.add(&[("task", name)], 1);
            if start.elapsed() > RECOVERY_TIME {
                backoff.reset();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next_delay(&*self.entropy)) => {}
                () = drain_token.cancelled() => return,
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
    async fn restarts_failed_and_panicked_tasks() {
        let metrics = Metrics::new();
        let (tasks, shutdown) = tasks(&metrics);
        let (runs, third_run_started) = (Arc::new(AtomicU32::new(0)), Arc::new(tokio::sync::Notify::new()));
        let (run_counter, started) = (runs.clone(), third_run_started.clone());
        tasks.supervise("relay", move |stop| {
            let (run, started) = (run_counter.fetch_add(1, Ordering::SeqCst), started.clone());
            async move {
                match run {
                    0 => Err("no connection"),
                    1 => panic!("a defect"),
                    _ => {
                        started.notify_one();
                        stop.cancelled().await;
                        Ok(())
                    }
                }
            }
        });
        third_run_started.notified().await;
        let text = metrics.encode();
        assert!(text.contains("cpor_background_task_failures_total{task=\"relay\"} 2"), "{text}");
        assert!(text.contains("cpor_background_tasks_running{task=\"relay\"} 1"), "{text}");
        shutdown.drain();
        tasks.join().await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
        assert!(metrics.encode().contains("cpor_background_tasks_running{task=\"relay\"} 0"));
    }

    #[tokio::test(start_paused = true)]
    async fn aborts_tasks_that_do_not_stop() {
        let (tasks, shutdown) = tasks(&Metrics::new());
        tasks.supervise("stubborn", |_| std::future::pending::<Result<(), String>>());
        tasks.spawn(std::future::pending());
        shutdown.drain();
        tasks.join().await;
        assert!(shutdown.abort_token().is_cancelled());
    }

    #[test]
    fn delays_double_up_to_a_limit() {
        let entropy = SeededEntropy::new(7);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for max in [1, 2, 4, 5, 5] {
            assert!(backoff.next_delay(&entropy) <= Duration::from_secs(max));
        }
        backoff.reset();
        assert!(backoff.next_delay(&entropy) <= Duration::from_secs(1));
    }
}
