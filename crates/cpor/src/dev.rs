//! All five services in one process on SQLite, ready to be tried out.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use cpor_kit::auth::{TokenSigner, UserToken, VerificationKeys};
use cpor_types::{PartnerId, PolicyInForce, Role, Service, SystemClock, SystemEntropy, TenantId, Timestamp};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;

use crate::{
    Config, System, directory, keys,
    system::{ClockChoice, Listeners, Settings},
};

/// When a virtual clock starts: the subscriptions of the example directory have just been bought.
const VIRTUAL_START: &str = "2026-03-16T09:00:00Z";

/// What to start.
pub struct Options {
    /// Where everything is kept.
    pub data: PathBuf,
    /// The listeners; port 0 takes a free one.
    pub grpc: SocketAddr,
    /// The consent page.
    pub web: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
    /// The clock.
    pub clock: ClockChoice,
    /// The configuration that all this goes on top of.
    pub config: Config,
}

impl Options {
    /// On free ports, on a virtual clock; from June on the policy of 2023 is in force.
    ///
    /// # Errors
    /// Never; the start of the clock and the policies are constants.
    pub fn for_demo(data: &Path) -> anyhow::Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config::default();
        for (profile, from) in [("2021@1", "2020-01-01T00:00:00Z"), ("2023@1", "2026-06-01T00:00:00Z")] {
            config.rules.policies_in_force.push(PolicyInForce { profile: profile.parse()?, from: from.parse()? });
        }
        Ok(Self { data: data.to_owned(), grpc: free, web: free, admin: free, clock: virtual_clock()?, config })
    }
}

/// A virtual clock that stands where the example directory lives.
///
/// # Errors
/// Never; the start is a constant.
pub fn virtual_clock() -> anyhow::Result<ClockChoice> {
    let start: Timestamp = VIRTUAL_START.parse()?;
    Ok(ClockChoice::Virtual { start })
}

/// The running system.
pub struct Dev {
    system: System,
    data: PathBuf,
    issuer: TokenSigner,
}

/// Makes keys, starts the system, and loads the example directory.
///
/// # Errors
/// When an address is taken, the data directory is in use, or a part does not start.
pub async fn start(options: Options) -> anyhow::Result<Dev> {
    let data = options.data;
    keys::make_missing(&data)?;
    let grpc = bind(options.grpc, "gRPC").await?;
    let web = bind(options.web, "the consent page").await?;
    let admin = bind(options.admin, "health and metrics").await?;
    let mut config = options.config;
    config.database.directory.clone_from(&data);
    config.auth.issuer = keys::ISSUER.to_owned();
    config.auth.jwks_file = Some(keys::jwks(&data));
    config.auth.service_key_file = Some(keys::service_key(&data));
    config.customer_consent.public_url = format!("http://{}", web.local_addr()?);
    let here = format!("http://{}", grpc.local_addr()?);
    let peers = &mut config.peers;
    for peer in [
        &mut peers.claim_intake,
        &mut peers.poe_review,
        &mut peers.customer_consent,
        &mut peers.eligibility,
        &mut peers.registry,
    ] {
        *peer = Some(here.clone());
    }
    config.check()?;
    let settings = Settings {
        keys: VerificationKeys::load(&config.auth)?,
        signer: keys::signer(&keys::service_key(&data), keys::ISSUER)?,
        services: Service::ALL.to_vec(),
        clock: options.clock,
        entropy: Arc::new(SystemEntropy),
        real_clock: Arc::new(SystemClock),
        config,
    };
    let system = System::start(settings, Listeners { grpc, web: Some(web), admin: Some(admin) }).await?;
    let dev = Dev { system, issuer: keys::signer(&keys::user_key(&data), keys::ISSUER)?, data };
    let channel = Endpoint::from_shared(dev.grpc_url())?.connect().await?;
    directory::import(channel, &dev.token(Role::DirectorySync, None, None)?).await.context("the example directory")?;
    Ok(dev)
}

async fn bind(address: SocketAddr, what: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for {what}"))
}

impl Dev {
    /// Where gRPC is served.
    #[must_use]
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.system.grpc())
    }

    /// The running system.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Where mails lie as `.eml` files.
    #[must_use]
    pub fn mail_folder(&self) -> PathBuf {
        self.data.join("mail")
    }

    /// A token for an hour.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, role: Role, partner: Option<PartnerId>, tenant: Option<TenantId>) -> anyhow::Result<String> {
        let subject = match &partner {
            Some(partner) => format!("{role}@{partner}"),
            None => role.to_string(),
        };
        let token = UserToken { subject, roles: vec![role], partner, tenant, lifetime: Duration::from_secs(3600) };
        Ok(self.issuer.user_token(&token)?)
    }

    /// Waits for SIGTERM or Ctrl-C, then drains.
    ///
    /// # Errors
    /// When a part has failed.
    pub async fn run(self) -> anyhow::Result<()> {
        self.system.run().await
    }

    /// Drains and stops.
    pub async fn stop(self) {
        self.system.stop().await;
    }
}
