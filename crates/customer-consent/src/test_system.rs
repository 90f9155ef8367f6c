//! The service as tests run it: real tables in either database engine, a virtual business clock,
//! and a fake mail system.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use cpor_database::Db;
use cpor_durable::{
    AggregateKey, BusinessClock, DeliveryError, EventReceiver as _, EventTransport, Host, HostParts, IncomingEvent,
    ReceiveError, StreamKey, StreamPosition,
};
use cpor_mail::{Mail, MailConfig, SendError, Sender, SenderParts, Transport};
use cpor_process::Metrics;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{DeliverEventsRequest, DeliverEventsResponse, Event, StreamResult};
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{
    events::v1::{ClaimApproved, ClaimClosed, ClaimSnapshot, ClaimSubmitted, LineSnapshot},
    r#type::v1::Contact,
};
use cpor_types::{Actor, ActorSide, Entropy as _, Service, SystemEntropy, Timestamp, VirtualClock};
use sea_orm_migration::SchemaManager;
use sea_orm_migration::sea_orm::ConnectionTrait as _;

use crate::consents::Consents;
use crate::domain::{Consent, Rules, samples};
use crate::events::incoming::ClaimEventReceiver;
use crate::languages::Languages;
use crate::links::ConsentLinks;
use crate::notices::NoticeRenderer;
use crate::store::ConsentStore;

/// Runs `test` with the service on SQLite and then on PostgreSQL.
pub(crate) async fn on_both_databases(test: impl AsyncFn(TestSystem)) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Db::open_sqlite(&directory.path().join("consent.sqlite")).await.unwrap();
    test(TestSystem::new(sqlite).await).await;

    let url = std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`");
    let schema = format!("consent_{}", SystemEntropy.uuid().simple());
    let postgres = Db::open_postgres(&url, Some(&schema), 4).await.unwrap();
    postgres.create_schema().await.unwrap();
    test(TestSystem::new(postgres.clone()).await).await;
    postgres.writer().execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
}

/// The service and the fakes around it.
pub(crate) struct TestSystem {
    pub(crate) host: Host,
    pub(crate) consents: Consents,
    pub(crate) links: ConsentLinks,
    pub(crate) sender: Sender<NoticeRenderer>,
    pub(crate) mailbox: FakeMailSystem,
    pub(crate) intake: FakeClaimIntake,
    /// The clock of real time.
    pub(crate) clock: VirtualClock,
    receiver: ClaimEventReceiver,
    sequence: AtomicU64,
}

impl TestSystem {
    async fn new(db: Db) -> Self {
        for migration in crate::migrations() {
            migration.up(&SchemaManager::new(db.writer())).await.unwrap();
        }
        let (clock, intake, mailbox) =
            (VirtualClock::new(samples::monday()), FakeClaimIntake::default(), FakeMailSystem::default());
        let entropy = Arc::new(SystemEntropy);
        let parts = HostParts {
            db: db.clone(),
            business_clock: BusinessClock::Virtual,
            clock: Arc::new(clock.clone()),
            entropy: entropy.clone(),
            metrics: Metrics::new(),
            event_transport: Arc::new(intake.clone()),
        };
        let host = Host::from_parts(Service::CustomerConsent, parts).await.unwrap();
        let rules = Arc::new(Rules::shipped().unwrap());
        let writer = host.writer(ConsentStore);
        let consents = Consents { db: db.clone(), clock: BusinessClock::Virtual, writer, rules };
        let links = ConsentLinks {
            db: db.clone(),
            clock: Arc::new(clock.clone()),
            entropy: entropy.clone(),
            public_url: "https://consent.example".into(),
            lifetime: TimeDelta::days(180),
        };
        let languages = Arc::new(Languages::shipped().unwrap());
        let renderer = NoticeRenderer { consents: consents.clone(), languages, links: links.clone() };
        let sender = Sender::new(SenderParts {
            service: Service::CustomerConsent,
            db,
            clock: Arc::new(clock.clone()),
            entropy: entropy.clone(),
            metrics: Metrics::new(),
            renderer,
            transport: Box::new(mailbox.clone()),
            config: MailConfig::default(),
        });
        let sender = sender.unwrap();
        let receiver = ClaimEventReceiver { consents: consents.clone(), entropy, sender: sender.clone() };
        Self { host, consents, links, sender, mailbox, intake, clock, receiver, sequence: 1.into() }
    }

    /// Returns the key of the sample claim's consent.
    pub(crate) fn key() -> AggregateKey {
        let claim = samples::claim();
        AggregateKey::new(claim.tenant.to_string(), claim.name.claim.uuid())
    }

    /// Returns the sample claim's consent with passed deadlines applied.
    pub(crate) async fn consent(&self) -> Consent {
        self.consents.find(&Self::key()).await.unwrap().unwrap().state
    }

    /// Receives an event of claim-intake twice, because deliveries may be repeated.
    pub(crate) async fn receive(&self, payload: Payload) {
        let incoming = self.incoming(payload).await;
        self.receiver.apply(incoming.clone()).await.unwrap();
        self.receiver.apply(incoming).await.unwrap();
        self.sequence.fetch_add(1, Ordering::SeqCst);
    }

    /// Receives an event of claim-intake once and returns the result.
    pub(crate) async fn try_receive(&self, payload: Payload) -> Result<(), ReceiveError> {
        self.receiver.apply(self.incoming(payload).await).await
    }

    async fn incoming(&self, payload: Payload) -> IncomingEvent {
        let id = samples::claim().name.claim.uuid();
        let stream = StreamKey { source: Service::ClaimIntake, aggregate: "claim".into(), owner: "contoso".into(), id };
        let sequence = self.sequence.load(Ordering::SeqCst);
        IncomingEvent {
            position: StreamPosition { stream, sequence },
            actor: Actor::new(ActorSide::Partner, "alice@contoso.example"),
            effective_time: self.host.now().await.unwrap(),
            payload,
        }
    }

    /// Submits the sample claim and sends its notice.
    pub(crate) async fn submit_claim(&self) {
        self.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot()) })).await;
        self.sender.drain().await.unwrap();
    }

    /// Approves the sample claim and sends its notice.
    pub(crate) async fn approve_claim(&self) {
        self.receive(Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() })).await;
        self.sender.drain().await.unwrap();
    }

    /// Withdraws the sample claim.
    pub(crate) async fn withdraw_claim(&self) {
        let claim = samples::claim();
        self.receive(Payload::ClaimClosed(ClaimClosed {
            claim: claim.name.to_string(),
            tenant: format!("tenants/{}", claim.tenant),
            primary_reason: cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest.into(),
            review_case_id: String::new(),
            dispute_due_time: None,
        }))
        .await;
    }

    /// Advances the business clock and processes what falls due.
    pub(crate) async fn advance_days(&self, days: i64) {
        let now = self.host.now().await.unwrap();
        self.host.advance_clock(now + TimeDelta::days(days)).await.unwrap();
        self.host.deadline_runner().apply_due_deadlines().await.unwrap();
    }

    /// Delivers all events and returns what claim-intake has received so far.
    pub(crate) async fn sent_events(&self) -> Vec<Payload> {
        self.host.relay().deliver_pending().await.unwrap();
        self.intake.0.lock().unwrap().iter().filter_map(|event| event.payload.clone()).collect()
    }
}

/// Returns the sample claim as claim-intake sends it.
pub(crate) fn snapshot() -> ClaimSnapshot {
    let claim = samples::claim();
    let line = |line: &crate::domain::Line| LineSnapshot {
        line_id: String::new(),
        product: String::new(),
        product_display_name: line.product.clone(),
        key: line.key.to_string(),
        held_by_legacy: false,
    };
    ClaimSnapshot {
        claim: claim.name.to_string(),
        version: 7,
        partner_display_name: claim.partner,
        mpn_id: claim.mpn_id.to_string(),
        tenant: format!("tenants/{}", claim.tenant),
        customer_domain: claim.customer_domain.to_string(),
        customer_display_name: claim.customer,
        claim_display_name: claim.display_name,
        solution_area: cpor_proto::r#type::v1::SolutionArea::Microsoft365.into(),
        activities: vec![cpor_proto::r#type::v1::Activity::Usage.into()],
        lines: claim.lines.iter().map(line).collect(),
        policy: claim.policy.to_string(),
        tenant_calendar: claim.calendar,
        customer_contact: Some(Contact { name: claim.contact.name, title: String::new(), email: claim.contact.email }),
        review_case_id: String::new(),
        submit_time: Some(to_wire_time(claim.submit_time)),
        programs: vec![],
        evidence: vec![],
        consent_request_number: claim.consent_request_number,
    }
}

/// The customer's mail system.
#[derive(Clone, Default)]
pub(crate) struct FakeMailSystem {
    /// The mails that were accepted, newest last.
    pub(crate) accepted_mails: Arc<Mutex<Vec<String>>>,
    /// How many of the next mails are refused.
    pub(crate) refuse_next: Arc<Mutex<u32>>,
}

impl FakeMailSystem {
    /// Returns the token of the link in the newest mail.
    pub(crate) fn token(&self) -> String {
        let accepted_mails = self.accepted_mails.lock().unwrap();
        let mail = accepted_mails.last().unwrap();
        let link = mail.split_whitespace().find(|word| word.starts_with("https://consent.example/consent/")).unwrap();
        link.rsplit('/').next().unwrap().to_owned()
    }
}

#[async_trait::async_trait]
impl Transport for FakeMailSystem {
    async fn send(&self, _mail: &Mail, message: &cpor_mail::Email) -> Result<(), SendError> {
        let mut refuse_next = self.refuse_next.lock().unwrap();
        if *refuse_next > 0 {
            *refuse_next -= 1;
            return Err(SendError::Permanent("SMTP 550".into()));
        }
        self.accepted_mails.lock().unwrap().push(decode_quoted_printable(&message.formatted()));
        Ok(())
    }
}

/// Decodes the quoted-printable encoding of a mail (RFC 2045, section 6.7).
fn decode_quoted_printable(mail: &[u8]) -> String {
    let unfolded = String::from_utf8(mail.to_vec()).unwrap().replace("=\r\n", "");
    let (mut bytes, mut rest) = (vec![], unfolded.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code.filter(|_| *first == b'=') {
            Some(code) => {
                bytes.push(code);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A claim-intake that accepts every event.
#[derive(Clone, Default)]
pub(crate) struct FakeClaimIntake(Arc<Mutex<Vec<Event>>>);

#[async_trait::async_trait]
impl EventTransport for FakeClaimIntake {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        let mut all = self.0.lock().unwrap();
        let results = request.streams.into_iter().map(|stream| {
            let applied_sequence = stream.events.last().map_or(0, |event| event.sequence);
            all.extend(stream.events);
            StreamResult { applied_sequence, failure: None }
        });
        Ok(DeliverEventsResponse { results: results.collect() })
    }
}

/// Returns the end of the window that opens on the sample Monday.
pub(crate) fn due() -> Timestamp {
    "2026-03-09T23:00:00Z".parse().unwrap()
}
