//! The composition root.
use std::sync::Arc;

use cpor_durable::{Context, Host, Hosted};
use cpor_proto::eligibility::v1::eligibility_service_server::{EligibilityServiceServer, SERVICE_NAME};
use cpor_registry_client::{GrpcRegistry, SharedRegistry};
use cpor_types::{Entropy, Service};

use crate::{
    Config,
    api::Api,
    assessor::Assessor,
    incoming::Intake,
    store::{AssessmentStore, guides::ShelfStore, payouts::PayoutStore},
};

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[error("eligibility cannot start: {0}")]
pub struct BuildError(#[from] sea_orm::DbErr);

/// The service within its process. Its database must have been migrated.
///
/// # Errors
/// The database does not answer.
pub async fn build(_: Config, context: Context) -> Result<Hosted, BuildError> {
    let host = Host::new(Service::Eligibility, &context).await?;
    let registry = Arc::new(GrpcRegistry::new(context.peers));
    let App { api, intake, .. } = compose(&host, context.entropy, registry);
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
pub(crate) fn compose(host: &Host, entropy: Arc<dyn Entropy>, registry: SharedRegistry) -> App {
    let db = host.db().clone();
    let writer = host.writer(AssessmentStore);
    let assessor = Assessor::new(db.clone(), writer.clone());
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
    let api = Api {
        db,
        business_clock: host.clock().clone(),
        entropy,
        shelves: host.writer(ShelfStore),
        payouts: host.writer(PayoutStore),
        registry,
        assessor: assessor.clone(),
    };
    App { api, intake, assessor }
}
