//! The subcommands of the binary, one module for each.

pub mod bench;
pub mod config;
pub mod demo;
pub mod dev;
pub mod evidence;
pub mod export;
pub mod healthcheck;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod retention;
pub mod serve;
pub mod submit;
pub mod token;
pub mod verify;

use std::future::Future;

use anyhow::Context as _;

/// Creates a Tokio runtime and runs a future on it to completion.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new().context("cannot create the Tokio runtime")?.block_on(future)
}
