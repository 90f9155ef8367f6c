//! Builds the service from its parts.
use std::{sync::Arc, time::Duration};

use cpor_durable::{Host, HostedService, ServiceContext, watch::Watches};
use cpor_proto::eligibility::v1::eligibility_service_server::{EligibilityServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::{Entropy, Service};

use crate::{
    Config,
    api::Api,
    assessor::Assessor,
    events::incoming::EventHandler,
    store::{AssessmentStore, guide_catalog::GuideCatalogStore, payouts::PayoutStore},
};

/// The reason why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[error("eligibility cannot start: {0}")]
pub struct BuildError(#[from] sea_orm::DbErr);

/// Builds the service for its process. The migrations of the database must have run.
///
/// # Errors
/// Returns a [`BuildError`] if the database cannot be used.
pub async fn build(config: Config, context: ServiceContext) -> Result<HostedService, BuildError> {
    let host = Host::new(Service::Eligibility, &context).await?;
    let registry = Arc::new(GrpcRegistry::new(context.peers));
    let App { api, event_handler, .. } = compose(&config, &host, context.entropy, registry);
    Ok(HostedService {
        service: Service::Eligibility,
        grpc_services: vec![SERVICE_NAME],
        routes: tonic::service::Routes::new(EligibilityServiceServer::new(api)),
        host,
        receiver: Arc::new(event_handler),
        web: None,
    })
}

/// The connected parts of the service.
pub(crate) struct App {
    pub(crate) api: Api,
    pub(crate) event_handler: EventHandler,
    #[cfg_attr(not(test), expect(dead_code, reason = "the host runs the assessor; tests call it directly"))]
    pub(crate) assessor: Assessor,
}

/// Connects the parts. Registers the assessor, which assesses claims in the background, with the
/// host: as a background task, and as a probe that reports whether work is left.
pub(crate) fn compose(config: &Config, host: &Host, entropy: Arc<dyn Entropy>, registry: SharedRegistry) -> App {
    let db = host.db().clone();
    let writer = host.writer(AssessmentStore);
    let assessor = Assessor::new(db.clone(), writer.clone(), host.watch_all_commits());
    let task_assessor = assessor.clone();
    host.add_background_task("assessor", move |stop| {
        let assessor = task_assessor.clone();
        async move { Ok(assessor.run(stop).await?) }
    });
    let probe_assessor = assessor.clone();
    host.add_idle_probe("assessor", move || {
        let assessor = probe_assessor.clone();
        async move { Ok(assessor.drain_and_report().await?) }
    });
    let event_handler = EventHandler::new(db.clone(), writer, host.inbox());
    let api = Api {
        db,
        host: host.clone(),
        watches: Watches::new(host, Duration::from_secs(config.watch_heartbeat_seconds)),
        entropy,
        guide_writer: host.writer(GuideCatalogStore),
        payout_writer: host.writer(PayoutStore),
        registry,
        assessor: assessor.clone(),
    };
    App { api, event_handler, assessor }
}
