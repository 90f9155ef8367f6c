//! The system under test, with the actors that call it.

mod boot;
mod clock;
mod content;
mod faults;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use cpor_auth::TokenSigner;
use cpor_testing::{Engine, IssuerKey, Mail, MailServer, TestIssuer, TestKeys, user_token};
use cpor_types::{ActorSide, Role, Service};

use crate::{
    Actor, Browser, CONTOSO, Connections, FABRIKAM, LITWARE, Node, TAILSPIN, TestStorage, recording::Recording,
};

/// The start of virtual time in every test: a Monday.
pub(crate) const START: &str = "2026-03-16T09:00:00Z";

/// The system of one test, with the actors that call it.
#[derive(Debug)]
pub struct TestSystem {
    /// An `incentives_admin` of Contoso.
    pub contoso: Actor,
    /// An `incentives_user` of Contoso.
    pub contoso_user: Actor,
    /// An `incentives_admin` of Northwind.
    pub northwind: Actor,
    /// A `poe_reviewer`.
    pub reviewer: Actor,
    /// Another `poe_reviewer`.
    pub colleague: Actor,
    /// A `review_lead`.
    pub lead: Actor,
    /// A `program_manager`.
    pub manager: Actor,
    /// An `operator`.
    pub operator: Actor,
    /// The service account with the role `directory_sync`.
    pub directory: Actor,
    /// A `customer_admin` of Fabrikam.
    pub fabrikam: Actor,
    /// A `customer_admin` of Litware.
    pub litware: Actor,
    /// A `customer_admin` of Tailspin.
    pub tailspin: Actor,
    /// A caller without a token.
    pub anonymous: Actor,
    /// A client for the consent page.
    pub browser: Browser,
    connections: Arc<Connections>,
    pub(crate) recording: Recording,
    /// The private keys of the users' issuer, of the services and of the receipts.
    keys: TestKeys,
    /// The processes; none if the system runs outside of the harness.
    nodes: Vec<Node>,
    store: TestStorage,
    mail_server: Option<MailServer>,
    identity_provider: Option<(TestIssuer, IssuerKey)>,
    /// The number that `next_number` returns next.
    next_number: AtomicU64,
    /// Whether the test may end with parked streams (their receiver refused an event, and they wait
    /// for an operator).
    allows_parked_streams: AtomicBool,
}

impl TestSystem {
    /// Returns the engine of the databases.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// Returns the processes of the system.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the number of processes that host all services: two if the test asked for replicas
    /// and runs on PostgreSQL, otherwise one.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.nodes.iter().filter(|node| node.services.len() == Service::ALL.len()).count()
    }

    /// Returns the storage of the system.
    #[must_use]
    pub fn store(&self) -> &TestStorage {
        &self.store
    }

    /// Returns the mail server.
    ///
    /// # Panics
    /// Panics if the test did not ask for a mail server.
    #[must_use]
    pub fn mail_server(&self) -> &MailServer {
        self.mail_server.as_ref().expect("Setup::with_mail_server")
    }

    /// Returns the identity provider and its key.
    ///
    /// # Panics
    /// Panics if the test did not ask for an identity provider.
    #[must_use]
    pub fn identity_provider(&self) -> &(TestIssuer, IssuerKey) {
        self.identity_provider.as_ref().expect("Setup::with_identity_provider")
    }

    /// Returns a number that was not returned before.
    pub fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns a caller with this role. `owner` is the name of the partner or tenant, for roles
    /// that need one.
    #[must_use]
    pub fn actor(&self, subject: &str, role: Role, owner: Option<&str>) -> Actor {
        new_actor(&self.connections, &self.recording, &self.keys.users, subject, role, owner)
    }

    /// Returns a caller with this role. Partner roles belong to Contoso, the customer role to
    /// Fabrikam.
    #[must_use]
    pub fn actor_with_role(&self, role: Role) -> Actor {
        let subject = format!("{role}@test.example");
        match role.side() {
            ActorSide::Partner => self.actor(&subject, role, Some(CONTOSO)),
            ActorSide::Customer => self.actor(&subject, role, Some(&format!("tenants/{FABRIKAM}"))),
            ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
                self.actor(&subject, role, None)
            }
        }
    }

    /// Returns the service `from` as a caller of the service `to`, on its own behalf.
    #[must_use]
    pub fn service(&self, from: Service, to: Service) -> Actor {
        let token = self.keys.service(from).token(to, None).expect("a token");
        Actor::new(from.as_str(), Some(&token), self.connections.clone(), self.recording.clone())
    }

    /// Returns a caller with this token.
    #[must_use]
    pub fn actor_with_token(&self, token: &str) -> Actor {
        Actor::new("bearer", Some(token), self.connections.clone(), self.recording.clone())
    }

    /// Returns the signer of the users' tokens.
    #[must_use]
    pub fn issuer(&self) -> &TokenSigner {
        &self.keys.users
    }

    /// Returns the private keys of the system.
    #[must_use]
    pub fn keys(&self) -> &TestKeys {
        &self.keys
    }

    /// Returns the mails to an address, in the order of the decisions that caused them.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mut mails = self.all_mails();
        mails.retain(|mail| mail.to == address);
        mails
    }

    /// Returns all mails, in the order of the decisions that caused them.
    pub(crate) fn all_mails(&self) -> Vec<Mail> {
        self.mail_server.as_ref().map_or_else(|| Mail::all_in(&self.store.mail()), MailServer::accepted)
    }

    /// Returns the newest mail to an address.
    ///
    /// # Panics
    /// Panics if there is no mail to the address.
    #[must_use]
    pub fn mail_to(&self, address: &str) -> Mail {
        self.mails_to(address).pop().unwrap_or_else(|| panic!("no mail to {address}"))
    }
}

fn new_actor(
    connections: &Arc<Connections>,
    recording: &Recording,
    issuer: &TokenSigner,
    subject: &str,
    role: Role,
    owner: Option<&str>,
) -> Actor {
    let token = user_token(issuer, subject, role, owner);
    Actor::new(subject, Some(&token), connections.clone(), recording.clone()).of_owner(owner)
}
