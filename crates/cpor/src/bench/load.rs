//! Generates load: a fixed number of concurrent loops, each of which makes one call after the
//! other.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use super::cpu;

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

/// The size of the load.
#[derive(Clone, Copy)]
pub(super) struct Load {
    /// The number of concurrent loops.
    pub(super) in_flight: usize,
    /// The duration of the measurement.
    pub(super) seconds: u64,
}

/// The results of one measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// The number of calls per second.
    pub(super) per_second: f64,
    /// The median of the calls' durations.
    pub(super) median: Duration,
    /// The 99th percentile of the calls' durations.
    pub(super) p99: Duration,
    /// The processor time of the whole machine for each call, if it can be measured.
    pub(super) cpu: Option<Duration>,
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
        let pool = pool.clone();
        let repeat = move |n| {
            let (pool, call) = (pool.clone(), call.clone());
            async move {
                let start = Instant::now();
                call(pool, n).await?;
                Ok(start.elapsed())
            }
        };
        let measurement = self.repeat(repeat).await?;
        Ok(measurement.figures(measurement.results.clone()))
    }

    /// Repeats an action in each of the loops until the time is over, and collects the results.
    ///
    /// # Errors
    /// Returns the error of the first action that fails, which ends the measurement.
    pub(super) async fn repeat<T, F, A>(self, action: A) -> anyhow::Result<Measurement<T>>
    where
        T: Send + 'static,
        A: Fn(usize) -> F + Clone + Send + 'static,
        F: Future<Output = anyhow::Result<T>> + Send,
    {
        let (start, cpu) = (Instant::now(), cpu::processor_time());
        let end = start + Duration::from_secs(self.seconds);
        let mut loops = JoinSet::new();
        for n in 0..self.in_flight {
            let action = action.clone();
            loops.spawn(async move {
                let mut results = Vec::new();
                while Instant::now() < end {
                    results.push(action(n).await?);
                }
                anyhow::Ok(results)
            });
        }
        let mut results = Vec::new();
        while let Some(result) = loops.join_next().await {
            results.extend(result??);
        }
        let cpu = cpu.zip(cpu::processor_time()).map(|(before, after)| after.saturating_sub(before));
        Ok(Measurement { results, elapsed: start.elapsed(), cpu })
    }
}

/// The results of all loops of one measurement.
pub(super) struct Measurement<T> {
    /// One result for each action.
    pub(super) results: Vec<T>,
    elapsed: Duration,
    /// The processor time of the whole machine, if it can be measured.
    cpu: Option<Duration>,
}

impl<T> Measurement<T> {
    /// Computes the figures for durations, of which there is one for each action.
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
    pub(super) fn figures(&self, mut durations: Vec<Duration>) -> Figures {
        durations.sort_unstable();
        let count = durations.len();
        let percentile = |percent: usize| durations.get(count * percent / 100).copied().unwrap_or_default();
        Figures {
            per_second: count as f64 / self.elapsed.as_secs_f64(),
            median: percentile(50),
            p99: percentile(99),
            cpu: self.cpu.map(|cpu| cpu.div_f64(count.max(1) as f64)),
        }
    }
}
