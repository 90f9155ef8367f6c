//! Runs all five services in one process on SQLite, with keys and with example partners, tenants
//! and products. `cpor dev`, `cpor demo` and `cpor bench` use it.

pub(crate) mod banner;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use cpor_auth::{TokenSigner, UserToken, VerificationKeys};
use cpor_process::{listener, private_files};
use cpor_types::{PartnerId, PolicyInForce, Role, Service, SystemClock, SystemEntropy, TenantId, Timestamp};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;

use crate::{
    Config, System,
    example_data::ExampleData,
    keys,
    system::{ClockChoice, Listeners, Settings},
};

/// The start of a virtual clock, shortly after the purchases of the example tenants.
const VIRTUAL_START: &str = "2026-03-16T09:00:00Z";

/// The options of the system. The port 0 in an address stands for any free port.
pub struct Options {
    /// The folder for databases, evidence documents, mails and keys.
    pub data: PathBuf,
    /// The address of the gRPC API.
    pub grpc: SocketAddr,
    /// The address of the consent page.
    pub web: SocketAddr,
    /// The address of the health and metrics endpoints.
    pub admin: SocketAddr,
    /// The kind of the business clock, which deadlines and histories use.
    pub clock: ClockChoice,
    /// All other settings. The folder, keys and addresses in it are replaced by those of this
    /// process.
    pub config: Config,
}

impl Options {
    /// Returns options with free ports and a virtual clock. The policy profile (set of policy
    /// values) `2021@1` is in force until June 2026, and `2023@1` after that.
    ///
    /// # Errors
    /// Never returns an error: the start of the clock and the policy profiles are constants.
    pub fn for_demo(data: &Path) -> anyhow::Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config::default();
        for (profile, from) in [("2021@1", "2020-01-01T00:00:00Z"), ("2023@1", "2026-06-01T00:00:00Z")] {
            config.rules.policies_in_force.push(PolicyInForce { profile: profile.parse()?, from: from.parse()? });
        }
        Ok(Self { data: data.to_owned(), grpc: free, web: free, admin: free, clock: virtual_clock()?, config })
    }
}

/// Returns a virtual clock that starts shortly after the purchases of the example tenants.
///
/// # Errors
/// Never returns an error: the start is a constant.
pub fn virtual_clock() -> anyhow::Result<ClockChoice> {
    let start: Timestamp = VIRTUAL_START.parse()?;
    Ok(ClockChoice::Virtual { start })
}

/// A running system and the key that signs tokens for its users.
pub struct DevSystem {
    system: System,
    /// The folder for databases, evidence documents, mails and keys.
    data: PathBuf,
    /// Signs the tokens of users.
    token_signer: TokenSigner,
}

/// Creates missing keys, starts the system, and imports the example partners, tenants and products.
///
/// # Errors
/// Returns an error if an address or the data folder is in use, or if a service does not start.
pub async fn start(options: Options) -> anyhow::Result<DevSystem> {
    let data = options.data;
    keys::create_missing(&data)?;
    // An earlier version may have created the folder with other permissions.
    private_files::restrict_directory(&data)
        .with_context(|| format!("cannot change the permissions of {}", data.display()))?;
    let grpc = bind(options.grpc, "gRPC", "--grpc")?;
    let web = bind(options.web, "the consent page", "--web")?;
    let admin = bind(options.admin, "health and metrics", "--admin")?;
    let mut config = options.config;
    config.database.directory.clone_from(&data);
    keys::configure(&mut config.auth, &data);
    config.customer_consent.public_url = format!("http://{}", web.local_addr()?);
    let own_address = format!("http://{}", grpc.local_addr()?);
    let peers = &mut config.peers;
    for peer in [
        &mut peers.claim_intake,
        &mut peers.poe_review,
        &mut peers.customer_consent,
        &mut peers.eligibility,
        &mut peers.registry,
    ] {
        *peer = Some(own_address.clone());
    }
    config.check()?;
    let verification_keys = VerificationKeys::load(&config.auth)?;
    let settings = Settings {
        signers: keys::load_service_signers(&config.auth, Service::ALL, &verification_keys)?,
        receipt_signer: keys::load_receipt_signer(&config.auth, Service::ALL)?,
        keys: verification_keys,
        services: Service::ALL.to_vec(),
        clock: options.clock,
        entropy: Arc::new(SystemEntropy),
        real_clock: Arc::new(SystemClock),
        databases: Vec::new(),
        config,
    };
    let system = System::start(settings, Listeners { grpc, web: Some(web), admin: Some(admin) }).await?;
    let dev = DevSystem { system, token_signer: keys::load_signer(&keys::user_key_file(&data), keys::ISSUER)?, data };
    let channel = Endpoint::from_shared(dev.grpc_url())?.connect().await?;
    let token = dev.token(Role::DirectorySync, None, None)?;
    ExampleData::load()?
        .import(channel, &token)
        .await
        .context("importing the example partners, tenants and products")?;
    Ok(dev)
}

/// Binds an address. The error names the `option` that chooses another one.
fn bind(address: SocketAddr, purpose: &str, option: &str) -> anyhow::Result<TcpListener> {
    let listener = listener::bind(address);
    listener.with_context(|| format!("cannot listen on {address} for {purpose}; choose another address with {option}"))
}

impl DevSystem {
    /// Returns the URL of the gRPC API.
    #[must_use]
    pub fn grpc_url(&self) -> String {
        format!("http://{}", self.system.grpc())
    }

    /// Returns the running system.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Returns the folder to which mails are written as `.eml` files.
    #[must_use]
    pub fn mail_directory(&self) -> PathBuf {
        self.data.join("mail")
    }

    /// Returns a bearer token that is valid for one hour.
    ///
    /// # Errors
    /// Returns an error if the token cannot be signed.
    pub fn token(&self, role: Role, partner: Option<PartnerId>, tenant: Option<TenantId>) -> anyhow::Result<String> {
        let subject = match &partner {
            Some(partner) => format!("{role}@{partner}"),
            None => role.to_string(),
        };
        let token = UserToken { subject, roles: vec![role], partner, tenant, lifetime: Duration::from_secs(3600) };
        Ok(self.token_signer.user_token(&token)?)
    }

    /// Serves until SIGTERM or Ctrl-C, then shuts down gracefully.
    ///
    /// # Errors
    /// Returns an error if the gRPC server failed.
    pub async fn run(self) -> anyhow::Result<()> {
        self.system.run().await
    }

    /// Shuts the system down gracefully.
    pub async fn stop(self) {
        self.system.stop().await;
    }
}
