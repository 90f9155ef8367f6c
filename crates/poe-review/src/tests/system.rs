//! One service on one database, driven by hand.
use super::{claim, registry::MishapRegistry};
use crate::{
    Config,
    api::Api,
    app,
    contender::Contender,
    domain::tests::{SUBMITTED, at},
    incoming::Events,
    migrations,
    resumer::Resumer,
    store::query::Cases,
};
use cpor_durable::{
    BusinessClock, Courier, Host, Incoming, Parts, Position, ReceiveError, Receiver, StreamKey, Undelivered, Versioned,
};
use cpor_kit::{
    Caller, Db, Metrics,
    auth::{Access, Method},
};
use cpor_proto::{
    events::v1::{self as events, ClaimClosed, ClaimResubmitted, ClaimSnapshot, ClaimSubmitted, event::Payload},
    reviews::v1::ReviewCase as WireCase,
};
use cpor_types::{
    Actor, ActorSide, Calendars, PolicyProfiles, ReviewCaseName, Role, SeededEntropy, Service, Timestamp, VirtualClock,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use tonic::{Request, Status};

/// One replica of the service, with its neighbours.
#[derive(Clone)]
pub(crate) struct System {
    pub api: Api,
    pub resumer: Resumer,
    pub contender: Contender,
    pub registry: MishapRegistry,
    /// Real time, as far as leases go.
    pub wall: VirtualClock,
    host: Host,
    events: Arc<Events>,
    sequences: Arc<Mutex<HashMap<String, u64>>>,
    intake: Intake,
}

/// Runs the test on an SQLite file, and in a schema of its own on the PostgreSQL server of `CPOR_TEST_POSTGRES`.
pub(crate) async fn on_both(test: impl AsyncFn(System)) {
    let directory = tempfile::tempdir().unwrap();
    test(System::on(Db::sqlite(&directory.path().join("poe-review.db")).await.unwrap()).await).await;
    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES names no server: run `cargo xtask test`");
    test(System::on(Db::postgres(&url, Some(&schema()), 4).await.unwrap()).await).await;
}

fn schema() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unique = (std::process::id(), at_random(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("poe_review_{}_{}_{}", unique.0, unique.1, unique.2)
}

fn at_random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        migrations()
    }
}

impl System {
    async fn on(db: Db) -> Self {
        db.create_schema().await.unwrap();
        Migrator::up(db.writer(), None).await.unwrap();
        Self::start(db, MishapRegistry::default(), VirtualClock::new(at(SUBMITTED)), Intake::default(), 1).await
    }

    async fn start(db: Db, registry: MishapRegistry, wall: VirtualClock, intake: Intake, seed: u64) -> Self {
        let (clock, entropy) = (Arc::new(wall.clone()), Arc::new(SeededEntropy::new(seed)));
        let courier = Arc::new(intake.clone());
        let parts = Parts {
            db,
            business_clock: BusinessClock::Virtual,
            clock: clock.clone(),
            entropy: entropy.clone(),
            metrics: Metrics::default(),
            courier,
        };
        let host = Host::of(Service::PoeReview, parts).await.unwrap();
        let (policies, calendars) = (PolicyProfiles::shipped().unwrap(), Calendars::shipped().unwrap());
        let config = Config { lead_mail: Some("leads@vendor.example".to_owned()), ..Config::default() };
        let rules = app::Rules::of(&config, policies, &calendars).unwrap();
        let parts = app::Parts::new(&config, &host, Arc::new(registry.clone()), rules, clock, entropy);
        let events = Arc::new(parts.events());
        Self {
            api: parts.api,
            resumer: parts.resumer,
            contender: parts.contender,
            registry,
            wall,
            host,
            events,
            sequences: Arc::default(),
            intake,
        }
    }

    /// Another process on the same database: a replica, or this one after a crash.
    pub(crate) async fn another(&self) -> Self {
        let another =
            Self::start(self.host.db().clone(), self.registry.clone(), self.wall.clone(), self.intake.clone(), 2).await;
        Self { sequences: Arc::clone(&self.sequences), ..another }
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        self.host.db().writer()
    }

    /// Moves business time and fires what is due.
    pub(crate) async fn advance(&self, to: Timestamp) {
        self.host.advance(to).await.unwrap();
        self.host.runner().drain().await.unwrap();
    }

    /// The next event of the claim's stream arrives.
    pub(crate) async fn tell(
        &self,
        claim: &str,
        payload: Payload,
        effective_time: Timestamp,
    ) -> Result<(), ReceiveError> {
        let sequence = {
            let mut sequences = self.sequences.lock().unwrap();
            let last = sequences.entry(claim.to_owned()).or_default();
            *last += 1;
            *last
        };
        self.tell_again(claim, payload, effective_time, sequence).await
    }

    /// An event arrives at this place of the claim's stream.
    pub(crate) async fn tell_again(
        &self,
        claim: &str,
        payload: Payload,
        effective_time: Timestamp,
        sequence: u64,
    ) -> Result<(), ReceiveError> {
        let name: cpor_types::ClaimName = claim.parse().unwrap();
        let stream = StreamKey {
            source: Service::ClaimIntake,
            aggregate: "claim".to_owned(),
            owner: name.partner.to_string(),
            id: name.claim.uuid(),
        };
        let actor = Actor::new(ActorSide::Partner, "alice");
        self.events.apply(Incoming { position: Position { stream, sequence }, actor, effective_time, payload }).await
    }

    /// The nth claim is submitted.
    pub(crate) async fn submit(&self, n: u32) {
        let snapshot = claim(n);
        let name = snapshot.claim.clone();
        self.tell(&name, Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }), at(SUBMITTED))
            .await
            .unwrap();
    }

    /// A claim is resubmitted.
    pub(crate) async fn resubmit(&self, snapshot: ClaimSnapshot, when: Timestamp) {
        let name = snapshot.claim.clone();
        self.tell(&name, Payload::ClaimResubmitted(ClaimResubmitted { snapshot: Some(snapshot) }), when).await.unwrap();
    }

    /// The nth claim is closed from outside.
    pub(crate) async fn close(&self, n: u32) {
        let ClaimSnapshot { claim: name, tenant, review_case_id, .. } = claim(n);
        let closed = ClaimClosed {
            claim: name.clone(),
            tenant,
            primary_reason: "partner_request".to_owned(),
            review_case_id,
            dispute_due_time: None,
        };
        self.tell(&name, Payload::ClaimClosed(closed), at(SUBMITTED)).await.unwrap();
    }

    /// The case as it is stored.
    pub(crate) async fn stored(&self, name: &str) -> Versioned<crate::domain::ReviewCase> {
        let ReviewCaseName { tenant, case } = name.parse().unwrap();
        Cases::of(self.db(), tenant).find(case).await.unwrap().expect("the case exists")
    }

    /// Everything that claim-intake has been told so far, in order.
    pub(crate) async fn told(&self) -> Vec<Payload> {
        self.host.relay().drain().await.unwrap();
        self.intake.0.lock().unwrap().clone()
    }

    /// How many rows of a table there are.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let row = self.db().query_one_raw(sea_orm::Statement::from_string(
            self.db().get_database_backend(),
            format!("SELECT COUNT(*) AS n FROM {table}"),
        ));
        row.await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

/// The other end of the outbox: takes note of everything.
#[derive(Clone, Default)]
pub(crate) struct Intake(Arc<Mutex<Vec<Payload>>>);

#[async_trait::async_trait]
impl Courier for Intake {
    async fn deliver(
        &self,
        request: events::DeliverEventsRequest,
    ) -> Result<events::DeliverEventsResponse, Undelivered> {
        let mut results = Vec::new();
        for stream in request.streams {
            let applied_sequence = stream.events.last().map_or(0, |event| event.sequence);
            self.0.lock().unwrap().extend(stream.events.into_iter().filter_map(|event| event.payload));
            results.push(events::StreamResult { applied_sequence, failure: None });
        }
        Ok(events::DeliverEventsResponse { results })
    }
}

/// A request as the auth layer lets it through.
pub(crate) fn by<T>(subject: &str, role: Role, message: T) -> Request<T> {
    let caller = Caller {
        subject: subject.to_owned(),
        roles: vec![role],
        partner: None,
        tenant: None,
        service: None,
        actor: Actor::new(ActorSide::Reviewer, subject),
    };
    let access = Access::Declared {
        roles: vec![role],
        services: Vec::new(),
        owner_field: Vec::new(),
        customers_by_tenant: false,
    };
    let method = Method {
        service: "cpor.reviews.v1.ReviewService".to_owned(),
        name: "Any".to_owned(),
        access,
        callees: vec![Service::PoeReview],
        streaming: false,
    };
    let mut request = Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request.extensions_mut().insert(Arc::new(method));
    request
}

/// What a command answers.
pub(crate) type Answer = Result<WireCase, Status>;
