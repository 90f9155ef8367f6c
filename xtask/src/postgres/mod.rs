//! A temporary PostgreSQL cluster for tests and measurements. PostgreSQL is installed if necessary.

mod account;
mod cluster;
mod install;
mod programs;

pub(crate) use cluster::{Cluster, Durability};
