//! Generates load: a fixed number of concurrent loops, each of which makes one call after the
//! other.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

/// The connections that concurrent calls share, and the caller's token.
#[derive(Clone)]
pub(super) struct Pool {
    channels: Arc<[Channel]>,
    token: MetadataValue<Ascii>,
}

impl Pool {
    /// Opens this number of connections. `token` is the value of the `authorization` header.
    pub(super) async fn connect(
        endpoint: &Endpoint,
        connections: usize,
        token: MetadataValue<Ascii>,
    ) -> anyhow::Result<Self> {
        let mut channels = Vec::with_capacity(connections);
        for _ in 0..connections {
            channels.push(endpoint.connect().await?);
        }
        Ok(Self { channels: channels.into(), token })
    }

    /// Returns the connection for the loop with this number.
    pub(super) fn channel(&self, loop_index: usize) -> Channel {
        self.channels[loop_index % self.channels.len()].clone()
    }

    /// Returns a request with this message and the caller's token.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

#[derive(Clone, Copy)]
pub(super) struct Load {
    /// The number of concurrent calls.
    pub(super) in_flight: usize,
    pub(super) seconds: u64,
}

/// The results of one measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    /// The median of the calls' durations.
    pub(super) median: Duration,
    /// The 99th percentile of the calls' durations.
    pub(super) p99: Duration,
}

impl Load {
    /// Repeats the call until the time is over. `call` gets the pool and the number of its loop.
    ///
    /// # Errors
    /// Returns the error of the first call that fails, which ends the measurement.
    pub(super) async fn run<F, C>(self, pool: &Pool, call: C) -> anyhow::Result<Figures>
    where
        C: Fn(Pool, usize) -> F + Clone + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send,
    {
        let start = Instant::now();
        let end = start + Duration::from_secs(self.seconds);
        let mut loops = JoinSet::new();
        for loop_index in 0..self.in_flight {
            let (pool, call) = (pool.clone(), call.clone());
            loops.spawn(async move {
                let mut durations = Vec::new();
                while Instant::now() < end {
                    let call_start = Instant::now();
                    call(pool.clone(), loop_index).await?;
                    durations.push(call_start.elapsed());
                }
                anyhow::Ok(durations)
            });
        }
        let mut durations = Vec::new();
        while let Some(result) = loops.join_next().await {
            durations.extend(result??);
        }
        Ok(figures(durations, start.elapsed()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn figures(mut durations: Vec<Duration>, elapsed: Duration) -> Figures {
    durations.sort_unstable();
    let percentile = |percent: usize| durations.get(durations.len() * percent / 100).copied().unwrap_or_default();
    let per_second = durations.len() as f64 / elapsed.as_secs_f64();
    Figures { per_second, median: percentile(50), p99: percentile(99) }
}
