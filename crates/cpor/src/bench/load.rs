//! A closed loop of calls: as many in flight as asked for, each followed by the next.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::Instant};
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

/// Connections to share, and the caller's token.
#[derive(Clone)]
pub(super) struct Pool {
    channels: Arc<[Channel]>,
    token: MetadataValue<Ascii>,
}

impl Pool {
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

    /// One of the connections.
    pub(super) fn channel(&self, n: usize) -> Channel {
        self.channels[n % self.channels.len()].clone()
    }

    /// The message with the caller's token.
    pub(super) fn authorised<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

/// How much load, and for how long.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) in_flight: usize,
    pub(super) seconds: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) median: Duration,
    pub(super) p99: Duration,
}

impl Load {
    /// Calls until the time is over; the first failure ends it.
    pub(super) async fn run<F, C>(self, pool: &Pool, call: C) -> anyhow::Result<Figures>
    where
        C: Fn(Pool, usize) -> F + Clone + Send + 'static,
        F: Future<Output = anyhow::Result<()>> + Send,
    {
        let start = Instant::now();
        let end = start + Duration::from_secs(self.seconds);
        let mut loops = JoinSet::new();
        for n in 0..self.in_flight {
            let (pool, call) = (pool.clone(), call.clone());
            loops.spawn(async move {
                let mut taken = Vec::new();
                while Instant::now() < end {
                    let begun = Instant::now();
                    call(pool.clone(), n).await?;
                    taken.push(begun.elapsed());
                }
                anyhow::Ok(taken)
            });
        }
        let mut taken = Vec::new();
        while let Some(ended) = loops.join_next().await {
            taken.extend(ended??);
        }
        Ok(figures(taken, start.elapsed()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn figures(mut taken: Vec<Duration>, elapsed: Duration) -> Figures {
    taken.sort_unstable();
    let at = |share: usize| taken.get(taken.len() * share / 100).copied().unwrap_or_default();
    Figures { per_second: taken.len() as f64 / elapsed.as_secs_f64(), median: at(50), p99: at(99) }
}
