//! The health service (`grpc.health.v1`), which reports the readiness of the process.
use cpor_types::Service;
use tonic_health::{ServingStatus, server::HealthReporter};

use cpor_process::lifecycle::Readiness;

/// Copies the readiness to the health service at every change, until readiness can no longer
/// change.
///
/// The empty name reports the whole process. A gRPC service in `grpc_services` is ready when the
/// service that owns it is ready or, if it has no owner, when the whole process is ready.
pub(super) async fn report_readiness(
    reporter: HealthReporter,
    readiness: Readiness,
    grpc_services: Vec<(&'static str, Option<Service>)>,
) {
    let mut changes = readiness.changes();
    loop {
        let is_process_ready = readiness.failed_checks().is_empty();
        reporter.set_service_status("", serving_status(is_process_ready)).await;
        for (name, owner) in &grpc_services {
            let is_ready = owner.map_or(is_process_ready, |owner| readiness.is_ready(owner.as_str()));
            reporter.set_service_status(name, serving_status(is_ready)).await;
        }
        if !changes.next().await {
            return;
        }
    }
}

fn serving_status(is_ready: bool) -> ServingStatus {
    if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing }
}
