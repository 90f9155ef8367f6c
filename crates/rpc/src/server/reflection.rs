//! The reflection service, which lists the gRPC services of the process for clients.
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

use super::GrpcServices;

/// The routers of the servers of this process, by the gRPC services that they list. Tests start
/// many servers in a process, and reading the descriptors is the slowest part of a start.
static ROUTERS: Mutex<BTreeMap<Vec<&'static str>, axum::Router>> = Mutex::new(BTreeMap::new());

/// Returns the router of the reflection service in the versions v1 and v1alpha, which Python
/// clients need. It lists only the hosted gRPC services. The protos that it returns include
/// comments and the types of error details.
pub(super) fn router(services: &GrpcServices) -> Result<axum::Router, Error> {
    let names: Vec<&'static str> = services.grpc_services().iter().map(|(name, _)| *name).collect();
    let mut routers = ROUTERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(router) = routers.get(&names) {
        return Ok(router.clone());
    }
    let builder = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(cpor_proto::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        names.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let routes = Routes::new(builder().build_v1()?).add_service(builder().build_v1alpha()?);
    let router = routes.into_axum_router().reset_fallback();
    routers.insert(names, router.clone());
    Ok(router)
}
