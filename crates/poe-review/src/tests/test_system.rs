//! A test system: one replica of the service on one database, with fakes of the other services.
//! Tests call its background tasks themselves.
use super::claim;
use crate::{
    Config,
    api::Api,
    app,
    approval_recovery::ApprovalRecovery,
    competition_detector::CompetitionDetector,
    domain::tests::{SUBMITTED, parse_time},
    events::incoming::ClaimEventReceiver,
    store::case_query::CaseQuery,
};
use cpor_auth::{Access, Caller, Method};
use cpor_database::Db;
use cpor_durable::{EventReceiver, Host, ReceiveError, Versioned};
use cpor_proto::{
    events::v1::{ClaimClosed, ClaimResubmitted, ClaimSnapshot, ClaimSubmitted, event::Payload},
    reviews::v1::ReviewCase as ProtoReviewCase,
};
use cpor_testing::{FaultyRegistry, RecordingTransport, TestDatabase, host_parts, incoming_event, stream_key};
use cpor_types::{Actor, ActorSide, Calendars, PolicyProfiles, ReviewCaseName, Role, Service, Timestamp, VirtualClock};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tonic::{Request, Status};

/// One replica of the service, with fakes of the registry and of claim-intake.
#[derive(Clone)]
pub(crate) struct TestSystem {
    pub api: Api,
    pub recovery: ApprovalRecovery,
    pub detector: CompetitionDetector,
    pub registry: FaultyRegistry,
    /// The real time that leases use.
    pub real_time: VirtualClock,
    host: Host,
    receiver: Arc<ClaimEventReceiver>,
    sequences: Arc<Mutex<HashMap<String, u64>>>,
    claim_intake: RecordingTransport,
}

impl TestSystem {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        let (registry, claim_intake) = (FaultyRegistry::default(), RecordingTransport::default());
        let real_time = VirtualClock::new(parse_time(SUBMITTED));
        Self::start(database.migrated(crate::migrations()).await, registry, real_time, claim_intake, 1).await
    }

    async fn start(
        db: Db,
        registry: FaultyRegistry,
        real_time: VirtualClock,
        claim_intake: RecordingTransport,
        seed: u64,
    ) -> Self {
        let parts = host_parts(db, &real_time, seed, Arc::new(claim_intake.clone()));
        let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        let host = Host::from_parts(Service::PoeReview, parts).await.unwrap();
        let (policies, calendars) = (PolicyProfiles::shipped().unwrap(), Calendars::shipped().unwrap());
        let config = Config { lead_mail: Some("leads@vendor.example".to_owned()), ..Config::default() };
        let rules = app::ReviewRules::new(&config, policies, &calendars).unwrap();
        let components = app::Components::new(&config, &host, Arc::new(registry.clone()), rules, clock, entropy);
        let receiver = Arc::new(components.event_receiver());
        Self {
            api: components.api,
            recovery: components.recovery,
            detector: components.detector,
            registry,
            real_time,
            host,
            receiver,
            sequences: Arc::default(),
            claim_intake,
        }
    }

    /// Starts another process on the same database: a replica, or this process after a crash.
    pub(crate) async fn start_replica(&self) -> Self {
        let replica = Self::start(
            self.host.db().clone(),
            self.registry.clone(),
            self.real_time.clone(),
            self.claim_intake.clone(),
            2,
        )
        .await;
        Self { sequences: Arc::clone(&self.sequences), ..replica }
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        self.host.db().writer()
    }

    /// Moves the business time to `to`, and fires the deadlines that are due.
    pub(crate) async fn advance(&self, to: Timestamp) {
        self.host.advance_clock(to).await.unwrap();
        self.host.deadline_runner().apply_due_deadlines().await.unwrap();
    }

    /// Delivers the next event of the claim's stream.
    pub(crate) async fn deliver_event(
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
        self.deliver_event_at(claim, payload, effective_time, sequence).await
    }

    /// Delivers an event with this sequence number in the claim's stream.
    pub(crate) async fn deliver_event_at(
        &self,
        claim: &str,
        payload: Payload,
        effective_time: Timestamp,
        sequence: u64,
    ) -> Result<(), ReceiveError> {
        let name: cpor_types::ClaimName = claim.parse().unwrap();
        let stream = stream_key(Service::ClaimIntake, "claim", name.partner.as_str(), name.claim.uuid());
        let actor = Actor::new(ActorSide::Partner, "alice");
        self.receiver.apply(incoming_event(stream, sequence, actor, effective_time, payload)).await
    }

    /// Delivers the submission of the nth claim.
    pub(crate) async fn submit(&self, n: u32) {
        let snapshot = claim(n);
        let name = snapshot.claim.clone();
        self.deliver_event(
            &name,
            Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }),
            parse_time(SUBMITTED),
        )
        .await
        .unwrap();
    }

    /// Delivers the resubmission of a claim.
    pub(crate) async fn resubmit(&self, snapshot: ClaimSnapshot, effective_time: Timestamp) {
        let name = snapshot.claim.clone();
        self.deliver_event(
            &name,
            Payload::ClaimResubmitted(ClaimResubmitted { snapshot: Some(snapshot) }),
            effective_time,
        )
        .await
        .unwrap();
    }

    /// Delivers the closure of the nth claim, by a withdrawal.
    pub(crate) async fn close(&self, n: u32) {
        let ClaimSnapshot { claim: name, tenant, review_case_id, .. } = claim(n);
        let closed = ClaimClosed {
            claim: name.clone(),
            tenant,
            primary_reason: cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest.into(),
            review_case_id,
            dispute_due_time: None,
        };
        self.deliver_event(&name, Payload::ClaimClosed(closed), parse_time(SUBMITTED)).await.unwrap();
    }

    /// Reads a case from the database.
    pub(crate) async fn stored(&self, name: &str) -> Versioned<crate::domain::ReviewCase> {
        let ReviewCaseName { tenant, case } = name.parse().unwrap();
        CaseQuery::for_tenant(self.db(), tenant).find(case).await.unwrap().expect("the case exists")
    }

    /// Returns all events that claim-intake has received so far, in order.
    pub(crate) async fn sent_events(&self) -> Vec<Payload> {
        self.host.relay().deliver_pending().await.unwrap();
        self.claim_intake.sent()
    }

    /// Counts the rows of a table. `table` may end with a WHERE clause.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let row = self.db().query_one_raw(sea_orm::Statement::from_string(
            self.db().get_database_backend(),
            format!("SELECT COUNT(*) AS n FROM {table}"),
        ));
        row.await.unwrap().unwrap().try_get("", "n").unwrap()
    }
}

/// Builds a request of this caller, as the authentication layer passes it on.
pub(crate) fn request_from<T>(subject: &str, role: Role, message: T) -> Request<T> {
    let caller = Caller {
        subject: subject.into(),
        roles: vec![role],
        partner: None,
        tenant: None,
        service: None,
        actor: Actor::new(ActorSide::Reviewer, subject),
    };
    let access = Access::Restricted {
        roles: vec![role],
        services: Vec::new(),
        on_behalf_of: Vec::new(),
        owner_field: Vec::new(),
        skip_owner_check_for_customers: false,
    };
    let method = Method {
        service: "cpor.reviews.v1.ReviewService".to_owned(),
        name: "Any".to_owned(),
        access,
        audiences: vec![Service::PoeReview],
        is_streaming: false,
        is_client_streaming: false,
    };
    let mut request = Request::new(message);
    request.extensions_mut().insert(Arc::new(caller));
    request.extensions_mut().insert(Arc::new(method));
    request
}

/// The result of a command on a case.
pub(crate) type CaseResult = Result<ProtoReviewCase, Status>;
