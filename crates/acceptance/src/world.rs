//! One test's system and everybody who acts on it.

mod boot;
mod clock;
mod content;
mod faults;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use cpor_kit::auth::{TokenSigner, UserToken};
use cpor_types::{Actor as Behalf, ActorSide, Role, Service};

use crate::{Actor, Backend, Browser, CONTOSO, FABRIKAM, LITWARE, Mail, MailServer, Node, Store, TAILSPIN, Wire};

/// When the virtual clock of every world starts: a Monday.
pub(crate) const START: &str = "2026-03-16T09:00:00Z";

/// Who issues users' tokens.
pub(crate) const ISSUER: &str = "cpor";

/// A system of its own and everybody who acts on it.
#[derive(Debug)]
pub struct World {
    /// `incentives_admin` of Contoso.
    pub contoso: Actor,
    /// `incentives_user` of Contoso.
    pub contoso_user: Actor,
    /// `incentives_admin` of Northwind.
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
    /// The `directory_sync`.
    pub directory: Actor,
    /// `customer_admin` of Fabrikam.
    pub fabrikam: Actor,
    /// `customer_admin` of Litware.
    pub litware: Actor,
    /// `customer_admin` of Tailspin.
    pub tailspin: Actor,
    /// Somebody without a token.
    pub nobody: Actor,
    /// The customer's browser.
    pub browser: Browser,
    wire: Arc<Wire>,
    issuer: TokenSigner,
    signer: TokenSigner,
    nodes: Vec<Node>,
    store: Store,
    mail_server: Option<MailServer>,
    numbers: AtomicU64,
    may_be_parked: AtomicBool,
}

impl World {
    /// The database that the world stands on.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.store.backend()
    }

    /// The processes of the system.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many processes host everything: two on PostgreSQL where the test asked for replicas, else one.
    #[must_use]
    pub fn replicas(&self) -> usize {
        self.nodes.iter().filter(|node| node.services.len() == Service::ALL.len()).count()
    }

    /// Where the system keeps its data.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The mail server, where the test asked for one.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn mail_server(&self) -> &MailServer {
        self.mail_server.as_ref().expect("Setup::with_mail_server")
    }

    /// A number that was not given before, to tell things apart.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Somebody with this one role. `owner` is the partner or the tenant that the role needs.
    #[must_use]
    pub fn actor(&self, subject: &str, role: Role, owner: Option<&str>) -> Actor {
        new_actor(&self.wire, &self.issuer, subject, role, owner)
    }

    /// Somebody with this one role: a partner's is Contoso's, a customer's Fabrikam's.
    #[must_use]
    pub fn somebody(&self, role: Role) -> Actor {
        let subject = format!("{role}@test.example");
        match role.side() {
            ActorSide::Partner => self.actor(&subject, role, Some(CONTOSO)),
            ActorSide::Customer => self.actor(&subject, role, Some(&format!("tenants/{FABRIKAM}"))),
            ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Time | ActorSide::System => {
                self.actor(&subject, role, None)
            }
        }
    }

    /// A service that calls another, on its own behalf.
    #[must_use]
    pub fn service(&self, from: Service, to: Service) -> Actor {
        let token = self.signer.service_token(from, to, Some(&Behalf::system(from))).expect("a token");
        Actor::new(from.as_str(), Some(&token), self.wire.clone())
    }

    /// Somebody with a token that a test made itself.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Actor {
        Actor::new("bearer", Some(token), self.wire.clone())
    }

    /// What signs users' tokens.
    #[must_use]
    pub fn issuer(&self) -> &TokenSigner {
        &self.issuer
    }

    /// What signs the services' tokens, and receipts.
    #[must_use]
    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// The mails to an address, in the order in which they were decided.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mut mails =
            self.mail_server.as_ref().map_or_else(|| Mail::all_in(&self.store.mail()), MailServer::accepted);
        mails.retain(|mail| mail.to == address);
        mails
    }

    /// The newest mail to an address.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn mail_to(&self, address: &str) -> Mail {
        self.mails_to(address).pop().unwrap_or_else(|| panic!("no mail to {address}"))
    }
}

fn new_actor(wire: &Arc<Wire>, issuer: &TokenSigner, subject: &str, role: Role, owner: Option<&str>) -> Actor {
    let token = UserToken {
        subject: subject.to_owned(),
        roles: vec![role],
        partner: owner
            .and_then(|owner| owner.strip_prefix("partners/"))
            .map(|partner| partner.parse().expect("a partner id")),
        tenant: owner
            .and_then(|owner| owner.strip_prefix("tenants/"))
            .map(|tenant| tenant.parse().expect("a tenant id")),
        lifetime: std::time::Duration::from_secs(3600),
    };
    Actor::new(subject, Some(&issuer.user_token(&token).expect("a token")), wire.clone())
}
