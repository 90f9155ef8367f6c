use cpor_types::Service;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::lifecycle::Readiness;

/// Keeps `grpc.health.v1` up with readiness, until the process has nothing more to say. The empty name is the whole
/// process; a gRPC service is as ready as the service that owns it.
pub(super) async fn follow(
    reporter: HealthReporter,
    readiness: Readiness,
    named: Vec<(&'static str, Option<Service>)>,
) {
    let mut changes = readiness.changes();
    loop {
        let all = readiness.unready().is_empty();
        reporter.set_service_status("", serving(all)).await;
        for (name, owner) in &named {
            let ready = owner.map_or(all, |owner| readiness.is_ready(owner.as_str()));
            reporter.set_service_status(name, serving(ready)).await;
        }
        if !changes.next().await {
            return;
        }
    }
}

fn serving(ready: bool) -> ServingStatus {
    if ready { ServingStatus::Serving } else { ServingStatus::NotServing }
}
