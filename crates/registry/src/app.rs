//! Builds the registry from its configuration and database, for the process that hosts it.
use std::sync::Arc;

use chrono::Days;
use cpor_durable::{Host, HostedService, ServiceContext};
use cpor_proto::registry::v1::registry_service_server::{RegistryServiceServer, SERVICE_NAME};
use cpor_types::Service;
use tonic::service::Routes;

use crate::api::Api;
use crate::config::{Config, ConfigError};
use crate::events::incoming::IncomingEvents;
use crate::store::{PartnerStore, TenantStore};

/// The reason why the registry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database does not respond or was not migrated.
    #[error("the registry's database: {0}")]
    Db(#[from] sea_orm::DbErr),
}

/// Builds the registry on a migrated database.
///
/// When this function returns, only the writers run. The hosting process then starts
/// [`HostedService::host`], which delivers events and processes deadlines.
///
/// # Errors
/// Returns a [`BuildError`] when the configuration is invalid or the database cannot be used.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let catalog = Arc::new(config.catalog()?);
    let host = Host::new(Service::Registry, &context).await?;
    let (tenants, partners) = (host.writer(TenantStore), host.writer(PartnerStore));
    let events = IncomingEvents { db: context.db.clone(), catalog: Arc::clone(&catalog), tenants: tenants.clone() };
    let api = Api {
        db: context.db,
        clock: context.business_clock,
        catalog,
        calendars: context.calendars,
        grace: Days::new(config.grace_days.into()),
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
