//! A small ticket service for tests. Tickets count, close by a deadline, have a title that is
//! unique within their owner, and send an event to another service when their count changes.
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use cpor_durable::{
    Aggregate, AggregateKey, Change, Command, CommandResult, OutgoingEvent, PassedDeadline, Store, StoreError,
    Transition, Tx, Versioned, Writer, rows,
};
use cpor_proto::events::v1::{ClaimClosed, event::Payload};
use cpor_types::{Actor, ActorSide, Deadline, Service, Timestamp};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait, FromJsonQueryResult, QueryOrder};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};
use uuid::Uuid;

use crate::tables::{entry, ticket, title};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct Ticket {
    pub(crate) title: String,
    pub(crate) count: i64,
    pub(crate) closes: Option<Deadline>,
    pub(crate) closed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TicketEvent {
    Opened,
    Added(i64),
    Retitled,
    Closed,
}

impl TicketEvent {
    fn text(&self) -> String {
        match self {
            Self::Opened => "opened".to_owned(),
            Self::Added(n) => format!("added {n}"),
            Self::Retitled => "retitled".to_owned(),
            Self::Closed => "closed".to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    Exists,
    Closed,
}

/// Another ticket of the owner has the title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TitleTaken;

impl Aggregate for Ticket {
    type Event = TicketEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        self.closes.iter().cloned().collect()
    }

    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        assert_ne!(self.title, "panics when it elapses");
        let due = self.closes.as_ref().filter(|deadline| deadline.has_passed(now))?.due;
        Some(PassedDeadline { due, transition: self.close() })
    }
}

pub(crate) type Decision = Result<Option<Transition<Ticket>>, Refusal>;

impl Ticket {
    pub(crate) fn close(&self) -> Transition<Self> {
        Transition::new(Self { closes: None, closed: true, ..self.clone() }, [TicketEvent::Closed])
    }
}

pub(crate) fn closing_deadline(due: Timestamp) -> Deadline {
    Deadline { due, kind: "closing".into(), rule: "as the test says".to_owned() }
}

pub(crate) fn open(ticket: Option<&Ticket>, title: &str, closes: Option<Timestamp>) -> Decision {
    match ticket {
        Some(_) => Err(Refusal::Exists),
        None => {
            let ticket =
                Ticket { title: title.to_owned(), count: 0, closes: closes.map(closing_deadline), closed: false };
            Ok(Some(Transition::new(ticket, [TicketEvent::Opened])))
        }
    }
}

pub(crate) fn add(ticket: Option<&Ticket>, n: i64) -> Decision {
    match ticket {
        None => Err(Refusal::Missing),
        Some(Ticket { closed: true, .. }) => Err(Refusal::Closed),
        Some(_) if n == 0 => Ok(None),
        Some(ticket) => {
            Ok(Some(Transition::new(Ticket { count: ticket.count + n, ..ticket.clone() }, [TicketEvent::Added(n)])))
        }
    }
}

pub(crate) fn retitle(ticket: Option<&Ticket>, title: &str) -> Decision {
    let ticket = ticket.ok_or(Refusal::Missing)?;
    Ok(Some(Transition::new(Ticket { title: title.to_owned(), ..ticket.clone() }, [TicketEvent::Retitled])))
}

pub(crate) fn alice() -> Actor {
    Actor::new(ActorSide::Partner, "alice")
}

pub(crate) fn key(n: u128) -> AggregateKey {
    AggregateKey::new("contoso", Uuid::from_u128(n))
}

pub(crate) fn command(key: &AggregateKey) -> Command {
    Command::new("toy", key.clone(), alice())
}

/// The result of a command on a ticket.
pub(crate) type TicketResult = CommandResult<TicketStore, Refusal>;

pub(crate) async fn run_open(
    writer: &Writer<TicketStore>,
    command: Command,
    title: &str,
    closes: Option<Timestamp>,
) -> TicketResult {
    let title = title.to_owned();
    writer.execute(command, move |ticket, _| open(ticket, &title, closes)).await
}

pub(crate) async fn run_add(writer: &Writer<TicketStore>, command: Command, n: i64) -> TicketResult {
    writer.execute(command, move |ticket, _| add(ticket, n)).await
}

pub(crate) async fn run_retitle(writer: &Writer<TicketStore>, command: Command, title: &str) -> TicketResult {
    let title = title.to_owned();
    writer.execute(command, move |ticket, _| retitle(ticket, &title)).await
}

/// The store of tickets. Tests can hold its loads back and see the sizes of its saves.
#[derive(Clone, Default)]
pub(crate) struct TicketStore {
    load_gate: Arc<AsyncMutex<()>>,
    load_requests: Arc<Notify>,
    pub(crate) save_sizes: Arc<Mutex<Vec<usize>>>,
    pub(crate) loads: Arc<AtomicUsize>,
}

impl TicketStore {
    /// Holds loads back until the guard is dropped.
    pub(crate) async fn pause_loads(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.load_gate).lock_owned().await
    }

    /// Waits until a batch is about to be loaded.
    pub(crate) async fn load_requested(&self) {
        self.load_requests.notified().await;
    }

    /// Returns the number of aggregates of each save since the last call.
    pub(crate) fn take_save_sizes(&self) -> Vec<usize> {
        std::mem::take(&mut *self.save_sizes.lock().unwrap())
    }
}

impl Store for TicketStore {
    type Aggregate = Ticket;
    type Conflict = TitleTaken;
    const AGGREGATE: &'static str = "ticket";

    fn resource(key: &AggregateKey) -> String {
        format!("desks/{}/tickets/{}", key.owner, key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<(AggregateKey, Versioned<Ticket>)>, StoreError> {
        if self.load_gate.try_lock().is_err() {
            self.load_requests.notify_one();
        }
        let _open = self.load_gate.lock().await;
        self.loads.fetch_add(1, Ordering::Relaxed);
        let rows = rows::load_locked::<ticket::Entity>(tx, keys).await?;
        let versioned = |row: ticket::Model| {
            (AggregateKey::new(row.owner, row.id), Versioned::new(row.version.unsigned_abs(), row.state))
        };
        Ok(rows.into_iter().map(versioned).collect())
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Ticket>]) -> Result<Vec<(AggregateKey, TitleTaken)>, StoreError> {
        self.save_sizes.lock().unwrap().push(changes.len());
        if changes.iter().any(|change| change.after.state.title == "cannot be saved") {
            return Err(StoreError::Db(DbErr::Custom("this title breaks the table".to_owned())));
        }
        assert!(changes.iter().all(|change| change.after.state.title != "panics when it is saved"));
        rows::save::<ticket::Entity>(tx, changes.iter().map(|change| (change.previous_version(), row(change)))).await?;
        rows::insert::<entry::Entity>(tx, changes.iter().flat_map(entries)).await?;
        let mut titled: Vec<&Change<Ticket>> = changes.iter().filter(|change| has_new_title(change)).collect();
        titled.sort_by_key(|change| (change.key.owner.clone(), change.after.state.title.clone()));
        rows::delete::<title::Entity>(tx, titled.iter().filter_map(|change| old_title(change))).await?;
        let refused = rows::insert_new::<title::Entity>(tx, titled.iter().map(|change| new_title(change))).await?;
        Ok(refused.into_iter().map(|n| (titled[n].key.clone(), TitleTaken)).collect())
    }

    fn outgoing(&self, change: &Change<Ticket>) -> Vec<OutgoingEvent> {
        let events = change.events.iter().filter_map(|recorded| match recorded.event {
            TicketEvent::Added(n) => {
                Some(OutgoingEvent::from_recorded(recorded, Service::Registry, claim_closed_payload(&change.key, n)))
            }
            TicketEvent::Opened | TicketEvent::Retitled | TicketEvent::Closed => None,
        });
        events.collect()
    }
}

fn claim_closed_payload(key: &AggregateKey, n: i64) -> Payload {
    let (claim, tenant) = (key.id.to_string(), key.owner.clone());
    Payload::ClaimClosed(ClaimClosed { claim, tenant, review_case_id: n.to_string(), ..ClaimClosed::default() })
}

fn row(change: &Change<Ticket>) -> ticket::ActiveModel {
    let ticket = &change.after.state;
    ticket::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(change.after.version.cast_signed()),
        state: Set(ticket.clone()),
        closes: Set(ticket.closes.as_ref().map(|deadline| deadline.due)),
    }
}

fn entries(change: &Change<Ticket>) -> impl Iterator<Item = entry::ActiveModel> {
    change.events.iter().map(|recorded| entry::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(recorded.version.cast_signed()),
        event: Set(recorded.event.text()),
        actor: Set(recorded.actor.to_text()),
        effective_time: Set(recorded.effective_time),
        recorded_time: Set(recorded.recorded_time),
    })
}

fn has_new_title(change: &Change<Ticket>) -> bool {
    change.before.as_ref().is_none_or(|before| before.state.title != change.after.state.title)
}

fn old_title(change: &Change<Ticket>) -> Option<title::ActiveModel> {
    let title = change.before.as_ref()?.state.title.clone();
    Some(title::ActiveModel { owner: Set(change.key.owner.clone()), title: Set(title), ..Default::default() })
}

fn new_title(change: &Change<Ticket>) -> title::ActiveModel {
    title::ActiveModel {
        owner: Set(change.key.owner.clone()),
        title: Set(change.after.state.title.clone()),
        id: Set(change.key.id),
    }
}

/// Loads a ticket from the database.
pub(crate) async fn load_ticket(db: &cpor_database::Db, key: &AggregateKey) -> Option<Versioned<Ticket>> {
    let row = ticket::Entity::find_by_id((key.owner.clone(), key.id)).one(db.writer()).await.unwrap()?;
    Some(Versioned::new(row.version.unsigned_abs(), row.state))
}

/// Loads a ticket's history: version, event, actor, effective time, recorded time.
pub(crate) async fn history(
    db: &cpor_database::Db,
    key: &AggregateKey,
) -> Vec<(i64, String, String, Timestamp, Timestamp)> {
    let by_key = rows::load_by_keys::<entry::Entity>(
        db.writer(),
        [entry::Column::Owner, entry::Column::Id],
        std::slice::from_ref(key),
    );
    let entries = by_key.await.unwrap().into_iter();
    entries.map(|e| (e.version, e.event, e.actor, e.effective_time, e.recorded_time)).collect()
}

/// Loads the count of every ticket.
pub(crate) async fn counts(db: &cpor_database::Db) -> HashMap<AggregateKey, i64> {
    let rows = ticket::Entity::find().order_by_asc(ticket::Column::Id).all(db.writer()).await.unwrap();
    rows.into_iter().map(|row| (AggregateKey::new(row.owner, row.id), row.state.count)).collect()
}

/// The future of a command, of any kind.
pub(crate) type BoxedCommand<'a> = std::pin::Pin<Box<dyn Future<Output = TicketResult> + Send + 'a>>;

/// Changes the title in the database without the writer.
pub(crate) async fn change_title_in_database(db: &cpor_database::Db, key: &AggregateKey, title: &str) {
    let Versioned { state, .. } = load_ticket(db, key).await.unwrap();
    let state = Ticket { title: title.to_owned(), ..state };
    let by_hand =
        ticket::ActiveModel { owner: Set(key.owner.clone()), id: Set(key.id), state: Set(state), ..Default::default() };
    ticket::Entity::update(by_hand).exec(db.writer()).await.unwrap();
}
