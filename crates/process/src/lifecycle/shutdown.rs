//! The shutdown of a process in two phases: first running work may finish (draining), then it is
//! aborted.
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Coordinates the shutdown. While the process drains, no new work begins and running work may
/// finish. When the grace period is over, running work is aborted.
#[derive(Clone, Debug)]
pub struct Shutdown {
    drain_token: CancellationToken,
    abort_token: CancellationToken,
    grace: Duration,
}

impl Shutdown {
    /// Creates a shutdown with the given grace period, which begins when draining begins.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        let abort_token = CancellationToken::new();
        Self { drain_token: abort_token.child_token(), abort_token, grace }
    }

    /// Starts a task that drains on the first SIGTERM or SIGINT and aborts on the second.
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
            tracing::info!(signal, "draining: running work may finish");
            shutdown.drain();
            let signal = next_signal().await;
            tracing::warn!(signal, "aborting running work");
            shutdown.abort();
        });
        Ok(())
    }

    /// Begins draining and starts the grace period. Must be called within a Tokio runtime.
    pub fn drain(&self) {
        if self.drain_token.is_cancelled() {
            return;
        }
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

    #[tokio::test]
    async fn abort_cancels_both_tokens() {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        shutdown.abort();
        assert!(shutdown.drain_token().is_cancelled() && shutdown.abort_token().is_cancelled());
    }
}
