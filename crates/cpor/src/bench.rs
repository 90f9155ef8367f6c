//! `cpor bench`: how many calls a second one machine serves, client and database included.

mod import;
mod load;
mod report;

use std::{net::Ipv4Addr, path::Path};

use anyhow::Context as _;
use cpor_kit::config::SecretUrl;
use cpor_proto::claims::v1::{Claim, CreateClaimRequest, GetClaimRequest, claim_service_client::ClaimServiceClient};
use cpor_types::{Role, Service};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use self::load::{Load, Pool};
use crate::{
    Config,
    dev::{self, Dev, Options},
    system::{self, ClockChoice},
};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Calls in flight at once.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds; each measures everything once, in turn, and the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// An empty PostgreSQL database to measure on, instead of SQLite in a temporary directory.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Instead, import so many drafts in batches, create a tenth as many one by one, and compare (R59).
    #[arg(long, value_name = "CLAIMS")]
    import: Option<usize>,
}

/// HTTP/2 connections that the calls share.
const CONNECTIONS: usize = 4;

/// Starts a system, measures it, and prints a table.
///
/// # Errors
/// When the system does not start, or a call fails.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = start(folder.path(), args.postgres.as_deref()).await?;
    let report = match args.import {
        Some(claims) => import::measure(&dev, claims, args.rounds).await.map(|compared| compared.to_string()),
        None => measure(args, &dev).await.map(|measured| report::table(args, &measured)),
    };
    dev.stop().await;
    report::print(&report?);
    Ok(())
}

/// Connections as Contoso's `incentives_admin`.
async fn connect(dev: &Dev, connections: usize) -> anyhow::Result<Pool> {
    let partner = Some("contoso".parse()?);
    let token = format!("Bearer {}", dev.token(Role::IncentivesAdmin, partner, None)?).parse()?;
    Pool::connect(&Endpoint::from_shared(dev.grpc_url())?, connections, token).await
}

async fn start(data: &Path, postgres: Option<&str>) -> anyhow::Result<Dev> {
    let mut config = Config::default();
    "warn".clone_into(&mut config.telemetry.log_filter);
    if let Some(url) = postgres {
        config.database.url = Some(SecretUrl::new(url));
        config.database.schema = Some("{service}".to_owned());
        system::migrate(&config, Service::ALL).await?;
    }
    let free = (Ipv4Addr::LOCALHOST, 0).into();
    let options =
        Options { data: data.to_owned(), grpc: free, web: free, admin: free, clock: ClockChoice::Real, config };
    dev::start(options).await
}

/// The rates of each kind of call, a value a round.
async fn measure(args: &Args, dev: &Dev) -> anyhow::Result<Vec<(&'static str, Vec<load::Figures>)>> {
    let pool = connect(dev, CONNECTIONS).await?;
    let load = Load { in_flight: args.in_flight, seconds: args.seconds };
    let one = create(&pool, 0).await?;
    let mut rows = vec![("health check", Vec::new()), ("CreateClaim", Vec::new()), ("GetClaim", Vec::new())];
    for _ in 0..args.rounds {
        rows[0].1.push(load.run(&pool, |pool, n| async move { check(&pool, n).await }).await?);
        rows[1].1.push(load.run(&pool, |pool, n| async move { create(&pool, n).await.map(drop) }).await?);
        let name = one.clone();
        rows[2].1.push(load.run(&pool, move |pool, n| get(pool, n, name.clone())).await?);
    }
    Ok(rows)
}

async fn check(pool: &Pool, n: usize) -> anyhow::Result<()> {
    HealthClient::new(pool.channel(n)).check(HealthCheckRequest::default()).await?;
    Ok(())
}

async fn create(pool: &Pool, n: usize) -> anyhow::Result<String> {
    let claim = Claim { display_name: "Bench".into(), ..Claim::default() };
    let request =
        CreateClaimRequest { parent: "partners/contoso".into(), claim: Some(claim), ..CreateClaimRequest::default() };
    let created =
        ClaimServiceClient::new(pool.channel(n)).create_claim(pool.authorised(request)).await.context("CreateClaim")?;
    Ok(created.into_inner().name)
}

async fn get(pool: Pool, n: usize, name: String) -> anyhow::Result<()> {
    let request = pool.authorised(GetClaimRequest { name });
    ClaimServiceClient::new(pool.channel(n)).get_claim(request).await.context("GetClaim")?;
    Ok(())
}
