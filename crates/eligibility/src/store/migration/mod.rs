//! The migrations of the database of eligibility.
mod m20261121_000003_assessments;

use sea_orm_migration::MigrationTrait;

/// Returns all migrations in the order in which they run: those of event delivery, then those of
/// this service.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.push(Box::new(m20261121_000003_assessments::Migration));
    all
}
