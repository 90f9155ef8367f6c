//! The migrations of the database of claim-intake.
mod m20261121_000003_claims;
mod m20261130_000004_history_roots;

use sea_orm_migration::MigrationTrait;

/// Returns all migrations in the order in which they run: those of event delivery and mails, then
/// those of this service.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = cpor_durable::migrations();
    all.extend(cpor_mail::migrations());
    all.push(Box::new(m20261121_000003_claims::Migration));
    all.push(Box::new(m20261130_000004_history_roots::Migration));
    all
}
