//! Builds the registry from its configuration and database, for the process that hosts it.
use std::convert::Infallible;
use std::sync::Arc;

use chrono::Days;
use cpor_call::directory_budget::DirectoryBudget;
use cpor_durable::{Command, Host, HostedService, ServiceContext, Transition};
use cpor_proto::registry::v1::registry_service_server::{RegistryServiceServer, SERVICE_NAME};
use cpor_types::{Actor, Service};
use tonic::service::Routes;

use crate::api::Api;
use crate::config::{Config, ConfigError};
use crate::domain::catalog::Catalog;
use crate::domain::catalog_record::CatalogRecord;
use crate::events::incoming::IncomingEvents;
use crate::store::{CatalogStore, PartnerStore, TenantStore, catalog_record};

/// The reason why the registry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database does not respond or was not migrated.
    #[error("the registry's database: {0}")]
    Db(#[from] sea_orm::DbErr),
    /// The catalog could not be saved in the database.
    #[error("the registry's catalog: {0}")]
    Catalog(String),
}

/// Builds the registry on a migrated database.
///
/// When this function returns, only the writers (the tasks that commit commands) run. The hosting
/// process then starts [`HostedService::host`], which delivers events and processes deadlines.
///
/// # Errors
/// Returns a [`BuildError`] when the configuration is invalid or the database cannot be used.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let catalog = Arc::new(config.catalog()?);
    let host = Host::new(Service::Registry, &context).await?;
    let (tenants, partners) = (host.writer(TenantStore), host.writer(PartnerStore));
    record_catalog(&host, &catalog).await?;
    let events = IncomingEvents { db: context.db.clone(), catalog: Arc::clone(&catalog), tenants: tenants.clone() };
    let api = Api {
        db: context.db,
        clock: context.business_clock,
        catalog,
        calendars: context.calendars,
        grace: Days::new(config.grace_days.into()),
        domain_lookups: Arc::new(DirectoryBudget::new(config.domain_lookups)),
        tenants,
        partners,
    };
    Ok(HostedService {
        service: Service::Registry,
        grpc_services: vec![SERVICE_NAME],
        routes: Routes::new(RegistryServiceServer::new(api)),
        host,
        receiver: Arc::new(events),
        web: None,
    })
}

/// Stores which products partners are paid for. The service eligibility gets an event if this
/// differs from the last start, and at the first start (R52).
async fn record_catalog(host: &Host, catalog: &Catalog) -> Result<(), BuildError> {
    let record = CatalogRecord::from(catalog);
    let command = Command::new("record_catalog", catalog_record::key(), Actor::system(Service::Registry));
    let decide = move |current: Option<&CatalogRecord>, _| {
        let replaced = CatalogRecord::replace(current, record.clone());
        Ok::<_, Infallible>(replaced.map(|(next, events)| Transition::new(next, events)))
    };
    let recorded = host.writer(CatalogStore).execute(command, decide).await;
    recorded.map(drop).map_err(|failure| BuildError::Catalog(failure.to_string()))
}
