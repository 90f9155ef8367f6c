//! `cpor demo`: a story of nine claims, told through the public API of a system that is started for it.

mod actor;
mod mailbox;
mod stage;
mod story;
mod timeline;

use std::process::ExitCode;

use anyhow::Context as _;

pub use timeline::Format;

use self::{stage::Stage, timeline::Timeline};

/// Starts a system on free ports, a temporary directory and a virtual clock, lives the story, and stops it.
///
/// # Errors
/// When the system cannot be started, or the story takes another turn than the one it tells.
pub async fn run(format: Format) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("no temporary directory")?;
    let mut timeline = Timeline::new(format);
    timeline.opening();
    let stage = Stage::set(folder.path()).await?;
    let told = story::tell(&stage, &mut timeline).await;
    let undelivered = stage.undelivered().await;
    stage.strike().await;
    told?;
    Ok(timeline.close(undelivered?))
}
