//! `cpor migrate`.

use std::process::ExitCode;

use cpor_types::Service;

use crate::{Config, config::Sources, system};

/// Arguments of `cpor migrate`.
#[derive(clap::Args)]
pub struct Args {
    /// Only these services; by default all.
    #[arg(value_name = "SERVICE")]
    services: Vec<Service>,
    #[command(flatten)]
    sources: Sources,
}

/// Brings each database to the schema that this version needs. Safe to repeat.
///
/// # Errors
/// When a database cannot be reached, or a migration fails.
#[expect(clippy::print_stdout, reason = "says what was done")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.sources)?;
    let services = if args.services.is_empty() { Service::ALL } else { &args.services };
    super::block_on(async {
        for (service, applied) in system::migrate(&config, services).await? {
            println!("{service}: {applied} migrations applied");
        }
        Ok(ExitCode::SUCCESS)
    })
}
