use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error};

use super::Services;

/// Adds reflection, both versions (Python's clients ask for v1alpha), with comments and with the types of error
/// details, listing what is hosted here and no more.
pub(super) fn add(routes: Routes, services: &Services) -> Result<Routes, Error> {
    let builder = || {
        let described = Builder::configure()
            .register_encoded_file_descriptor_set(cpor_proto::DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        services.named().iter().fold(described, |builder, (name, _)| builder.with_service_name(*name))
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}
