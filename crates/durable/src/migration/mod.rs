//! The tables of this crate, which the database of every service contains.
mod m20261121_000001_event_delivery;

use sea_orm_migration::MigrationTrait;

/// Returns the migrations of this crate. A service runs them before its own.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000001_event_delivery::Migration)]
}
