//! The migrations of the queue of mails.
mod m20261121_000002_mails;

use sea_orm_migration::MigrationTrait;

/// Returns the migrations of the queue. A service adds them to its own list of migrations.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000002_mails::Migration)]
}
