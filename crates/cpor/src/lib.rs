//! The commands of the `cpor` binary, and [`System`]: the services that one process hosts.

pub mod bench;
pub mod command;
pub mod config;
pub mod demo;
pub mod dev;
pub mod evidence;
mod example_data;
pub mod export;
pub mod import;
pub mod keys;
pub mod retention;
pub mod rules;
pub mod server;
mod sheet;
pub mod submit;
pub mod system;
pub mod verify;
pub mod verify_database;

pub use config::Config;
pub use system::System;
