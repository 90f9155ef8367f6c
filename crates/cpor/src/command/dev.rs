//! `cpor dev`: runs all five services in one process, to try them out.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::ensure;
use cpor_process::telemetry;

use crate::{
    Config,
    config::Sources,
    dev::{self, DevSystem, Options, banner::Banner},
    example_data::ExampleData,
    system::ClockChoice,
};

/// Arguments of `cpor dev`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for databases, evidence documents, mails and keys.
    #[arg(long, value_name = "DIR", default_value = "cpor-data")]
    data: PathBuf,
    /// Address of the gRPC API.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    grpc: SocketAddr,
    /// Address of the customer's consent page.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    web: SocketAddr,
    /// Address of the health and metrics endpoints.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    admin: SocketAddr,
    /// Kind of the clock that deadlines and histories use. A virtual clock starts on 16 March 2026,
    /// and only an operator moves it, by the RPC `AdvanceClock`. A data folder keeps the kind of
    /// clock that it was created with.
    #[arg(long, value_enum, default_value = "real")]
    clock: ClockKind,
    #[command(flatten)]
    sources: Sources,
}

/// The values of `--clock`.
#[derive(Clone, Copy, clap::ValueEnum)]
enum ClockKind {
    Real,
    Virtual,
}

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// Returns an error if the configuration is invalid, an address is in use, or a service does not
/// start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.sources)?;
    // The example partners, tenants and products must not be imported into a shared database.
    ensure!(config.database.url.is_none(), "`cpor dev` runs on SQLite: unset database.url, or use `cpor serve`");
    super::block_on(async move {
        let telemetry = telemetry::init(&config.telemetry, "cpor-dev")?;
        let clock = match args.clock {
            ClockKind::Real => ClockChoice::Real,
            ClockKind::Virtual => dev::virtual_clock()?,
        };
        let data = args.data.clone();
        let dev =
            dev::start(Options { data: args.data, grpc: args.grpc, web: args.web, admin: args.admin, clock, config })
                .await?;
        print_banner(&dev, &data, clock)?;
        let outcome = dev.run().await;
        telemetry.shutdown();
        outcome.map(|()| ExitCode::SUCCESS)
    })
}

#[expect(clippy::print_stdout, reason = "tells the user how to use the system")]
fn print_banner(dev: &DevSystem, data: &std::path::Path, clock: ClockChoice) -> anyhow::Result<()> {
    let system = dev.system();
    let program = std::env::args().next().unwrap_or_else(|| "cpor".to_owned());
    let banner = Banner {
        program: &program,
        grpc: system.grpc(),
        web: system.web(),
        admin: system.admin(),
        data,
        mail: dev.mail_directory(),
        clock,
        example_data: &ExampleData::load()?,
    };
    println!("{banner}");
    Ok(())
}
