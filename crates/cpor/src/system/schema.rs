//! The schema of each service's database: brought up to date, or only looked at.

use std::time::Duration;

use anyhow::Context as _;
use cpor_kit::{Db, Engine, lifecycle::ReadinessCheck};
use cpor_types::Service;
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};

use crate::Config;

/// The migrations of one service.
struct Migrations(Service);

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        match self.0 {
            Service::ClaimIntake => cpor_claim_intake::migrations(),
            Service::PoeReview => cpor_poe_review::migrations(),
            Service::CustomerConsent => cpor_customer_consent::migrations(),
            Service::Eligibility => cpor_eligibility::migrations(),
            Service::Registry => cpor_registry::migrations(),
        }
    }
}

/// Brings the databases of these services to the schema that this version needs. Answers how many migrations each lacked.
///
/// # Errors
/// When a database cannot be reached, or a migration fails.
pub async fn migrate(config: &Config, services: &[Service]) -> anyhow::Result<Vec<(Service, usize)>> {
    let mut applied = Vec::new();
    for service in services {
        let db = Db::open(&config.database, *service).await.with_context(|| format!("the database of {service}"))?;
        applied.push((*service, up(&db, *service).await?));
        db.close().await?;
    }
    Ok(applied)
}

/// How often a database that lacks its schema is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// SQLite is brought up to date by the process that owns it. PostgreSQL is only looked at: until `cpor migrate` has run, the process
/// stays alive, is not ready, and says which schema it waits for.
pub(super) async fn prepare(db: &Db, service: Service, gate: &ReadinessCheck) -> anyhow::Result<()> {
    match db.engine() {
        Engine::Sqlite => {
            up(db, service).await?;
        }
        Engine::Postgres => wait(db, service, gate).await?,
    }
    gate.set_ready();
    Ok(())
}

async fn wait(db: &Db, service: Service, gate: &ReadinessCheck) -> anyhow::Result<()> {
    loop {
        let missing = missing(db, service).await?;
        if missing == 0 {
            return Ok(());
        }
        tracing::warn!(%service, missing, "the schema is not what this version needs: waiting for `cpor migrate`");
        gate.set_not_ready(format!("the schema lacks {missing} migrations: run `cpor migrate`"));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn up(db: &Db, service: Service) -> anyhow::Result<usize> {
    db.create_schema().await.with_context(|| format!("the schema of {service}"))?;
    let migrations = Migrations(service);
    let missing = missing(db, service).await?;
    migrations.up(db.writer(), None).await.with_context(|| format!("migrating {service}"))?;
    Ok(missing)
}

async fn missing(db: &Db, service: Service) -> anyhow::Result<usize> {
    let pending = Migrations(service).get_pending_migrations_read_only(db.writer()).await;
    Ok(pending.with_context(|| format!("the schema of {service}"))?.len())
}
