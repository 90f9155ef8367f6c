//! WatchClaims (R59): two reads to begin with; then one after each commit of this process that changes one of the partner's claims, and one a
//! second for those of others; one more for the claims of whatever was found. A page of changes is held at a time, and the next one is read when the caller has taken it: a slow
//! reader costs no memory and misses nothing.
use super::{Answer, convert, error, view::View};
use crate::{
    intake::{Failed, Intake},
    store::{Claims, Log, LogPlace, Logged, Scope},
    watches::Room,
};
use cpor_kit::{page::Binding, request::open, server::CallDeadline};
use cpor_proto::claims::v1 as wire;
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

/// The stream of an answer.
pub(super) type Watch = Pin<Box<dyn Stream<Item = Result<wire::WatchClaimsResponse, Status>> + Send>>;

/// Entries that are read at once.
const PAGE: u64 = 100;
/// How long a commit of another replica may go unseen.
const POLL: Duration = Duration::from_secs(1);
/// How long before its deadline a stream ends by itself, so that it ends well.
const EARLY: Duration = Duration::from_secs(1);
/// When a stream ends that has no deadline.
const LONGEST: Duration = Duration::from_secs(300);

pub(super) async fn watch_claims(intake: &Intake, request: Request<wire::WatchClaimsRequest>) -> Answer<Watch> {
    let left = request.extensions().get::<CallDeadline>().map_or(LONGEST, CallDeadline::remaining);
    let (caller, request) = open(request)?;
    let name: PartnerName = request.parent.parse().map_err(|_| Failed::NotFound(request.parent.clone()))?;
    let binding = binding(&request);
    let room = intake.watches.enter(&caller)?;
    let place = begin(intake, &name.partner, &request, binding).await?;
    // The first message tells where the stream begins, however soon it ends.
    let first = heartbeat(binding, &place)?;
    let now = Instant::now();
    let watcher = Watcher {
        commits: intake.host.commits(name.partner.as_str()),
        intake: intake.clone(),
        partner: name.partner,
        view: View::of(&caller),
        binding,
        place,
        _room: room,
        ready: VecDeque::new(),
        heartbeat: now + intake.heartbeat,
        end: now + left.saturating_sub(EARLY),
    };
    let messages = stream::try_unfold(watcher, |mut watcher| async move {
        Ok(watcher.next().await?.map(|message| (message, watcher)))
    });
    Ok(Response::new(stream::iter([Ok(first)]).chain(messages).boxed()))
}

fn heartbeat(binding: Binding, place: &LogPlace) -> Result<wire::WatchClaimsResponse, Status> {
    Ok(wire::WatchClaimsResponse { cursor: binding.encode(place)?, ..wire::WatchClaimsResponse::default() })
}

/// What a cursor belongs to: the partner.
fn binding(request: &wire::WatchClaimsRequest) -> Binding {
    Binding::of(&wire::WatchClaimsRequest { parent: request.parent.clone(), ..wire::WatchClaimsRequest::default() })
}

async fn begin(
    intake: &Intake,
    partner: &PartnerId,
    request: &wire::WatchClaimsRequest,
    binding: Binding,
) -> Result<LogPlace, Status> {
    let log = || Log::of(intake.reader(), partner);
    let cursor = binding.decode::<LogPlace>(&request.cursor).map_err(|_| error::invalid_cursor())?;
    match cursor {
        Some(place) if log().has(place).await.map_err(Failed::from)? => Ok(place),
        Some(_) => Err(error::cursor_expired()),
        None if request.from_beginning => Ok(LogPlace::BEGINNING),
        None => Ok(log().end().await.map_err(Failed::from)?),
    }
}

/// One caller's watch.
struct Watcher {
    intake: Intake,
    partner: PartnerId,
    view: View,
    binding: Binding,
    /// How far the log was read.
    place: LogPlace,
    /// Its place among the watches of the process and of its caller.
    _room: Room,
    /// What was read and not yet taken.
    ready: VecDeque<wire::WatchClaimsResponse>,
    commits: watch::Receiver<u64>,
    /// When the caller must have heard something.
    heartbeat: Instant,
    /// When the stream ends.
    end: Instant,
}

impl Watcher {
    /// The next message; `None`: the stream is at its end.
    async fn next(&mut self) -> Result<Option<wire::WatchClaimsResponse>, Status> {
        loop {
            let now = Instant::now();
            if now >= self.end || self.intake.draining.is_cancelled() {
                return Ok(None);
            }
            if let Some(message) = self.ready.pop_front() {
                self.heartbeat = now + self.intake.heartbeat;
                return Ok(Some(message));
            }
            // Looked at before the log is: a commit in between wakes us again.
            self.commits.mark_unchanged();
            if self.heartbeat <= now {
                self.ready.push_back(heartbeat(self.binding, &self.place)?);
            } else if !self.read().await? {
                self.wait(now).await;
            }
        }
    }

    async fn wait(&mut self, now: Instant) {
        let until = self.end.min(self.heartbeat).min(now + POLL);
        tokio::select! {
            // An error: nobody commits here any more, so that others alone are waited for.
            changed = self.commits.changed() => if changed.is_err() { sleep_until(until).await },
            () = sleep_until(until) => {}
            () = self.intake.draining.cancelled() => {}
        }
    }

    /// Reads on; `false`: there is nothing new.
    async fn read(&mut self) -> Result<bool, Status> {
        let found = Log::of(self.intake.reader(), &self.partner).after(self.place, PAGE).await.map_err(Failed::from)?;
        let Some(last) = found.last() else { return Ok(false) };
        self.place = last.place;
        let claims = self.claims(&found).await?;
        for Logged { place, claim, entry } in found {
            let entry = convert::history_entry(entry, self.view);
            // What is withheld whole only moves the cursor.
            if !entry.withheld().any(|part| part == wire::HistoryPart::Facts) {
                let (cursor, name) = (self.binding.encode(&place)?, claim.to_string());
                let claim = claims.get(&name).cloned();
                self.ready.push_back(wire::WatchClaimsResponse { cursor, name, claim, entry: Some(entry) });
            }
        }
        Ok(true)
    }

    /// The claims of these entries as they are now, by name; without deleted drafts.
    async fn claims(&self, found: &[Logged]) -> Result<HashMap<String, wire::Claim>, Status> {
        let ids = found.iter().map(|logged| logged.claim.claim.uuid());
        let claims = Claims::of(self.intake.reader(), &Scope::Partner(self.partner.clone())).with_ids(ids);
        let claims = claims.await.map_err(Failed::from)?;
        let shown = claims.into_iter().map(|claim| {
            let claim = convert::claim(claim, self.view, &self.intake.rules)?;
            Ok((claim.name.clone(), claim))
        });
        Ok(shown.collect::<Result<_, Failed>>()?)
    }
}
