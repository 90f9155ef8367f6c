use std::time::Duration;

use cpor_proto::operations::v1::{self as wire, advance_clock_request::Target};
use cpor_types::Timestamp;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::{OperationsServer, internal};
use crate::deadline::index;

/// Time for answering before the caller gives up.
const MARGIN: Duration = Duration::from_millis(250);

/// Time for a call that names no deadline.
const DEFAULT: Duration = Duration::from_secs(60);

/// How long a call may take.
pub(super) fn time_allowed<T>(request: &Request<T>) -> Duration {
    let deadline = request.extensions().get::<cpor_kit::server::CallDeadline>();
    deadline.map_or(DEFAULT, |deadline| deadline.remaining().saturating_sub(MARGIN))
}

impl OperationsServer {
    /// Moves a virtual clock forward, from one due time to the next, each time until everything has come to rest. What
    /// the gRPC method does once the caller is known; also for tests.
    ///
    /// # Errors
    /// FAILED_PRECONDITION `CLOCK_NOT_VIRTUAL`.
    pub async fn advance(
        &self,
        request: wire::AdvanceClockRequest,
        within: Duration,
    ) -> Result<wire::AdvanceClockResponse, Status> {
        let until = Instant::now() + within;
        if !self.hosts.iter().all(|host| host.clock().is_virtual()) {
            return Err(not_virtual());
        }
        let Ok(_alone) = tokio::time::timeout_at(until, self.moving.lock()).await else {
            let unsettled = vec!["another call is moving the clock".to_owned()];
            return Ok(wire::AdvanceClockResponse { clock: Some(self.clock().await?), fired: 0, unsettled });
        };
        let before = self.fired();
        let mut clocks = self.clocks().await?;
        let start = clocks.iter().max().copied().ok_or_else(not_virtual)?;
        let target = target(&request, start).max(start);
        let unsettled = self.step_through(&mut clocks, start, target, until).await?;
        let fired = self.fired().saturating_sub(before);
        Ok(wire::AdvanceClockResponse { clock: Some(self.shown(&clocks)), fired, unsettled })
    }

    /// Moves the hosts' clocks from `start`, the latest of them, to `target`.
    async fn step_through(
        &self,
        clocks: &mut [Timestamp],
        start: Timestamp,
        target: Timestamp,
        until: Instant,
    ) -> Result<Vec<String>, Status> {
        let mut now = start;
        loop {
            // All together, those too that a crash has left behind.
            for (host, clock) in self.hosts.iter().zip(clocks.iter_mut()).filter(|(_, clock)| **clock < now) {
                *clock = host.advance(now).await.map_err(internal)?;
            }
            let unsettled = self.settle(until).await?;
            if !unsettled.is_empty() || now == target {
                return Ok(unsettled);
            }
            if Instant::now() >= until {
                return Ok(vec![format!("the clock has not reached {}", cpor_types::rfc3339(target))]);
            }
            now = self.next_due().await?.map_or(target, |due| due.clamp(now, target));
        }
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Status> {
        let mut next: Option<Timestamp> = None;
        for host in self.hosts.iter() {
            let waiting = index::earliest(host.db().writer(), 1).await.map_err(internal)?;
            next = waiting.into_iter().map(|waiting| waiting.due).chain(next).min();
        }
        Ok(next)
    }

    fn fired(&self) -> u64 {
        self.hosts.iter().map(|host| host.shared().activity.fired()).sum()
    }
}

fn target(request: &wire::AdvanceClockRequest, start: Timestamp) -> Timestamp {
    match &request.target {
        Some(Target::BySeconds(seconds)) => {
            chrono::TimeDelta::try_seconds(*seconds).and_then(|by| start.checked_add_signed(by)).unwrap_or(start)
        }
        Some(Target::ToTime(time)) => crate::wire::timestamp_from(time).unwrap_or(start),
        None => start,
    }
}

fn not_virtual() -> Status {
    let message = "the clock is real: nobody moves it";
    cpor_kit::status::refused(Code::FailedPrecondition, "CLOCK_NOT_VIRTUAL", message, &[])
}
