//! `cpor demo`: starts a system, takes eleven claims through it by its public API, and prints each
//! step.
//!
//! [`scenarios`] contains the scenarios, in order. A scenario is a sequence of the steps in
//! [`claim`], and [`timeline`] prints each step.

mod actor;
mod browser;
mod claim;
mod drafts;
mod mailbox;
mod program_manager;
mod scenarios;
mod system;
mod timeline;

use std::process::ExitCode;

use anyhow::Context as _;

pub(crate) use actor::Actor;
pub use timeline::Format;

use self::{system::DemoSystem, timeline::Timeline};

/// Starts a system on free ports, with a temporary folder and a virtual clock, runs all scenarios,
/// and stops the system. The exit code is 1 if the results, such as the number of claims that were
/// approved, are not the expected ones.
///
/// # Errors
/// Returns an error if the system cannot be started or a step does not have the expected result.
pub async fn run(format: Format) -> anyhow::Result<ExitCode> {
    let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
    let mut timeline = Timeline::new(format);
    timeline.print_header();
    let system = DemoSystem::start(directory.path()).await?;
    let outcome = scenarios::run_all(&system, &mut timeline).await;
    let undelivered = system.undelivered_events().await;
    system.stop().await;
    outcome?;
    Ok(timeline.finish(undelivered?))
}
