//! `cpor dev`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::ensure;
use cpor_kit::telemetry;

use crate::{
    Config,
    config::Sources,
    dev::{self, Dev, Options},
    system::ClockChoice,
};

/// Arguments of `cpor dev`.
#[derive(clap::Args)]
pub struct Args {
    /// Where databases, evidence, mail and keys are kept.
    #[arg(long, value_name = "DIR", default_value = "cpor-data")]
    data: PathBuf,
    /// gRPC.
    #[arg(long, default_value = "127.0.0.1:50051")]
    grpc: SocketAddr,
    /// The customer's consent page.
    #[arg(long, default_value = "127.0.0.1:8080")]
    web: SocketAddr,
    /// Health and metrics.
    #[arg(long, default_value = "127.0.0.1:9090")]
    admin: SocketAddr,
    /// `virtual`: a clock that starts on 16 March 2026 and that only an operator moves (`AdvanceClock`). A data directory stays with the
    /// clock that it was made with.
    #[arg(long, value_enum, default_value = "real")]
    clock: Clock,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Clock {
    Real,
    Virtual,
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the configuration is faulty, an address is taken, or a part does not start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.sources)?;
    // It would load the example directory there.
    ensure!(config.database.url.is_none(), "`cpor dev` runs on SQLite: unset database.url, or use `cpor serve`");
    super::block_on(async move {
        let telemetry = telemetry::init(&config.telemetry, "cpor-dev")?;
        let clock = match args.clock {
            Clock::Real => ClockChoice::Real,
            Clock::Virtual => dev::virtual_clock()?,
        };
        let data = args.data.clone();
        let dev =
            dev::start(Options { data: args.data, grpc: args.grpc, web: args.web, admin: args.admin, clock, config })
                .await?;
        welcome(&dev, &data);
        let outcome = dev.run().await;
        telemetry.shutdown();
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

#[expect(clippy::print_stdout, reason = "tells the user how to go on")]
fn welcome(dev: &Dev, data: &std::path::Path) {
    let system = dev.system();
    let grpc = system.grpc();
    let shown = |address: Option<SocketAddr>| address.map(|address| address.to_string()).unwrap_or_default();
    let (web, admin) = (shown(system.web()), shown(system.admin()));
    let key = crate::keys::user_key(data);
    println!("ready grpc={grpc} web={web} admin={admin} data={}", data.display());
    println!(
        "
  gRPC            {grpc} (reflection on, plain text)
  consent page    http://{web}
  health, metrics http://{admin}/ready  http://{admin}/metrics
  data            {}
  mail            {} (one .eml a mail)

A token for each role (partners: contoso, northwind):
  cpor token --key {key} --role incentives_admin --partner contoso
  cpor token --key {key} --role poe_reviewer            (or review_lead, program_manager, directory_sync, operator)
  cpor token --key {key} --role customer_admin --tenant 6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10

Two lines to paste:
  TOKEN=$(cargo run -q -- token --key {key} --role incentives_admin --partner contoso)
  grpcurl -plaintext -H \"authorization: Bearer $TOKEN\" -d '{{\"parent\": \"partners/contoso\", \"claim\": {{\"display_name\": \"My first claim\"}}}}' {grpc} cpor.claims.v1.ClaimService/CreateClaim
",
        data.display(),
        dev.mail_folder().display(),
        key = key.display(),
    );
}
