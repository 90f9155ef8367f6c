//! `cpor demo`: takes nine claims through a system that it starts, by the public API, and prints
//! each step.
//!
//! [`scenarios`] has what happens, in order. A scenario moves claims with the steps of [`claim`],
//! and [`timeline`] prints the steps.

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

pub use timeline::Format;

use self::{system::DemoSystem, timeline::Timeline};

/// Starts a system on free ports, with a temporary directory and a virtual clock, runs all
/// scenarios, and stops the system. The exit code is 1 if the final counts are not the expected
/// ones.
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
