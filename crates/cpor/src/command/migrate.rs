//! `cpor migrate`: applies pending migrations to the databases of the services.

use std::process::ExitCode;

use cpor_types::Service;

use crate::{Config, config::Sources, system};

/// Arguments of `cpor migrate`.
#[derive(clap::Args)]
pub struct Args {
    /// Services whose databases are migrated. By default all.
    #[arg(value_name = "SERVICE")]
    services: Vec<Service>,
    #[command(flatten)]
    sources: Sources,
}

/// Applies the pending migrations of each service, and prints their number. The command is safe to
/// repeat.
///
/// # Errors
/// Returns an error if a database cannot be reached or a migration fails.
#[expect(clippy::print_stdout, reason = "the number of migrations is the output of the command")]
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
