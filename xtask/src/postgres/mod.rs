//! A throw-away PostgreSQL cluster for tests and measurements, on any machine.

mod account;
mod cluster;
mod install;
mod programs;

pub(crate) use cluster::{Cluster, Commits};
