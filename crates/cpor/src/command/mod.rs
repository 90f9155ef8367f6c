//! What the binary can be asked to do, one module a subcommand.

pub mod bench;
pub mod config;
pub mod demo;
pub mod dev;
pub mod export;
pub mod healthcheck;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod serve;
pub mod token;
pub mod verify;

use std::future::Future;

use anyhow::Context as _;

/// Runs a command on a runtime of its own.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new().context("no runtime")?.block_on(work)
}
