//! Starts and stops the system under test.

use std::{
    net::IpAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use cpor::Config;
use cpor_auth::{IssuerConfig, ReceiptSigner, ServiceSigner, TokenSigner};
use cpor_customer_consent::BounceConfig;
use cpor_mail::{Security, SmtpConfig};
use cpor_proto::operations::v1::ListStreamsRequest;
use cpor_testing::{Engine, IssuerKey, MailServer, TestIssuer, TestKeys};
use cpor_types::{Clock, PolicyInForce, Role, Service, SystemClock};
use jsonwebtoken::Algorithm;

use super::{
    Actor, Browser, CONTOSO, Connections, FABRIKAM, LITWARE, Node, Recording, TAILSPIN, TestStorage, TestSystem,
    new_actor,
};
use crate::{NORTHWIND, ProcessLayout, Setup, StorageTemplate, warm_runtime::WarmRuntime};

impl TestSystem {
    /// Starts a system with the rows of the template.
    pub(crate) async fn boot(template: &StorageTemplate, setup: Setup) -> Self {
        if setup.layout == ProcessLayout::OneProcess {
            let (store, warm) = template.lease().await;
            return Self::start_on(store, warm, setup).await;
        }
        let processes = setup.layout.processes(template.engine() == Engine::Postgres).len();
        Self::start_on(template.copy(processes).await, None, setup).await
    }

    /// Starts a system on this storage. Its first process uses the runtime `warm`, if there is one.
    pub(crate) async fn start_on(store: TestStorage, warm: Option<WarmRuntime>, setup: Setup) -> Self {
        let keys = if setup.key_files { keys_in_files(&store.keys()) } else { TestKeys::generate() };
        let identity_provider = if setup.identity_provider {
            let key = IssuerKey::generate("corp-1", Algorithm::RS256);
            Some((TestIssuer::start(&[&key]).await, key))
        } else {
            None
        };
        let mail_server = if setup.mail_server { Some(MailServer::start().await) } else { None };
        let processes = setup.layout.processes(store.engine() == Engine::Postgres).into_iter().enumerate();
        let config = |process| process_config(&store, process, mail_server.as_ref(), setup);
        let mut nodes: Vec<_> = processes
            .map(|(process, services)| Node::new(services, config(process), setup.layout.concurrency(), &keys))
            .collect();
        if let Some(warm) = warm {
            let first = nodes.remove(0).with_warm_runtime(warm);
            nodes.insert(0, first);
        }
        configure_peers(&mut nodes);
        if let Some((provider, _)) = &identity_provider {
            for node in &mut nodes {
                node.configure(|config| config.auth.issuers.push(issuer_config(provider)));
            }
        }
        let system = Self::from_parts(store, nodes, keys, mail_server, Connections::default());
        let system = Self { identity_provider, ..system };
        for process in 0..system.nodes.len() {
            system.start(process).await;
        }
        system
    }

    fn from_parts(
        store: TestStorage,
        nodes: Vec<Node>,
        keys: TestKeys,
        mail_server: Option<MailServer>,
        connections: Connections,
    ) -> Self {
        let (connections, recording) = (Arc::new(connections), Recording::default());
        let actor = |subject: &str, role, owner: Option<&str>| {
            new_actor(&connections, &recording, &keys.users, subject, role, owner)
        };
        let customer =
            |subject: &str, tenant: &str| actor(subject, Role::CustomerAdmin, Some(&format!("tenants/{tenant}")));
        Self {
            contoso: actor("erik@contoso.example", Role::IncentivesAdmin, Some(CONTOSO)),
            contoso_user: actor("ida@contoso.example", Role::IncentivesUser, Some(CONTOSO)),
            northwind: actor("nora@northwind.example", Role::IncentivesAdmin, Some(NORTHWIND)),
            reviewer: actor("rita@vendor.example", Role::PoeReviewer, None),
            colleague: actor("ralf@vendor.example", Role::PoeReviewer, None),
            lead: actor("lena@vendor.example", Role::ReviewLead, None),
            manager: actor("paul@vendor.example", Role::ProgramManager, None),
            operator: actor("olga@vendor.example", Role::Operator, None),
            directory: actor("directory-sync", Role::DirectorySync, None),
            fabrikam: customer("admin@fabrikam.example", FABRIKAM),
            litware: customer("admin@litware.example", LITWARE),
            tailspin: customer("admin@tailspin.example", TAILSPIN),
            anonymous: Actor::new("nobody", None, connections.clone(), recording.clone()),
            browser: Browser::default(),
            connections,
            recording,
            keys,
            nodes,
            store,
            mail_server,
            identity_provider: None,
            next_number: AtomicU64::new(1),
            allows_parked_streams: AtomicBool::new(false),
        }
    }

    /// Connects to a system that runs outside of the harness, at `url` and on this storage. The
    /// system must accept tokens that `issuer` signs.
    #[must_use]
    pub fn connect_to(store: TestStorage, issuer: TokenSigner, url: &str) -> Self {
        Self::connect_from(store, issuer, url, None)
    }

    /// Connects like [`Self::connect_to`], from this address of the machine.
    #[must_use]
    pub fn connect_from(store: TestStorage, issuer: TokenSigner, url: &str, local_address: Option<IpAddr>) -> Self {
        let keys = TestKeys { users: issuer, ..TestKeys::generate() };
        let system = Self::from_parts(store, Vec::new(), keys, None, Connections::from_address(local_address));
        system.reconnect(url);
        system
    }

    /// Connects again to a system outside of the harness after it was restarted.
    pub fn reconnect(&self, url: &str) {
        self.connections.connect(0, Service::ALL, url);
    }

    /// Starts a stopped process and connects to it.
    pub async fn start(&self, process: usize) {
        let node = &self.nodes[process];
        node.start().await;
        self.connections.connect(process, &node.services, &node.grpc.url());
    }

    /// Returns the index of the process that hosts a service.
    ///
    /// # Panics
    /// Panics if no process hosts the service.
    #[must_use]
    pub fn process_hosting(&self, service: Service) -> usize {
        self.nodes.iter().position(|node| node.services.contains(&service)).expect("a process that hosts it")
    }

    /// Allows the test to end with events that are not delivered, for example because their stream
    /// waits for an operator.
    pub fn allow_parked_streams(&self) {
        self.allows_parked_streams.store(true, Ordering::Relaxed);
    }

    /// Waits until the system is idle, checks that all events were delivered, and stops the system.
    pub(crate) async fn close(self) {
        self.wait_until_idle().await;
        self.assert_all_delivered().await;
        self.assert_no_leak();
        let warm = self.end_processes().await;
        match (warm, self.store.into_database()) {
            (Some(warm), Some(postgres)) => warm.keep_idle(postgres).await,
            (Some(warm), None) => warm.shut_down().await,
            (None, _) => {}
        }
    }

    /// Stops the system of a failed test, without checks.
    pub(crate) async fn stop_after_failure(self) {
        for node in &self.nodes {
            node.kill().await;
        }
    }

    /// Stops the processes and returns their storage.
    pub async fn into_store(self) -> TestStorage {
        if let Some(warm) = self.end_processes().await {
            warm.shut_down().await;
        }
        self.store
    }

    /// Stops the processes. Returns the runtime of the first one if another process can use it.
    async fn end_processes(&self) -> Option<WarmRuntime> {
        let mut first = None;
        for node in &self.nodes {
            first = first.or(node.end().await);
        }
        first
    }

    /// Checks that no event is undelivered and no stream is parked.
    ///
    /// # Panics
    /// Panics if a stream has undelivered events or is parked.
    pub async fn assert_all_delivered(&self) {
        if self.allows_parked_streams.load(Ordering::Relaxed) {
            return;
        }
        for (number, service) in (1..).zip(Service::ALL) {
            let request = ListStreamsRequest { service: number, ..ListStreamsRequest::default() };
            let streams = self
                .operator
                .operations(*service)
                .list_streams(request)
                .await
                .expect("the streams")
                .into_inner()
                .streams;
            assert!(streams.is_empty(), "{service} has undelivered or parked streams: {streams:#?}");
        }
    }
}

/// Creates the key files of an installation, and returns the keys in them.
fn keys_in_files(folder: &Path) -> TestKeys {
    cpor::keys::create_missing(folder).expect("the key files");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let signer = |service: &Service| {
        ServiceSigner::from_file(*service, &cpor::keys::service_key_file(folder, *service), Arc::clone(&clock))
    };
    TestKeys {
        users: cpor::keys::load_signer(&cpor::keys::user_key_file(folder), cpor::keys::ISSUER).expect("the user key"),
        services: Service::ALL.iter().map(signer).collect::<Result<_, _>>().expect("the keys of the services"),
        receipts: ReceiptSigner::from_file(&cpor::keys::receipt_key_file(folder)).expect("the receipt key"),
    }
}

fn process_config(store: &TestStorage, process: usize, mail_server: Option<&MailServer>, setup: Setup) -> Config {
    let mut config = Config::default();
    config.database = store.config(process);
    config.database.connections = setup.layout.concurrency().into();
    config.auth.issuer = cpor::keys::ISSUER.to_owned();
    config.claim_intake.watch_heartbeat_seconds = 1;
    config.poe_review.watch_heartbeat_seconds = 1;
    config.customer_consent.bounces =
        Some(BounceConfig { return_domain: "bounces.vendor.example".to_owned(), maildir: store.bounces() });
    config.eligibility.watch_heartbeat_seconds = 1;
    let in_force = |(profile, from): &(&str, &str)| PolicyInForce {
        profile: profile.parse().expect("a profile"),
        from: from.parse().expect("a time"),
    };
    if setup.catalog_file {
        std::fs::write(store.catalog(), include_str!("../../../registry/catalog.toml"))
            .expect("the catalog is written");
        config.registry.catalog_file = Some(store.catalog());
    }
    if setup.key_files {
        cpor::keys::configure(&mut config.auth, &store.keys());
    }
    config.rules.policies_in_force = setup.policies.iter().map(in_force).collect();
    if setup.calendar_file {
        let file = store.calendar_file();
        std::fs::write(&file, include_str!("../../../types/calendars/de.toml")).expect("a calendar");
        config.rules.calendar_files = vec![file];
    }
    let smtp = mail_server.map(|server| SmtpConfig {
        host: server.address().ip().to_string(),
        port: Some(server.address().port()),
        security: Security::Plain,
        ca_file: None,
        username: None,
        password: None,
        timeout_seconds: 5,
    });
    for mail in [&mut config.claim_intake.mail, &mut config.customer_consent.mail, &mut config.poe_review.mail] {
        mail.directory = Some(store.mail());
        mail.smtp.clone_from(&smtp);
    }
    config
}

/// Returns the configuration that trusts an identity provider.
fn issuer_config(provider: &TestIssuer) -> IssuerConfig {
    IssuerConfig {
        name: Some("corp".to_owned()),
        url: provider.url.clone(),
        audiences: vec!["cpor".to_owned()],
        ..IssuerConfig::default()
    }
}

/// Configures the address of each service in every process. A process that hosts a service itself
/// calls itself.
fn configure_peers(nodes: &mut [Node]) {
    let hosts: Vec<_> = nodes.iter().map(|node| (node.services.clone(), node.grpc.url(), node.web.url())).collect();
    for node in nodes.iter_mut() {
        let (own, own_url) = (node.services.clone(), node.grpc.url());
        let web = node.web.url();
        let url = |service: Service| {
            let host = hosts.iter().find(|(services, _, _)| services.contains(&service)).map(|(_, url, _)| url.clone());
            if own.contains(&service) { Some(own_url.clone()) } else { host }
        };
        node.configure(|config| {
            config.peers.claim_intake = url(Service::ClaimIntake);
            config.peers.poe_review = url(Service::PoeReview);
            config.peers.customer_consent = url(Service::CustomerConsent);
            config.peers.eligibility = url(Service::Eligibility);
            config.peers.registry = url(Service::Registry);
            config.customer_consent.public_url = web;
        });
    }
}
