//! The composition root.
use std::sync::Arc;

use cpor_durable::{Context, Host, Hosted};
use cpor_proto::eligibility::v1::eligibility_service_server::{EligibilityServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::Service;

use crate::{
    Config, api::Api, assessor::Assessor, config::GuidesError, domain::Guides, incoming::Intake, store::AssessmentStore,
};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[error("eligibility cannot start: {0}")]
pub struct BuildError(#[from] Fault);

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Guides(#[from] GuidesError),
    #[error(transparent)]
    Database(#[from] sea_orm::DbErr),
}

/// The service within its process. Its database must have been migrated.
///
/// # Errors
/// A guide cannot be read; the database does not answer.
pub async fn build(config: Config, context: Context) -> Result<Hosted, BuildError> {
    let guides = config.guides().map_err(Fault::from)?;
    let host = Host::new(Service::Eligibility, &context).await.map_err(Fault::from)?;
    let registry = Arc::new(GrpcRegistry::new(context.peers));
    let App { api, intake, .. } = compose(&host, guides, registry);
    Ok(Hosted {
        service: Service::Eligibility,
        grpc: vec![SERVICE_NAME],
        routes: tonic::service::Routes::new(EligibilityServiceServer::new(api)),
        host,
        receiver: Arc::new(intake),
        web: None,
    })
}

/// The parts, connected.
pub(crate) struct App {
    pub(crate) api: Api,
    pub(crate) intake: Intake,
    #[cfg_attr(not(test), expect(dead_code, reason = "the host runs it; tests make it work at once"))]
    pub(crate) assessor: Assessor,
}

/// Connects the parts, with the assessor among the host's loops and probes.
pub(crate) fn compose(host: &Host, guides: Guides, registry: SharedRegistry) -> App {
    let (db, guides) = (host.db().clone(), Arc::new(guides));
    let writer = host.writer(AssessmentStore);
    let assessor = Assessor::new(db.clone(), writer.clone(), Arc::clone(&guides));
    let looping = assessor.clone();
    host.spawn("assessor", move |stop| {
        let assessor = looping.clone();
        async move { Ok(assessor.run(stop).await?) }
    });
    let probed = assessor.clone();
    host.probe("assessor", move || {
        let assessor = probed.clone();
        async move { Ok(assessor.settle().await?) }
    });
    let intake = Intake::new(db.clone(), writer, host.inbox(), assessor.clone());
    let api = Api { db, business_clock: host.clock().clone(), guides, registry, assessor: assessor.clone() };
    App { api, intake, assessor }
}
