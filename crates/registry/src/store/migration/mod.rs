//! The migrations of the database of the registry.
mod m20261121_000003_directory;
mod m20261124_000001_claim_index;

use sea_orm_migration::MigrationTrait;

/// Returns all migrations in the order in which they run: those of event delivery, then those of
/// this service.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.push(Box::new(m20261121_000003_directory::Migration));
    all.push(Box::new(m20261124_000001_claim_index::Migration));
    all
}
