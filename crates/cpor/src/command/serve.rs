//! `cpor serve`: runs one or more services in this process.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context as _, ensure};
use cpor_auth::VerificationKeys;
use cpor_database::DatabaseConfig;
use cpor_process::{listener, telemetry};
use cpor_rpc::config::PeersConfig;
use cpor_types::{Service, SystemClock, SystemEntropy, Timestamp};

use crate::{
    Config, System,
    config::Sources,
    keys,
    system::{ClockChoice, Listeners, Settings},
};

/// Arguments of `cpor serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Services to run: `claim-intake`, `poe-review`, `customer-consent`, `eligibility`,
    /// `registry`.
    #[arg(required = true, value_name = "SERVICE")]
    services: Vec<Service>,
    /// Serve gRPC without TLS. Tokens are then sent unencrypted, so use this only behind a proxy
    /// that terminates TLS, or on one machine.
    #[arg(long)]
    insecure_plaintext: bool,
    /// For test systems: use a virtual clock for deadlines and histories. It starts at this time
    /// (RFC 3339), and only operators move it. A database keeps the kind of clock that it was
    /// created with.
    #[arg(long, value_name = "START")]
    virtual_clock: Option<Timestamp>,
    #[command(flatten)]
    sources: Sources,
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// Returns an error if the configuration is invalid, an address is in use, or a service does not
/// start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.sources)?;
    ensure!(
        config.tls.enabled() || args.insecure_plaintext,
        "gRPC needs TLS: set tls.certificate_file and tls.key_file, or pass --insecure-plaintext"
    );
    let mut services = args.services;
    services.sort();
    services.dedup();
    super::block_on(async move {
        let telemetry = telemetry::init(&config.telemetry, &telemetry_name(&services))?;
        let addresses = config.clone();
        let settings = load_settings(config, services, args.virtual_clock)?;
        let listeners = bind_listeners(&addresses, &settings.services)?;
        let virtual_clock = settings.clock != ClockChoice::Real;
        let system = System::start(settings, listeners).await?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            grpc = %system.grpc(),
            tls = addresses.tls.enabled(),
            web = system.web().map(tracing::field::display),
            admin = system.admin().map(tracing::field::display),
            virtual_clock,
            storage = describe_storage(&addresses.database),
            "serving"
        );
        let outcome = system.run().await;
        telemetry.shutdown();
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

/// Describes the database for the log, so that operators notice if `database.url` is missing.
fn describe_storage(database: &DatabaseConfig) -> String {
    match &database.url {
        Some(_) => "PostgreSQL".to_owned(),
        None => format!("SQLite in {}", database.directory.display()),
    }
}

/// Returns the service name for logs and traces: `cpor-claim-intake` for example, or `cpor` if the
/// process hosts several services.
fn telemetry_name(services: &[Service]) -> String {
    match services {
        [service] => format!("cpor-{service}"),
        _ => "cpor".to_owned(),
    }
}

/// Reads the keys and combines them with the configuration.
fn load_settings(config: Config, services: Vec<Service>, virtual_clock: Option<Timestamp>) -> anyhow::Result<Settings> {
    ensure!(
        config.auth.has_issuer(),
        "auth.issuers or auth.issuer and auth.jwks_file: must be set, because they verify the tokens of users"
    );
    if config.auth.jwks_file.is_some() && config.auth.issuer == keys::ISSUER {
        tracing::warn!(
            "accepting the tokens that `cpor token` signs: anyone who has the signing key can act as any user"
        );
    }
    ensure!(
        config.auth.service_jwks_file.is_some(),
        "auth.service_jwks_file: must be set, because it verifies the calls of the other services"
    );
    let missing = missing_addresses(&config.peers);
    ensure!(missing.is_empty(), "the addresses of all services are required: set {}", missing.join(", "));
    let verification_keys = VerificationKeys::load(&config.auth)?;
    Ok(Settings {
        signers: keys::load_service_signers(&config.auth, &services, &verification_keys)?,
        receipt_signer: keys::load_receipt_signer(&config.auth, &services)?,
        keys: verification_keys,
        services,
        clock: virtual_clock.map_or(ClockChoice::Real, |start| ClockChoice::Virtual { start }),
        entropy: Arc::new(SystemEntropy),
        real_clock: Arc::new(SystemClock),
        databases: Vec::new(),
        config,
    })
}

/// Returns the configuration keys of the services that have no address.
fn missing_addresses(peers: &PeersConfig) -> Vec<&'static str> {
    let PeersConfig { claim_intake, poe_review, customer_consent, eligibility, registry, .. } = peers;
    let peers = [
        ("peers.claim_intake", claim_intake),
        ("peers.poe_review", poe_review),
        ("peers.customer_consent", customer_consent),
        ("peers.eligibility", eligibility),
        ("peers.registry", registry),
    ];
    peers.into_iter().filter(|(_, address)| address.is_none()).map(|(key, _)| key).collect()
}

/// Binds the configured addresses. The address of the consent page is bound only if the process
/// hosts customer-consent.
fn bind_listeners(config: &Config, services: &[Service]) -> anyhow::Result<Listeners> {
    let bind = |address, purpose, key| {
        let listener = listener::bind(address);
        listener.with_context(|| format!("cannot listen on {address} for {purpose} (configuration key {key})"))
    };
    let has_consent_page = services.contains(&Service::CustomerConsent);
    Ok(Listeners {
        grpc: bind(config.listen.grpc, "gRPC", "listen.grpc")?,
        web: if has_consent_page { Some(bind(config.listen.web, "the consent page", "listen.web")?) } else { None },
        admin: Some(bind(config.listen.admin, "health and metrics", "listen.admin")?),
    })
}
