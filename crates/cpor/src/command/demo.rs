//! `cpor demo`.

use std::process::ExitCode;

use crate::demo::{self, Format};

/// Arguments of `cpor demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Tells the story; fails when it goes otherwise than told.
///
/// # Errors
/// When the system cannot be started, or a call fails that should not.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(demo::run(if args.json { Format::Json } else { Format::Text }))
}
