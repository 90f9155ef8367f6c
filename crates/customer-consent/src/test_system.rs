//! The service as tests run it: with real tables, a virtual business clock, and fakes of
//! claim-intake and of the customer's mail system.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use cpor_durable::{AggregateKey, BusinessClock, EventReceiver as _, Host, IncomingEvent, ReceiveError, Writer};
use cpor_mail::{MailConfig, Sender, SenderParts};
use cpor_process::Metrics;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{
    events::v1::{ClaimApproved, ClaimClosed, ClaimSnapshot, ClaimSubmitted, LineSnapshot},
    r#type::v1::Contact,
};
use cpor_testing::{FakeMailTransport, RecordingTransport, TestDatabase, host_parts, incoming_event, stream_key};
use cpor_types::{Actor, ActorSide, Service, Timestamp, VirtualClock};

use crate::bounces::ReturnAddresses;
use crate::consents::Consents;
use crate::domain::{Consent, Rules, samples};
use crate::events::incoming::ClaimEventReceiver;
use crate::languages::Languages;
use crate::links::ConsentLinks;
use crate::notices::NoticeRenderer;
use crate::store::ConsentStore;
use crate::store::holder::HolderStore;

/// The domain of the return addresses of notices.
pub(crate) const RETURN_DOMAIN: &str = "bounces.vendor.example";

/// The service and the fakes around it.
pub(crate) struct TestSystem {
    pub(crate) host: Host,
    pub(crate) consents: Consents,
    pub(crate) holders: Writer<HolderStore>,
    pub(crate) links: ConsentLinks,
    pub(crate) sender: Sender<NoticeRenderer>,
    pub(crate) mailbox: FakeMailTransport,
    pub(crate) intake: RecordingTransport,
    /// The clock of real time.
    pub(crate) clock: VirtualClock,
    receiver: ClaimEventReceiver,
    sequence: AtomicU64,
}

impl TestSystem {
    pub(crate) async fn new(database: &TestDatabase) -> Self {
        let db = database.migrated(crate::migrations()).await;
        let (clock, intake, mailbox) =
            (VirtualClock::new(samples::monday()), RecordingTransport::default(), FakeMailTransport::default());
        let parts = host_parts(db.clone(), &clock, 1, Arc::new(intake.clone()));
        let entropy = Arc::clone(&parts.entropy);
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
        let renderer = NoticeRenderer {
            consents: consents.clone(),
            languages,
            links: links.clone(),
            return_addresses: Some(ReturnAddresses::at(RETURN_DOMAIN)),
        };
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
        let holders = host.writer(HolderStore);
        let receiver = ClaimEventReceiver {
            consents: consents.clone(),
            holders: holders.clone(),
            entropy,
            sender: sender.clone(),
        };
        Self { host, consents, holders, links, sender, mailbox, intake, clock, receiver, sequence: 1.into() }
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
        let stream = stream_key(Service::ClaimIntake, "claim", "contoso", samples::claim().name.claim.uuid());
        let actor = Actor::new(ActorSide::Partner, "alice@contoso.example");
        let sequence = self.sequence.load(Ordering::SeqCst);
        incoming_event(stream, sequence, actor, self.host.now().await.unwrap(), payload)
    }

    /// Returns the token of the link in the newest notice. The mails that confirm decisions have no
    /// link.
    pub(crate) fn consent_token(&self) -> String {
        let mails = self.mailbox.accepted();
        mails.iter().rfind(|mail| mail.text.contains("/consent/")).expect("a notice").token().to_owned()
    }

    /// Submits the sample claim and sends its notice.
    pub(crate) async fn submit_claim(&self) {
        self.receive(Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot()) })).await;
        self.sender.send_due_mails().await.unwrap();
    }

    /// Approves the sample claim and sends its notice.
    pub(crate) async fn approve_claim(&self) {
        self.receive(Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() })).await;
        self.sender.send_due_mails().await.unwrap();
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
        self.intake.sent()
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
        legacy_holder_id: String::new(),
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
        customer_contact: Some(Contact {
            name: claim.contact.name.into_exposed(),
            title: String::new(),
            email: claim.contact.email.into_exposed(),
        }),
        review_case_id: String::new(),
        submit_time: Some(to_wire_time(claim.submit_time)),
        programs: vec![],
        evidence: vec![],
        consent_request_number: claim.consent_request_number,
        customer_contact_authorized: claim.contact_authorized,
    }
}

/// Returns the end of the window that opens on the sample Monday.
pub(crate) fn due() -> Timestamp {
    "2026-03-09T23:00:00Z".parse().unwrap()
}
