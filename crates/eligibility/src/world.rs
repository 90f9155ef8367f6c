//! The service without a process around it, for tests: on SQLite and on PostgreSQL, with virtual time.
use std::sync::{Arc, Mutex};

use cpor_durable::{BusinessClock, Courier, Host, Incoming, Parts, Position, StreamKey, Undelivered, Writer};
use cpor_kit::{Db, Metrics};
use cpor_proto::events::v1::{
    self as wire, ClaimAssessed, DeliverEventsRequest, DeliverEventsResponse, StreamResult, event::Payload,
};
use cpor_registry_client::fake::FakeRegistry;
use cpor_types::{Actor, Clock as _, Entropy as _, PartnerId, Service, SystemEntropy, TenantKey, VirtualClock};
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use uuid::Uuid;

use crate::{
    app::{App, compose},
    domain::{Counts, Measures, Opening, Usage, UsageId, examples},
    store::AssessmentStore,
};

/// When tests begin, unless they say otherwise: the association of [`examples`] has just become official.
pub(crate) const START: &str = "2026-03-25T00:00:00Z";

/// Keeps what it is given to deliver.
#[derive(Default)]
struct Mailbox(Mutex<Vec<wire::Event>>);

#[async_trait::async_trait]
impl Courier for Mailbox {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, Undelivered> {
        let mut results = Vec::new();
        for stream in request.streams {
            let applied_sequence = stream.events.last().map_or(0, |last| last.sequence);
            results.push(StreamResult { applied_sequence, failure: None });
            self.0.lock().unwrap().extend(stream.events);
        }
        Ok(DeliverEventsResponse { results })
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        crate::migrations()
    }
}

/// A running service.
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) host: Host,
    pub(crate) app: App,
    pub(crate) writer: Writer<AssessmentStore>,
    pub(crate) registry: FakeRegistry,
    mailbox: Arc<Mailbox>,
}

/// Runs a test on both engines, from [`START`] on.
pub(crate) async fn on_both(test: impl AsyncFn(World)) {
    on_both_from(START, test).await;
}

/// Runs a test on both engines.
pub(crate) async fn on_both_from(start: &str, test: impl AsyncFn(World)) {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::sqlite(&directory.path().join("eligibility.sqlite")).await.unwrap();
    test(World::new(db.clone(), start).await).await;
    db.close().await.unwrap();

    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let schema = format!("eligibility_{}", SystemEntropy.uuid().simple());
    let db = Db::postgres(&url, Some(&schema), 8).await.unwrap();
    db.create_schema().await.unwrap();
    test(World::new(db.clone(), start).await).await;
    db.writer().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    db.close().await.unwrap();
}

impl World {
    async fn new(db: Db, start: &str) -> Self {
        Migrator::up(db.writer(), None).await.unwrap();
        let (registry, mailbox) = (FakeRegistry::default(), Arc::new(Mailbox::default()));
        let parts = Parts {
            db: db.clone(),
            business_clock: BusinessClock::Virtual,
            clock: Arc::new(VirtualClock::new(examples::time(start))),
            entropy: Arc::new(SystemEntropy),
            metrics: Metrics::new(),
            courier: mailbox.clone(),
        };
        let host = Host::of(Service::Eligibility, parts).await.unwrap();
        let app = compose(&host, Arc::new(SystemEntropy), Arc::new(registry.clone()));
        let writer = host.writer(AssessmentStore);
        Self { db, host, app, writer, registry, mailbox }
    }

    /// Moves the clock and lets fire what falls due, as long as anything does; assesses whatever that makes stale.
    pub(crate) async fn advance(&self, to: &str) {
        self.host.advance(examples::time(to)).await.unwrap();
        while self.host.runner().drain().await.unwrap() > 0 {}
        self.app.assessor.drain().await.unwrap();
    }

    /// What claim-intake has been told since the last call.
    pub(crate) async fn told(&self) -> Vec<ClaimAssessed> {
        self.host.relay().drain().await.unwrap();
        let events = std::mem::take(&mut *self.mailbox.0.lock().unwrap());
        let assessed = |event: wire::Event| match event.payload {
            Some(Payload::ClaimAssessed(assessed)) => assessed,
            other => panic!("not a ClaimAssessed: {other:?}"),
        };
        events.into_iter().map(assessed).collect()
    }

    /// Opens an assessment, and assesses it.
    pub(crate) async fn open(&self, about: Opening) {
        let key = crate::store::key(about.tenant, about.claim.claim);
        let command = cpor_durable::Command::new("open_assessment", key, Actor::system(Service::Registry));
        let decide = move |known: Option<&crate::domain::Assessment>, _| {
            Ok::<_, std::convert::Infallible>(crate::domain::Assessment::official(known, about.clone()))
        };
        self.writer.execute(command, decide).await.unwrap();
        self.app.assessor.drain().await.unwrap();
    }

    /// Imports usage.
    pub(crate) async fn import(&self, usage: &[Usage]) -> Vec<crate::domain::Imported> {
        crate::store::usage::import(&self.db, self.host.clock(), usage).await.unwrap()
    }
}

/// An opening with another claim id and partner.
pub(crate) fn claim(number: u128, partner: &str, about: Opening) -> Opening {
    let partner: PartnerId = partner.parse().unwrap();
    Opening { claim: crate::domain::ClaimRef { partner, claim: Uuid::from_u128(number).into() }, ..about }
}

/// The tenant's Teams, which [`examples::usage_of_teams`] is about.
pub(crate) fn teams() -> TenantKey {
    TenantKey { tenant: examples::presales().tenant, key: "workloads/teams".parse().unwrap() }
}

/// A month of [`teams`].
pub(crate) fn month(month: &str, active_users: i64) -> Usage {
    let key = teams();
    let counts = Counts { active_users, paid_available_units: 2_000, ..Counts::default() };
    let measures = Measures::of(key.key.kind(), counts).unwrap();
    Usage { id: UsageId { key, month: month.parse().unwrap() }, measures }
}

/// An event of the registry, as it arrives.
pub(crate) fn incoming(aggregate: &str, owner: &str, sequence: u64, payload: Payload) -> Incoming {
    let stream = StreamKey {
        source: Service::Registry,
        aggregate: aggregate.to_owned(),
        owner: owner.to_owned(),
        id: Uuid::nil(),
    };
    Incoming {
        position: Position { stream, sequence },
        actor: Actor::system(Service::Registry),
        effective_time: VirtualClock::new(examples::time(START)).now(),
        payload,
    }
}
