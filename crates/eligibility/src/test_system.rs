//! The service as tests run it: with real tables, virtual time, and fakes of the registry and of
//! claim-intake.
use std::sync::Arc;

use cpor_database::Db;
use cpor_durable::{Host, IncomingEvent, Writer};
use cpor_proto::events::v1::{ClaimAssessed, event::Payload};
use cpor_registry_client::fake::FakeRegistry;
use cpor_testing::{RecordingTransport, TestDatabase, host_parts, incoming_event, stream_key};
use cpor_types::{Actor, PartnerId, Service, TenantKey, VirtualClock};
use uuid::Uuid;

use crate::{
    app::{App, compose},
    domain::{Assessment, AssociationFacts, ClaimRef, ImportOutcome, Measures, Usage, UsageCounts, UsageId, examples},
    store::{self, AssessmentStore, usage::ImportedRow},
};

/// The default start of virtual time: the moment when the associations of [`examples`] become
/// official.
pub(crate) const START: &str = "2026-03-25T00:00:00Z";

/// A running service with its test doubles.
pub(crate) struct TestSystem {
    pub(crate) db: Db,
    pub(crate) host: Host,
    pub(crate) app: App,
    pub(crate) writer: Writer<AssessmentStore>,
    pub(crate) registry: FakeRegistry,
    transport: RecordingTransport,
}

impl TestSystem {
    /// Starts the service at [`START`].
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        Self::starting_at(database, START).await
    }

    /// Starts the service before the first program guide is in force.
    pub(crate) async fn in_2019(database: &TestDatabase) -> Self {
        Self::starting_at(database, "2019-03-25T00:00:00Z").await
    }

    async fn starting_at(database: &TestDatabase, start: &str) -> Self {
        let db = database.migrated(crate::migrations()).await;
        let (registry, transport) = (FakeRegistry::default(), RecordingTransport::default());
        let clock = VirtualClock::new(examples::time(start));
        let parts = host_parts(db.clone(), &clock, 1, Arc::new(transport.clone()));
        let entropy = Arc::clone(&parts.entropy);
        let host = Host::from_parts(Service::Eligibility, parts).await.unwrap();
        let app = compose(&crate::Config::default(), &host, entropy, Arc::new(registry.clone()));
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
        let claim_assessed = |payload: Payload| {
            let Payload::ClaimAssessed(assessed) = &payload else { panic!("not a ClaimAssessed: {payload:?}") };
            assessed.clone()
        };
        self.transport.take().into_iter().map(claim_assessed).collect()
    }

    /// Opens an assessment and assesses it.
    pub(crate) async fn open_assessment(&self, facts: AssociationFacts) {
        self.open_pending_assessment(facts).await;
        self.app.assessor.drain().await.unwrap();
    }

    /// Opens an assessment without assessing it.
    pub(crate) async fn open_pending_assessment(&self, facts: AssociationFacts) {
        let key = store::assessment_key(facts.tenant, facts.claim.claim);
        let command = cpor_durable::Command::new("open_assessment", key, Actor::system(Service::Registry));
        let decide = move |current: Option<&Assessment>, _| {
            Ok::<_, std::convert::Infallible>(Assessment::open(current, facts.clone()))
        };
        self.writer.execute(command, decide).await.unwrap();
    }

    /// Imports usage without assessing any claim.
    pub(crate) async fn import_usage(&self, usage: &[Usage]) -> Vec<ImportOutcome> {
        let rows: Vec<_> = usage.iter().map(|usage| ImportedRow { usage: usage.clone(), request_id: None }).collect();
        let outcomes = store::usage::import(&self.host, &rows, false).await.unwrap();
        outcomes.into_iter().map(Result::unwrap).collect()
    }
}

/// Returns the same facts for a claim of `partner` with the id `number`.
pub(crate) fn facts_of_claim(number: u128, partner: &str, facts: AssociationFacts) -> AssociationFacts {
    let partner: PartnerId = partner.parse().unwrap();
    AssociationFacts { claim: ClaimRef { partner, claim: Uuid::from_u128(number).into() }, ..facts }
}

/// Returns the key of [`examples::usage_of_teams`].
pub(crate) fn teams_key() -> TenantKey {
    TenantKey { tenant: examples::presales().tenant, key: "workloads/teams".parse().unwrap() }
}

/// Returns the usage of [`teams_key`] in a month.
pub(crate) fn teams_usage(month: &str, active_users: i64) -> Usage {
    let key = teams_key();
    let counts = UsageCounts { active_users, paid_available_units: 2_000, ..UsageCounts::default() };
    let measures = Measures::from_counts(key.key.kind(), counts).unwrap();
    Usage { id: UsageId { key, month: month.parse().unwrap() }, measures }
}

/// Returns an event as the registry sends it.
pub(crate) fn registry_event(aggregate: &str, owner: &str, sequence: u64, payload: Payload) -> IncomingEvent {
    let stream = stream_key(Service::Registry, aggregate, owner, Uuid::nil());
    incoming_event(stream, sequence, Actor::system(Service::Registry), examples::time(START), payload)
}
