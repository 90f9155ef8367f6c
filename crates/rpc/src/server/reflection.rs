//! The reflection service, which lists the gRPC services of the process for clients.
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

use super::GrpcServices;

/// Adds the reflection service in the versions v1 and v1alpha, which Python clients need. It lists
/// only the hosted gRPC services. The protos that it returns include comments and the types of
/// error details.
pub(super) fn add(routes: Routes, services: &GrpcServices) -> Result<Routes, Error> {
    let builder = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(cpor_proto::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        services.grpc_services().iter().fold(builder, |builder, (name, _)| builder.with_service_name(*name))
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}
