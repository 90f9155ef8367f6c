//! Opens watches (response streams that send a client each new entry of a log, which is a table
//! whose rows are numbered in the order of commits) and streams their messages.
//!
//! The timers here use real time, the clock of the Tokio runtime. They determine only the
//! transport: when a heartbeat keeps the connection alive, when the log is read for commits of
//! other replicas (processes that host the same service), and when the stream ends before the
//! deadline of its call. They do not use the business clock, which can be virtual. Each wait is at
//! most [`POLL_INTERVAL`], and a watch ends at the deadline of its call, at the latest after
//! [`DEFAULT_DURATION`] if the call has none.
use std::{collections::VecDeque, pin::Pin, time::Duration};

use cpor_auth::Caller;
use cpor_call::context::CallDeadline;
use cpor_call::status;
use cpor_listing::page::PageTokens;
use cpor_proto::options::v1::ErrorReason;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

use super::{
    LogPosition, WatchedLog,
    limiter::{WatchLimiter, WatchPermit},
};
use crate::{Host, status::store_error};

/// The stream of the messages of a watch.
pub type WatchStream<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// The number of log entries that one read returns.
const PAGE_SIZE: u64 = 100;
/// The interval at which the log is read to find commits of other replicas.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The time before the deadline of the call at which the stream ends, so that it ends with OK and
/// not with DEADLINE_EXCEEDED.
const END_MARGIN: Duration = Duration::from_secs(1);
/// The duration of a stream whose call has no deadline.
const DEFAULT_DURATION: Duration = Duration::from_secs(300);

/// The state that all watches of one hosted service share. Cheap to clone.
#[derive(Clone)]
pub struct Watches {
    limiter: WatchLimiter,
    /// The time without a change after which a watch sends a heartbeat.
    heartbeat: Duration,
    /// Cancelled when the process starts to shut down. The watches end then.
    draining: CancellationToken,
}

/// A request to open a watch.
pub struct WatchRequest<'a> {
    /// The caller, whose watches are limited.
    pub caller: &'a Caller,
    /// The time until the deadline of the call; see [`time_left`].
    pub time_left: Duration,
    /// The cursor of the message after which the stream resumes; empty to start with new changes.
    pub cursor: &'a str,
    /// Whether a stream without a cursor starts at the beginning of the log.
    pub from_beginning: bool,
    /// Encodes and decodes the cursors of this log, and refuses a cursor of another log.
    pub page_tokens: PageTokens,
    /// Notifies of the commits in this process that may add to the log.
    pub commits: watch::Receiver<u64>,
}

/// Returns the time until the deadline of a call, or 5 minutes if the call has none.
#[must_use]
pub fn time_left<T>(request: &Request<T>) -> Duration {
    request.extensions().get::<CallDeadline>().map_or(DEFAULT_DURATION, CallDeadline::remaining)
}

impl Watches {
    /// Creates the shared state of the watches of `host`. Registers a background task that ends the
    /// watches when the process shuts down. Call this once for each host.
    #[must_use]
    pub fn new(host: &Host, heartbeat: Duration) -> Self {
        let draining = CancellationToken::new();
        let task_token = draining.clone();
        host.add_background_task("watches", move |stop| {
            let draining = task_token.clone();
            async move {
                stop.cancelled().await;
                draining.cancel();
                Ok(())
            }
        });
        Self { limiter: WatchLimiter::default(), heartbeat, draining }
    }

    /// Opens a watch on `log`. The first message is a heartbeat with the start position, so that
    /// even a stream that ends soon returns a cursor. Costs at most one read of the log.
    ///
    /// # Errors
    /// Returns INVALID_ARGUMENT (`INVALID_CURSOR`) if the cursor is malformed or belongs to another
    /// log; OUT_OF_RANGE (`CURSOR_EXPIRED`) if the log does not contain its position;
    /// RESOURCE_EXHAUSTED if there are too many watches; UNAVAILABLE if the database fails.
    pub async fn open<L: WatchedLog>(
        &self,
        request: WatchRequest<'_>,
        log: L,
    ) -> Result<WatchStream<L::Message>, Status> {
        let permit = self.limiter.acquire(request.caller)?;
        let position = start_position(&request, &log).await?;
        let WatchRequest { time_left, page_tokens, commits, .. } = request;
        let now = Instant::now();
        let mut watcher = Watcher {
            log,
            watches: self.clone(),
            page_tokens,
            position,
            _permit: permit,
            pending: VecDeque::new(),
            commits,
            next_heartbeat: now + self.heartbeat,
            end: now + time_left.saturating_sub(END_MARGIN),
        };
        watcher.add_pending(L::Message::default(), position)?;
        let first_message = watcher.pending.pop_front().unwrap_or_default();
        let messages = stream::try_unfold(watcher, |mut watcher| async move {
            Ok(watcher.next().await?.map(|message| (message, watcher)))
        });
        Ok(stream::iter([Ok(first_message)]).chain(messages).boxed())
    }
}

/// Returns the position in the log at which a watch starts: the one in the request's cursor, the
/// beginning of the log, or its end. A cursor from before a restored backup may name a position
/// that the log does not contain any more.
async fn start_position(request: &WatchRequest<'_>, log: &impl WatchedLog) -> Result<LogPosition, Status> {
    let cursor = request.page_tokens.decode::<LogPosition>(request.cursor).map_err(|_| invalid_cursor())?;
    match cursor {
        None if request.from_beginning => Ok(LogPosition::BEGINNING),
        None => {
            let last = log.last_position().await.map_err(|error| store_error(&error))?;
            Ok(last.unwrap_or(LogPosition::BEGINNING))
        }
        Some(LogPosition::BEGINNING) => Ok(LogPosition::BEGINNING),
        Some(position) => {
            let found = log.position_at(position.sequence).await.map_err(|error| store_error(&error))?;
            found.filter(|found| *found == position).ok_or_else(cursor_expired)
        }
    }
}

fn invalid_cursor() -> Status {
    let message = "cursor: must be a cursor that the method returned for the same parent";
    let reason = ErrorReason::InvalidCursor.as_str_name();
    status::with_reason(Code::InvalidArgument, reason, message, &[("field", "cursor")])
}

fn cursor_expired() -> Status {
    let message =
        "cursor: expired, because the database was restored from a backup; start a new watch, then list the resources";
    let reason = ErrorReason::CursorExpired.as_str_name();
    status::with_reason(Code::OutOfRange, reason, message, &[("advice", "WATCH_FROM_NOW_THEN_LIST")])
}

/// An open watch of one caller.
struct Watcher<L: WatchedLog> {
    log: L,
    watches: Watches,
    page_tokens: PageTokens,
    /// The position in the log up to which entries were read.
    position: LogPosition,
    /// Counts this watch as open until it is dropped.
    _permit: WatchPermit,
    /// The messages that were read from the log and not yet sent.
    pending: VecDeque<L::Message>,
    /// Notifies of commits in this process.
    commits: watch::Receiver<u64>,
    /// The time at which a heartbeat is sent, unless another message is sent before.
    next_heartbeat: Instant,
    /// The time at which the stream ends.
    end: Instant,
}

impl<L: WatchedLog> Watcher<L> {
    /// Waits for the next message and returns it, or `None` at the end of the stream.
    async fn next(&mut self) -> Result<Option<L::Message>, Status> {
        loop {
            let now = Instant::now();
            if now >= self.end || self.watches.draining.is_cancelled() {
                return Ok(None);
            }
            if let Some(message) = self.pending.pop_front() {
                self.next_heartbeat = now + self.watches.heartbeat;
                return Ok(Some(message));
            }
            // This must precede the read of the log, so that a commit during the read ends the next
            // wait at once.
            self.commits.mark_unchanged();
            if self.next_heartbeat <= now {
                self.add_pending(L::Message::default(), self.position)?;
            } else if !self.read_page().await? {
                self.wait(now).await;
            }
        }
    }

    /// Waits for a commit in this process, the next poll, the next heartbeat or the end of the
    /// stream.
    async fn wait(&mut self, now: Instant) {
        let until = self.end.min(self.next_heartbeat).min(now + POLL_INTERVAL);
        tokio::select! {
            // An error means that this process commits no more. Only the poll remains.
            changed = self.commits.changed() => if changed.is_err() { sleep_until(until).await },
            () = sleep_until(until) => {}
            () = self.watches.draining.cancelled() => {}
        }
    }

    /// Reads the next page of the log and adds its messages to `pending`. An entry that the caller
    /// may not see only moves the cursor. Returns `false` if there are no new entries.
    async fn read_page(&mut self) -> Result<bool, Status> {
        let page = self.log.entries_after(self.position.sequence, PAGE_SIZE).await?;
        let Some((last, _)) = page.last() else { return Ok(false) };
        self.position = *last;
        for (position, message) in page {
            if let Some(message) = message {
                self.add_pending(message, position)?;
            }
        }
        Ok(true)
    }

    /// Adds a message with the cursor of a position to `pending`.
    fn add_pending(&mut self, mut message: L::Message, position: LogPosition) -> Result<(), Status> {
        L::set_cursor(&mut message, self.page_tokens.encode(&position)?);
        self.pending.push_back(message);
        Ok(())
    }
}
