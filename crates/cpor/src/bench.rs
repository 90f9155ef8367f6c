//! `cpor bench`: measures how many calls per second one machine serves. Client, server and database
//! share the machine.

mod cpu;
mod echo;
mod import;
mod load;
mod report;
mod whole_claims;

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use anyhow::Context as _;
use clap::ValueEnum as _;
use cpor_process::config::SecretUrl;
use cpor_proto::claims::v1::{Claim, CreateClaimRequest, GetClaimRequest, claim_service_client::ClaimServiceClient};
use cpor_types::{Role, Service};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use self::{
    load::{Figures, Load, Pool},
    whole_claims::WholeClaims,
};
use crate::{
    Config,
    dev::{self, DevSystem, Options},
    system::{self, ClockChoice},
};

/// Arguments of `cpor bench`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of concurrent calls.
    #[arg(long, value_name = "CALLS", default_value_t = 64)]
    in_flight: usize,
    /// Duration of each measurement, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Number of rounds. Each round measures every kind of call once; the report shows the medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// URL of an empty PostgreSQL database to measure. By default SQLite in a temporary folder is
    /// measured.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Number of concurrent claims that are carried from the draft to the assessment.
    #[arg(long, value_name = "CLAIMS", default_value_t = 32)]
    claims_in_flight: usize,
    /// Kind of work to measure. Can be repeated. By default all kinds are measured.
    #[arg(long, value_name = "WORK", value_enum)]
    work: Vec<Work>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Measure imports instead: import this many drafts in batches, create a tenth as many one by
    /// one, and compare the rates.
    #[arg(long, value_name = "CLAIMS")]
    import: Option<usize>,
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Work {
    /// A call of a bare gRPC server.
    Echo,
    /// A check of the health service, which uses no database.
    HealthCheck,
    /// The creation of a draft.
    CreateClaim,
    /// A read of a draft.
    GetClaim,
    /// A claim from the draft to the first assessment, through all services.
    WholeClaim,
}

/// The number of HTTP/2 connections that the calls share.
const CONNECTIONS: usize = 4;

/// Starts a system, measures it, and prints the results.
///
/// # Errors
/// Returns an error if the system does not start or a call fails.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = start(folder.path(), args.postgres.as_deref()).await?;
    let report = match args.import {
        Some(claims) => import::measure(&dev, claims, args.rounds).await.map(|rates| rates.to_string()),
        None => measure(args, &dev).await.map(|rows| report::format(args, &rows)),
    };
    dev.stop().await;
    report::print(&report?);
    Ok(())
}

/// Opens connections for calls by an `incentives_admin` of the partner Contoso.
async fn connect(dev: &DevSystem, connections: usize) -> anyhow::Result<Pool> {
    let partner = Some("contoso".parse()?);
    let token = format!("Bearer {}", dev.token(Role::IncentivesAdmin, partner, None)?).parse()?;
    Pool::connect(&Endpoint::from_shared(dev.grpc_url())?, connections, token).await
}

/// Starts all services on SQLite in the folder `data`, or on the given PostgreSQL database.
async fn start(data: &Path, postgres: Option<&str>) -> anyhow::Result<DevSystem> {
    let mut config = Config::default();
    "warn".clone_into(&mut config.telemetry.log_filter);
    // One user makes all calls of a kind, and may use only an eighth of each of these limits.
    let limits = &mut config.limits;
    limits.max_concurrent_requests *= 8;
    limits.max_concurrent_uploads *= 8;
    limits.max_request_bytes *= 8;
    if let Some(url) = postgres {
        config.database.url = Some(SecretUrl::new(url));
        config.database.schema = Some("{service}".to_owned());
        system::migrate(&config, Service::ALL).await?;
    }
    // All measured claims have the same contacts.
    for mail in [&mut config.claim_intake.mail, &mut config.customer_consent.mail, &mut config.poe_review.mail] {
        (mail.per_recipient_per_hour, mail.required_per_recipient_per_hour) = (u32::MAX, u32::MAX);
    }
    let free = (Ipv4Addr::LOCALHOST, 0).into();
    let options =
        Options { data: data.to_owned(), grpc: free, web: free, admin: free, clock: ClockChoice::Real, config };
    dev::start(options).await
}

/// The figures of one kind of work, one for each round.
struct Row {
    /// The name of the kind of work in the report.
    work: &'static str,
    figures: Vec<Figures>,
}

/// Measures each kind of work once in each round.
async fn measure(args: &Args, dev: &DevSystem) -> anyhow::Result<Vec<Row>> {
    let pool = connect(dev, CONNECTIONS).await?;
    let echo = echo::start(CONNECTIONS).await?;
    let load = Load { in_flight: args.in_flight, seconds: args.seconds };
    let claims_load = Load { in_flight: args.claims_in_flight, seconds: args.seconds };
    let works = if args.work.is_empty() { Work::value_variants() } else { &args.work };
    let whole_claims = match works.contains(&Work::WholeClaim) {
        true => Some(Arc::new(WholeClaims::prepare(dev, CONNECTIONS, claims_load, args.rounds).await?)),
        false => None,
    };
    let claim = create_claim(&pool, 0).await?;
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..args.rounds {
        for work in works {
            let figures = match work {
                Work::Echo => vec![("echo", load.run(&echo, check_health).await?)],
                Work::HealthCheck => vec![("health check", load.run(&pool, check_health).await?)],
                Work::CreateClaim => {
                    let create = |pool, n| async move { create_claim(&pool, n).await.map(drop) };
                    vec![("CreateClaim", load.run(&pool, create).await?)]
                }
                Work::GetClaim => {
                    let name = claim.clone();
                    vec![("GetClaim", load.run(&pool, move |pool, n| get_claim(pool, n, name.clone())).await?)]
                }
                Work::WholeClaim => {
                    let whole = whole_claims.as_ref().context("no claims are prepared")?.run(claims_load).await?;
                    vec![
                        ("whole claim", whole.whole),
                        ("create, upload and submit", whole.submission),
                        ("submitted to review case", whole.review_case),
                        ("official to assessed", whole.assessment),
                    ]
                }
            };
            for (work, figures) in figures {
                match rows.iter_mut().find(|row| row.work == work) {
                    Some(row) => row.figures.push(figures),
                    None => rows.push(Row { work, figures: vec![figures] }),
                }
            }
        }
    }
    Ok(rows)
}

async fn check_health(pool: Pool, loop_index: usize) -> anyhow::Result<()> {
    HealthClient::new(pool.channel(loop_index)).check(HealthCheckRequest::default()).await?;
    Ok(())
}

/// Creates a draft of a claim with only a display name. Returns its resource name.
async fn create_claim(pool: &Pool, loop_index: usize) -> anyhow::Result<String> {
    let claim = Claim { display_name: "Bench".into(), ..Claim::default() };
    let request =
        CreateClaimRequest { parent: "partners/contoso".into(), claim: Some(claim), ..CreateClaimRequest::default() };
    let created = ClaimServiceClient::new(pool.channel(loop_index))
        .create_claim(pool.request(request))
        .await
        .context("CreateClaim")?;
    Ok(created.into_inner().name)
}

async fn get_claim(pool: Pool, loop_index: usize, name: String) -> anyhow::Result<()> {
    let request = pool.request(GetClaimRequest { name });
    ClaimServiceClient::new(pool.channel(loop_index)).get_claim(request).await.context("GetClaim")?;
    Ok(())
}
