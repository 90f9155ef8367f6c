//! Runs the service inside a test, on SQLite and on PostgreSQL, with virtual time and a fake
//! registry.
use std::sync::{Arc, Mutex};

use cpor_database::Db;
use cpor_durable::{
    BusinessClock, DeliveryError, EventTransport, Host, HostParts, IncomingEvent, StreamKey, StreamPosition, Writer,
};
use cpor_process::Metrics;
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
    domain::{Assessment, AssociationFacts, ClaimRef, ImportOutcome, Measures, Usage, UsageCounts, UsageId, examples},
    store::{self, AssessmentStore, usage::ImportedRow},
};

/// The default start of virtual time: the moment when the associations of [`examples`] become
/// official.
pub(crate) const START: &str = "2026-03-25T00:00:00Z";

/// An event transport that stores the events instead of sending them.
#[derive(Default)]
struct RecordingTransport(Mutex<Vec<wire::Event>>);

#[async_trait::async_trait]
impl EventTransport for RecordingTransport {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
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

/// A running service with its test doubles.
pub(crate) struct TestSystem {
    pub(crate) db: Db,
    pub(crate) host: Host,
    pub(crate) app: App,
    pub(crate) writer: Writer<AssessmentStore>,
    pub(crate) registry: FakeRegistry,
    transport: Arc<RecordingTransport>,
}

/// Runs a test on both databases, with virtual time from [`START`].
pub(crate) async fn on_both_databases(test: impl AsyncFn(TestSystem)) {
    on_both_databases_from(START, test).await;
}

/// Runs a test on both databases, with virtual time from `start`.
pub(crate) async fn on_both_databases_from(start: &str, test: impl AsyncFn(TestSystem)) {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open_sqlite(&directory.path().join("eligibility.sqlite")).await.unwrap();
    test(TestSystem::new(db.clone(), start).await).await;
    db.close().await.unwrap();

    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let schema = format!("eligibility_{}", SystemEntropy.uuid().simple());
    let db = Db::open_postgres(&url, Some(&schema), 8).await.unwrap();
    db.create_schema().await.unwrap();
    test(TestSystem::new(db.clone(), start).await).await;
    db.writer().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    db.close().await.unwrap();
}

impl TestSystem {
    async fn new(db: Db, start: &str) -> Self {
        Migrator::up(db.writer(), None).await.unwrap();
        let (registry, transport) = (FakeRegistry::default(), Arc::new(RecordingTransport::default()));
        let parts = HostParts {
            db: db.clone(),
            business_clock: BusinessClock::Virtual,
            clock: Arc::new(VirtualClock::new(examples::time(start))),
            entropy: Arc::new(SystemEntropy),
            metrics: Metrics::new(),
            event_transport: transport.clone(),
        };
        let host = Host::from_parts(Service::Eligibility, parts).await.unwrap();
        let app = compose(&host, Arc::new(SystemEntropy), Arc::new(registry.clone()));
        let writer = host.writer(AssessmentStore);
        Self { db, host, app, writer, registry, transport }
    }

    /// Advances virtual time, processes all deadlines that fall due, and assesses all stale claims.
    pub(crate) async fn advance_to(&self, time: &str) {
        self.host.advance_clock(examples::time(time)).await.unwrap();
        while self.host.deadline_runner().apply_due_deadlines().await.unwrap() > 0 {}
        self.app.assessor.drain().await.unwrap();
    }

    /// Returns the events that were sent to claim-intake since the last call.
    pub(crate) async fn sent_events(&self) -> Vec<ClaimAssessed> {
        self.host.relay().deliver_pending().await.unwrap();
        let events = std::mem::take(&mut *self.transport.0.lock().unwrap());
        let claim_assessed = |event: wire::Event| match event.payload {
            Some(Payload::ClaimAssessed(assessed)) => assessed,
            other => panic!("not a ClaimAssessed: {other:?}"),
        };
        events.into_iter().map(claim_assessed).collect()
    }

    /// Opens an assessment and assesses it.
    pub(crate) async fn open_assessment(&self, facts: AssociationFacts) {
        let key = store::assessment_key(facts.tenant, facts.claim.claim);
        let command = cpor_durable::Command::new("open_assessment", key, Actor::system(Service::Registry));
        let decide = move |current: Option<&Assessment>, _| {
            Ok::<_, std::convert::Infallible>(Assessment::open(current, facts.clone()))
        };
        self.writer.execute(command, decide).await.unwrap();
        self.app.assessor.drain().await.unwrap();
    }

    /// Imports usage without assessing any claim.
    pub(crate) async fn import_usage(&self, usage: &[Usage]) -> Vec<ImportOutcome> {
        let rows: Vec<_> = usage.iter().map(|usage| ImportedRow { usage: usage.clone(), request: None }).collect();
        let outcomes = store::usage::import(&self.host, &rows, false).await.unwrap();
        outcomes.into_iter().map(Result::unwrap).collect()
    }
}

/// The same facts for a claim of `partner` with the id `number`.
pub(crate) fn facts_of_claim(number: u128, partner: &str, facts: AssociationFacts) -> AssociationFacts {
    let partner: PartnerId = partner.parse().unwrap();
    AssociationFacts { claim: ClaimRef { partner, claim: Uuid::from_u128(number).into() }, ..facts }
}

/// The key of [`examples::usage_of_teams`].
pub(crate) fn teams_key() -> TenantKey {
    TenantKey { tenant: examples::presales().tenant, key: "workloads/teams".parse().unwrap() }
}

/// The usage of [`teams_key`] in a month.
pub(crate) fn teams_usage(month: &str, active_users: i64) -> Usage {
    let key = teams_key();
    let counts = UsageCounts { active_users, paid_available_units: 2_000, ..UsageCounts::default() };
    let measures = Measures::from_counts(key.key.kind(), counts).unwrap();
    Usage { id: UsageId { key, month: month.parse().unwrap() }, measures }
}

/// An event as the registry sends it.
pub(crate) fn registry_event(aggregate: &str, owner: &str, sequence: u64, payload: Payload) -> IncomingEvent {
    let stream = StreamKey {
        source: Service::Registry,
        aggregate: aggregate.to_owned(),
        owner: owner.to_owned(),
        id: Uuid::nil(),
    };
    IncomingEvent {
        position: StreamPosition { stream, sequence },
        actor: Actor::system(Service::Registry),
        effective_time: VirtualClock::new(examples::time(START)).now(),
        payload,
    }
}
