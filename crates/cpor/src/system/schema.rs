//! The migrations of the services' databases. At the start of a process they are applied to SQLite
//! databases, but only checked on PostgreSQL.

use std::time::Duration;

use anyhow::Context as _;
use cpor_database::{AppendOnlyTable, Db, Engine};
use cpor_process::lifecycle::ReadinessCheck;
use cpor_types::Service;
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};

use crate::Config;

/// All migrations of one service.
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

/// Applies the pending migrations to the databases of these services. Returns the number of
/// migrations that were applied for each service.
///
/// # Errors
/// Returns an error if a database cannot be reached, or a migration fails.
pub async fn migrate(config: &Config, services: &[Service]) -> anyhow::Result<Vec<(Service, usize)>> {
    let mut applied = Vec::new();
    for service in services {
        let db =
            Db::open(&config.database, *service).await.with_context(|| format!("opening the database of {service}"))?;
        applied.push((*service, apply_migrations(&db, *service).await?));
        db.close().await?;
    }
    Ok(applied)
}

/// Grants the PostgreSQL role of each of these services the rights that the service needs on its
/// migrated tables, and no others. `{service}` in `role` is replaced by the name of the service,
/// such as `claim_intake`. The configuration must name the owner of the tables.
///
/// # Errors
/// Returns an error if a database cannot be reached, is not PostgreSQL, or has no such role.
pub async fn grant(config: &Config, services: &[Service], role: &str) -> anyhow::Result<()> {
    for service in services {
        let db =
            Db::open(&config.database, *service).await.with_context(|| format!("opening the database of {service}"))?;
        let role = cpor_database::for_service(role, *service);
        let granted = db.grant_to(&role, &append_only_tables(*service)).await;
        granted.with_context(|| format!("granting {role} the rights of {service}"))?;
        db.close().await?;
    }
    Ok(())
}

/// Returns the tables of a service to which rows are only added.
fn append_only_tables(service: Service) -> Vec<AppendOnlyTable> {
    match service {
        Service::ClaimIntake => cpor_claim_intake::append_only_tables(),
        Service::PoeReview => cpor_poe_review::append_only_tables(),
        Service::Eligibility => cpor_eligibility::append_only_tables(),
        Service::CustomerConsent | Service::Registry => Vec::new(),
    }
}

/// The interval at which a database with pending migrations is checked again.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Returns when the database has the schema that this version needs.
///
/// Migrates an SQLite database. A PostgreSQL database is migrated by `cpor migrate`; until that has
/// run, this function waits, the process is not ready, and the readiness endpoint says why.
pub(super) async fn prepare(db: &Db, service: Service, schema_check: &ReadinessCheck) -> anyhow::Result<()> {
    match db.engine() {
        Engine::Sqlite => {
            apply_migrations(db, service).await?;
        }
        Engine::Postgres => wait_for_migrations(db, service, schema_check).await?,
    }
    schema_check.set_ready();
    Ok(())
}

/// Waits until no migration is pending. Until then, the readiness check fails with the number of
/// pending migrations.
async fn wait_for_migrations(db: &Db, service: Service, schema_check: &ReadinessCheck) -> anyhow::Result<()> {
    loop {
        let pending = count_pending(db, service).await?;
        if pending == 0 {
            return Ok(());
        }
        tracing::warn!(%service, pending, "migrations are pending: waiting for `cpor migrate`");
        schema_check.set_not_ready(format!("{pending} migrations are pending: run `cpor migrate`"));
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Applies all pending migrations. Returns their number.
async fn apply_migrations(db: &Db, service: Service) -> anyhow::Result<usize> {
    db.create_schema().await.with_context(|| format!("creating the schema of {service}"))?;
    let migrations = Migrations(service);
    let pending = count_pending(db, service).await?;
    migrations.up(db.writer(), None).await.with_context(|| format!("migrating {service}"))?;
    Ok(pending)
}

async fn count_pending(db: &Db, service: Service) -> anyhow::Result<usize> {
    let pending = Migrations(service).get_pending_migrations_read_only(db.writer()).await;
    Ok(pending.with_context(|| format!("reading the applied migrations of {service}"))?.len())
}
