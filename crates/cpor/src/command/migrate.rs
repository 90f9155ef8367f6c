//! `cpor migrate`: applies pending migrations to the databases of the services, and grants the
//! services' roles their rights.

use std::process::ExitCode;

use cpor_types::Service;

use crate::{Config, config::Sources, system};

/// Arguments of `cpor migrate`.
#[derive(clap::Args)]
pub struct Args {
    /// Services whose databases are migrated. By default all.
    #[arg(value_name = "SERVICE")]
    services: Vec<Service>,
    /// PostgreSQL role that gets the rights with which each service runs, for example
    /// `cpor_{service}`: to read and write the rows of its own tables, and only to add rows to
    /// histories. `{service}` is replaced by claim_intake and so on. The roles must exist; the
    /// configured database URL is that of the owner of the tables.
    #[arg(long, value_name = "ROLE")]
    grant_to: Option<String>,
    #[command(flatten)]
    sources: Sources,
}

/// Applies the pending migrations of each service, prints their number, and grants the rights of
/// the services to their roles. The command is safe to repeat.
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
        if let Some(role) = &args.grant_to {
            system::grant(&config, services, role).await?;
            println!("granted to {role}");
        }
        Ok(ExitCode::SUCCESS)
    })
}
