//! The shutdown of a process in three phases: first it only says that it is leaving, so that
//! callers turn to other replicas; then running work may finish (draining); then it is aborted.
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Coordinates the shutdown. While the process is leaving, it works as before. While it drains, no
/// new work begins and running work may finish. When the grace period is over, running work is
/// aborted.
#[derive(Clone, Debug)]
pub struct Shutdown {
    /// Cancelled when the process says that it is leaving.
    leave_token: CancellationToken,
    /// Cancelled when draining begins.
    drain_token: CancellationToken,
    /// Cancelled when running work is aborted.
    abort_token: CancellationToken,
    /// The time between leaving and draining.
    pause: Duration,
    /// The time that running work has after draining begins.
    grace: Duration,
}

impl Shutdown {
    /// Creates a shutdown that drains at once, with the given grace period, which begins when
    /// draining begins.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        let abort_token = CancellationToken::new();
        let drain_token = abort_token.child_token();
        Self { leave_token: abort_token.child_token(), drain_token, abort_token, pause: Duration::ZERO, grace }
    }

    /// Returns the same shutdown with this pause between leaving and draining.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Starts a task that leaves and then drains on the first SIGTERM or SIGINT, and aborts on the
    /// second.
    ///
    /// # Errors
    /// Returns an error if the operating system does not deliver signals.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            let mut next_signal = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let signal = next_signal().await;
            tracing::info!(signal, pause = ?shutdown.pause, "leaving: other replicas get new requests");
            let aborting = async {
                let signal = next_signal().await;
                tracing::warn!(signal, "aborting running work");
                shutdown.abort();
            };
            tokio::join!(shutdown.leave(), aborting);
        });
        Ok(())
    }

    /// Says that the process is leaving. Begins draining after the pause.
    pub async fn leave(&self) {
        self.leave_token.cancel();
        tokio::select! {
            () = tokio::time::sleep(self.pause) => self.drain(),
            () = self.abort_token.cancelled() => {}
        }
    }

    /// Begins draining and starts the grace period. Must be called within a Tokio runtime.
    pub fn drain(&self) {
        if self.drain_token.is_cancelled() {
            return;
        }
        tracing::info!("draining: running work may finish");
        self.leave_token.cancel();
        self.drain_token.cancel();
        let (abort_token, grace) = (self.abort_token.clone(), self.grace);
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(grace) => abort_token.cancel(),
                () = abort_token.cancelled() => {}
            }
        });
    }

    /// Aborts running work immediately.
    pub fn abort(&self) {
        self.abort_token.cancel();
    }

    /// Returns the token that is cancelled when the process says that it is leaving.
    #[must_use]
    pub fn leave_token(&self) -> CancellationToken {
        self.leave_token.clone()
    }

    /// Returns the token that is cancelled when draining begins. After that, begin no new work.
    #[must_use]
    pub fn drain_token(&self) -> CancellationToken {
        self.drain_token.clone()
    }

    /// Returns the token that is cancelled when the grace period is over or [`Self::abort`] is
    /// called. After that, stop running work.
    #[must_use]
    pub fn abort_token(&self) -> CancellationToken {
        self.abort_token.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn aborts_when_the_grace_period_is_over() {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        let start = tokio::time::Instant::now();
        shutdown.drain();
        assert!(shutdown.drain_token().is_cancelled() && !shutdown.abort_token().is_cancelled());
        shutdown.abort_token().cancelled().await;
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn works_on_between_leaving_and_draining() {
        let shutdown = Shutdown::new(Duration::from_secs(20)).with_pause(Duration::from_secs(8));
        let start = tokio::time::Instant::now();
        let leaving = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.leave().await }
        });
        shutdown.leave_token().cancelled().await;
        assert_eq!((start.elapsed().as_secs(), shutdown.drain_token().is_cancelled()), (0, false));
        shutdown.drain_token().cancelled().await;
        leaving.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 8);
    }

    #[tokio::test]
    async fn abort_cancels_both_tokens() {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        shutdown.abort();
        assert!(shutdown.drain_token().is_cancelled() && shutdown.abort_token().is_cancelled());
    }
}
