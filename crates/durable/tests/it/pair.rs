//! A toy and its mirror, and a network between them that does what it is told.
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use cpor_durable::{BusinessClock, Courier, EventServer, Host, Parts, Receiver, Undelivered};
use cpor_kit::Metrics;
use cpor_proto::{
    events::v1::{DeliverEventsRequest, DeliverEventsResponse},
    operations::v1::{ListStreamsRequest, Stream, StreamState},
    options::v1::Service as WireService,
};
use cpor_types::{SeededEntropy, Service};
use tokio::sync::Notify;

use crate::{
    mirror::{Mirror, Mood},
    stage::{Bench, Nowhere, Stage},
    toy::{command, counts, key, run_add, run_open},
};

/// What the network does to one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    NeverArrives,
    AnswerIsLost,
    ArrivesTwice,
    /// The first stream only is answered.
    AnswerIsShort,
    Unreadable,
}

/// The way from the toy to its mirror.
pub(crate) struct Wire {
    pub(crate) server: EventServer,
    pub(crate) fates: Mutex<VecDeque<Fate>>,
    pub(crate) calls: Mutex<Vec<usize>>,
    pub(crate) held: tokio::sync::Mutex<()>,
    pub(crate) arrived: Notify,
}

#[async_trait::async_trait]
impl Courier for Wire {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, Undelivered> {
        self.calls.lock().unwrap().push(request.streams.len());
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Fine);
        let lost = || Undelivered::Unreachable("the line is dead".to_owned());
        if fate == Fate::NeverArrives {
            return Err(lost());
        }
        if fate == Fate::Unreadable {
            return Err(Undelivered::Unreadable("InvalidArgument: one of them is no good".to_owned()));
        }
        if fate == Fate::ArrivesTwice {
            self.server.deliver(Service::ClaimIntake, request.clone()).await.unwrap();
        }
        let mut response = self.server.deliver(Service::ClaimIntake, request).await.unwrap();
        self.arrived.notify_one();
        let _free = self.held.lock().await;
        if fate == Fate::AnswerIsShort {
            response.results.truncate(1);
        }
        if fate == Fate::AnswerIsLost { Err(lost()) } else { Ok(response) }
    }
}

/// A toy that tells a mirror, each with a database of its own.
pub(crate) struct Pair {
    pub(crate) stage: Stage,
    pub(crate) mirror_stage: Stage,
    pub(crate) host: Host,
    pub(crate) bench: Bench,
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) wire: Arc<Wire>,
    _mirror_host: Host,
}

impl Pair {
    pub(crate) async fn new(stage: Stage) -> Self {
        let mirror_stage = match stage.db.engine() {
            cpor_kit::Engine::Sqlite => Stage::sqlite().await,
            cpor_kit::Engine::Postgres => Stage::postgres().await,
        };
        let parts = Parts {
            db: mirror_stage.db.clone(),
            business_clock: BusinessClock::Virtual,
            clock: Arc::new(stage.wall.clone()),
            entropy: Arc::new(SeededEntropy::new(99)),
            metrics: Metrics::new(),
            courier: Arc::new(Nowhere),
        };
        let mirror_host = Host::of(Service::Registry, parts).await.unwrap();
        let mirror = Arc::new(Mirror { writer: Bench::quiet(&mirror_host), mood: Mutex::new(Mood::Well) });
        let receiver: Arc<dyn Receiver> = mirror.clone();
        let wire = Arc::new(Wire {
            server: EventServer::new([(Service::Registry, receiver)]),
            fates: Mutex::default(),
            calls: Mutex::default(),
            held: tokio::sync::Mutex::default(),
            arrived: Notify::new(),
        });
        let host = stage.host_to(wire.clone()).await;
        let bench = Bench::new(&host);
        Self { stage, mirror_stage, host, bench, mirror, wire, _mirror_host: mirror_host }
    }

    pub(crate) async fn with_ticket(stage: Stage) -> Self {
        let pair = Self::new(stage).await;
        run_open(&pair.bench.writer, command(&key(1)), "one", None).await.unwrap();
        pair
    }

    pub(crate) async fn add(&self, n: i64) {
        run_add(&self.bench.writer, command(&key(1)), n).await.unwrap();
    }

    pub(crate) fn fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.wire.fates.lock().unwrap().extend(fates);
    }

    pub(crate) fn mood(&self, mood: Mood) {
        *self.mirror.mood.lock().unwrap() = mood;
    }

    pub(crate) async fn drain(&self) -> u64 {
        self.host.relay().drain().await.unwrap()
    }

    /// Backing off is over.
    pub(crate) fn later(&self) {
        self.stage.wall.advance_by(TimeDelta::seconds(16));
    }

    pub(crate) async fn mirrored(&self, n: u128) -> Option<i64> {
        counts(&self.mirror_stage.db).await.get(&key(n)).copied()
    }

    pub(crate) async fn streams(&self, state: StreamState) -> Vec<Stream> {
        let operations = cpor_durable::OperationsServer::new([self.host.clone()]);
        let request =
            ListStreamsRequest { service: WireService::ClaimIntake.into(), state: state.into(), ..Default::default() };
        operations.streams(request).await.unwrap().streams
    }
}
