//! Implements WatchClaims, which streams the changes of a partner's claims (R59). A watch is one
//! open stream.
//!
//! The watch reads the partner's log: the history entries of all its claims in the order of
//! commits. Cost: up to two reads to start; one read after each commit in this process that changes
//! a claim of the partner, and one per second to find the commits of other replicas; one more read
//! for the claims of the entries that were found. The next page is read when the caller has
//! received the current one, so a slow caller uses little memory and misses nothing.
use super::{RpcResult, convert, error, view::View};
use crate::{
    error::CallError,
    service::ClaimIntake,
    store::{Claims, Log, LogEntry, LogPosition, Scope},
    watch_permit::WatchPermit,
};
use cpor_call::context::CallDeadline;
use cpor_listing::page::PageTokens;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{PartnerId, PartnerName};
use futures_util::{Stream, StreamExt as _, stream};
use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tonic::{Request, Response, Status};

/// The stream of response messages.
pub(super) type WatchStream = Pin<Box<dyn Stream<Item = Result<wire::WatchClaimsResponse, Status>> + Send>>;

/// The number of log entries that one read returns.
const PAGE_SIZE: u64 = 100;
/// The interval at which the log is read to find commits of other replicas.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The time before the deadline of the call at which the stream ends, so that it ends with OK and
/// not with DEADLINE_EXCEEDED.
const END_MARGIN: Duration = Duration::from_secs(1);
/// The maximum duration of a stream whose call has no deadline.
const DEFAULT_DURATION: Duration = Duration::from_secs(300);

pub(super) async fn watch_claims(
    intake: &ClaimIntake,
    request: Request<wire::WatchClaimsRequest>,
) -> RpcResult<WatchStream> {
    let time_left = request.extensions().get::<CallDeadline>().map_or(DEFAULT_DURATION, CallDeadline::remaining);
    let (caller, request) = validate(request)?;
    let name: PartnerName = request.parent.parse().map_err(|_| CallError::NotFound(request.parent.clone()))?;
    let page_tokens = cursor_tokens(&request);
    let permit = intake.watch_limiter.acquire(&caller)?;
    let position = start_position(intake, &name.partner, &request, page_tokens).await?;
    // The first message is a heartbeat with the start position, so that even a stream that ends
    // soon returns a cursor.
    let first_message = heartbeat_message(page_tokens, &position)?;
    let now = Instant::now();
    let watcher = Watcher {
        commits: intake.host.watch_commits(name.partner.as_str()),
        intake: intake.clone(),
        partner: name.partner,
        view: View::for_caller(&caller),
        page_tokens,
        position,
        _permit: permit,
        pending: VecDeque::new(),
        next_heartbeat: now + intake.heartbeat,
        end: now + time_left.saturating_sub(END_MARGIN),
    };
    let messages = stream::try_unfold(watcher, |mut watcher| async move {
        Ok(watcher.next().await?.map(|message| (message, watcher)))
    });
    Ok(Response::new(stream::iter([Ok(first_message)]).chain(messages).boxed()))
}

/// Returns a message without a change. Its cursor is the current position.
fn heartbeat_message(page_tokens: PageTokens, position: &LogPosition) -> Result<wire::WatchClaimsResponse, Status> {
    Ok(wire::WatchClaimsResponse { cursor: page_tokens.encode(position)?, ..wire::WatchClaimsResponse::default() })
}

/// Returns the encoder and decoder of this partner's cursors. It rejects a cursor of another
/// partner.
fn cursor_tokens(request: &wire::WatchClaimsRequest) -> PageTokens {
    PageTokens::for_request(&wire::WatchClaimsRequest {
        parent: request.parent.clone(),
        ..wire::WatchClaimsRequest::default()
    })
}

/// Returns the position in the log at which the watch starts: the one in the request's cursor, the
/// beginning of the log, or its end.
async fn start_position(
    intake: &ClaimIntake,
    partner: &PartnerId,
    request: &wire::WatchClaimsRequest,
    page_tokens: PageTokens,
) -> Result<LogPosition, Status> {
    let log = || Log::of_partner(intake.reader(), partner);
    let cursor = page_tokens.decode::<LogPosition>(&request.cursor).map_err(|_| error::invalid_cursor())?;
    match cursor {
        Some(position) if log().contains(position).await.map_err(CallError::from)? => Ok(position),
        Some(_) => Err(error::cursor_expired()),
        None if request.from_beginning => Ok(LogPosition::BEGINNING),
        None => Ok(log().end().await.map_err(CallError::from)?),
    }
}

/// An open watch of one caller.
struct Watcher {
    intake: ClaimIntake,
    partner: PartnerId,
    view: View,
    page_tokens: PageTokens,
    /// The position in the log up to which entries were read.
    position: LogPosition,
    /// Counts this watch as open until it is dropped.
    _permit: WatchPermit,
    /// The messages that were read from the log and not yet sent.
    pending: VecDeque<wire::WatchClaimsResponse>,
    /// Notifies of commits in this process that change a claim of the partner.
    commits: watch::Receiver<u64>,
    /// The time at which a heartbeat is sent, unless another message is sent before.
    next_heartbeat: Instant,
    /// The time at which the stream ends.
    end: Instant,
}

impl Watcher {
    /// Waits for the next message; returns `None` at the end of the stream.
    async fn next(&mut self) -> Result<Option<wire::WatchClaimsResponse>, Status> {
        loop {
            let now = Instant::now();
            if now >= self.end || self.intake.draining.is_cancelled() {
                return Ok(None);
            }
            if let Some(message) = self.pending.pop_front() {
                self.next_heartbeat = now + self.intake.heartbeat;
                return Ok(Some(message));
            }
            // This must precede the read of the log, so that a commit during the read ends the next
            // wait at once.
            self.commits.mark_unchanged();
            if self.next_heartbeat <= now {
                self.pending.push_back(heartbeat_message(self.page_tokens, &self.position)?);
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
            // An error means that this process will commit nothing more. New entries are then found
            // only by polling.
            changed = self.commits.changed() => if changed.is_err() { sleep_until(until).await },
            () = sleep_until(until) => {}
            () = self.intake.draining.cancelled() => {}
        }
    }

    /// Reads the next page of the log and adds its messages to `pending`. Returns `false` if there
    /// are no new entries.
    async fn read_page(&mut self) -> Result<bool, Status> {
        let page = Log::of_partner(self.intake.reader(), &self.partner)
            .entries_after(self.position, PAGE_SIZE)
            .await
            .map_err(CallError::from)?;
        let Some(last) = page.last() else { return Ok(false) };
        self.position = last.position;
        let claims = self.claims_of(&page).await?;
        for LogEntry { position, claim, entry } in page {
            let entry = convert::history_entry_to_wire(entry, self.view);
            // An entry that is withheld as a whole causes no message. It only moves the cursor.
            if !entry.withheld().any(|part| part == wire::HistoryPart::Facts) {
                let (cursor, name) = (self.page_tokens.encode(&position)?, claim.to_string());
                let claim = claims.get(&name).cloned();
                self.pending.push_back(wire::WatchClaimsResponse { cursor, name, claim, entry: Some(entry) });
            }
        }
        Ok(true)
    }

    /// Reads the current state of the claims that these entries belong to, without deleted drafts.
    /// The keys of the result are the names of the claims.
    async fn claims_of(&self, entries: &[LogEntry]) -> Result<HashMap<String, wire::Claim>, Status> {
        let ids = entries.iter().map(|entry| entry.claim.claim.uuid());
        let claims = Claims::in_scope(self.intake.reader(), &Scope::Partner(self.partner.clone())).with_ids(ids);
        let claims = claims.await.map_err(CallError::from)?;
        let claims = claims.into_iter().map(|claim| {
            let claim = convert::claim_to_wire(claim, self.view, &self.intake.rules)?;
            Ok((claim.name.clone(), claim))
        });
        Ok(claims.collect::<Result<_, CallError>>()?)
    }
}
