//! The system that the services make together, and the commands of the binary.

pub mod bench;
pub mod command;
pub mod config;
pub mod demo;
pub mod dev;
mod directory;
pub mod export;
pub mod import;
pub mod keys;
pub mod rules;
pub mod server;
pub mod system;
pub mod verify;

pub use config::Config;
pub use system::System;
