use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How a process ends: softly first (nothing new is begun, what runs may finish), hard when the grace is over.
#[derive(Clone, Debug)]
pub struct Shutdown {
    draining: CancellationToken,
    hard: CancellationToken,
    grace: Duration,
}

impl Shutdown {
    /// Running work gets `grace` to finish once draining began.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        let hard = CancellationToken::new();
        Self { draining: hard.child_token(), hard, grace }
    }

    /// Drains on the first SIGTERM or SIGINT, and ends at once on the second.
    ///
    /// # Errors
    /// The operating system does not hand out signals.
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let signal = next().await;
            tracing::info!(signal, "draining: running work may finish");
            shutdown.drain();
            let signal = next().await;
            tracing::warn!(signal, "ending at once");
            shutdown.abort();
        });
        Ok(())
    }

    /// Begins to drain: not ready, no new work, and the end when the grace is over. Must be called within a Tokio runtime.
    pub fn drain(&self) {
        if self.draining.is_cancelled() {
            return;
        }
        self.draining.cancel();
        let (hard, grace) = (self.hard.clone(), self.grace);
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(grace) => hard.cancel(),
                () = hard.cancelled() => {}
            }
        });
    }

    /// Ends now, whatever runs.
    pub fn abort(&self) {
        self.hard.cancel();
    }

    /// Cancelled when draining begins: begin nothing new.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Cancelled when the grace is over: stop where you stand.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn draining_turns_hard_when_the_grace_is_over() {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        let began = tokio::time::Instant::now();
        shutdown.drain();
        assert!(shutdown.draining().is_cancelled() && !shutdown.hard().is_cancelled());
        shutdown.hard().cancelled().await;
        assert_eq!(began.elapsed().as_secs(), 20);
    }

    #[tokio::test]
    async fn aborting_ends_both() {
        let shutdown = Shutdown::new(Duration::from_secs(20));
        shutdown.abort();
        assert!(shutdown.draining().is_cancelled() && shutdown.hard().is_cancelled());
    }
}
