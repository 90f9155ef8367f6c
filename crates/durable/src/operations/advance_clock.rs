//! `AdvanceClock`: moves the virtual business clocks of the hosted services forward. Deadlines are
//! decided by these clocks. Each service stores its own clock.
use std::time::Duration;

use cpor_proto::operations::v1::{self as wire, advance_clock_request::Target};
use cpor_proto::wire_time::from_wire_time;
use cpor_types::Timestamp;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

use super::{OperationsServer, internal, wait_until_idle::WaitOutcome};

/// The time that is reserved for sending the response before the caller's deadline.
const RESPONSE_TIME: Duration = Duration::from_millis(250);

/// The time limit of a call without a deadline.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(60);

/// Returns the time that the call may take.
pub(super) fn time_limit<T>(request: &Request<T>) -> Duration {
    let deadline = request.extensions().get::<cpor_call::context::CallDeadline>();
    deadline.map_or(DEFAULT_TIME_LIMIT, |deadline| deadline.remaining().saturating_sub(RESPONSE_TIME))
}

impl OperationsServer {
    /// Moves the virtual clocks forward, from one due time to the next, and waits at each until all
    /// services are idle. If `time_limit` is over before that, the response lists the unfinished
    /// work. With `validate_only`, it only computes the time of the clocks. The gRPC method calls
    /// this once the caller is known; tests call it directly.
    ///
    /// # Errors
    /// Returns FAILED_PRECONDITION: `CLOCK_NOT_VIRTUAL` if the business clock shows real time, and
    /// `CLOCK_TIME_PASSED` if it is already later than the requested time.
    pub async fn handle_advance_clock(
        &self,
        request: wire::AdvanceClockRequest,
        time_limit: Duration,
    ) -> Result<wire::AdvanceClockResponse, Status> {
        let stop_time = Instant::now() + time_limit;
        if !self.hosts.iter().all(|host| host.clock().is_virtual()) {
            return Err(not_virtual());
        }
        let Ok(_clock_guard) = tokio::time::timeout_at(stop_time, self.clock_lock.lock()).await else {
            let pending_work = vec!["another call is moving the clock".to_owned()];
            let clock = Some(self.handle_get_clock().await?);
            return Ok(wire::AdvanceClockResponse { clock, fired_deadline_count: 0, pending_work });
        };
        let fired_before = self.fired_deadlines();
        // A call that only waits does not have to read the clocks, because the wait has read them.
        if request.target == Some(Target::BySeconds(0))
            && !request.validate_only
            && let WaitOutcome::Idle { clocks, .. } = self.wait_until_idle(stop_time).await?
            && clocks.windows(2).all(|pair| pair[0] == pair[1])
        {
            let fired_deadline_count = self.fired_deadlines().saturating_sub(fired_before);
            let clock = Some(self.clock_message(&clocks));
            return Ok(wire::AdvanceClockResponse { clock, fired_deadline_count, pending_work: Vec::new() });
        }
        let mut clocks = self.read_clocks().await?;
        let start = clocks.iter().max().copied().ok_or_else(not_virtual)?;
        let target = target_time(&request, start);
        if target < start {
            return Err(time_passed(target, start));
        }
        if request.validate_only {
            let clock = Some(self.clock_message(&[target]));
            return Ok(wire::AdvanceClockResponse { clock, fired_deadline_count: 0, pending_work: Vec::new() });
        }
        let pending_work = self.move_clocks(&mut clocks, start, target, stop_time).await?;
        let fired_deadline_count = self.fired_deadlines().saturating_sub(fired_before);
        Ok(wire::AdvanceClockResponse { clock: Some(self.clock_message(&clocks)), fired_deadline_count, pending_work })
    }

    /// Moves the hosts' clocks from `start`, the time of the latest clock, to `target`. Returns the
    /// unfinished work.
    async fn move_clocks(
        &self,
        clocks: &mut [Timestamp],
        start: Timestamp,
        target: Timestamp,
        stop_time: Instant,
    ) -> Result<Vec<String>, Status> {
        let mut now = start;
        loop {
            // Moves all clocks to the same time. A crash during an earlier call may have left some
            // of them behind.
            for (host, clock) in self.hosts.iter().zip(clocks.iter_mut()).filter(|(_, clock)| **clock < now) {
                *clock = host.advance_clock(now).await.map_err(internal)?;
            }
            let next_due = match self.wait_until_idle(stop_time).await? {
                WaitOutcome::Idle { next_due, .. } => next_due,
                WaitOutcome::Unfinished(unfinished) => return Ok(unfinished),
            };
            if now == target {
                return Ok(Vec::new());
            }
            if Instant::now() >= stop_time {
                return Ok(vec![format!("the clock has not reached {}", cpor_types::rfc3339(target))]);
            }
            now = next_due.map_or(target, |due| due.clamp(now, target));
        }
    }

    fn fired_deadlines(&self) -> u64 {
        self.hosts.iter().map(|host| host.context().activity.fired_deadlines()).sum()
    }
}

/// Returns the time to which the request wants the clocks to move.
fn target_time(request: &wire::AdvanceClockRequest, start: Timestamp) -> Timestamp {
    let target = match &request.target {
        Some(Target::BySeconds(seconds)) => {
            chrono::TimeDelta::try_seconds(*seconds).and_then(|by| start.checked_add_signed(by)).unwrap_or(start)
        }
        Some(Target::ToTime(time)) => from_wire_time(*time).unwrap_or(start),
        None => start,
    };
    // A later time than this cannot be stored.
    cpor_bulk_rows::storable_time(target)
}

fn time_passed(target: Timestamp, now: Timestamp) -> Status {
    let (target, now) = (cpor_types::rfc3339(target), cpor_types::rfc3339(now));
    cpor_call::status::with_reason(
        Code::FailedPrecondition,
        wire::ErrorReason::ClockTimePassed.as_str_name(),
        format!("to_time: must not be before the current business time, {now}; it is {target}"),
        &[("current_time", &now)],
    )
}

fn not_virtual() -> Status {
    let message = "the business clock shows real time; only a virtual clock can be moved";
    cpor_call::status::with_reason(
        Code::FailedPrecondition,
        wire::ErrorReason::ClockNotVirtual.as_str_name(),
        message,
        &[],
    )
}
