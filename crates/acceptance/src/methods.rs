//! The methods of the system as their descriptors declare them.

use cpor_proto::options::v1::{Access, Role as WireRole, Service as WireService};
use cpor_types::{Role, Service};
use prost::Message as _;
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor, Value};

/// A method.
#[derive(Clone, Debug)]
pub struct Method {
    /// `/cpor.claims.v1.ClaimService/GetClaim`.
    pub path: String,
    /// `GetClaim`.
    pub name: String,
    /// The service that serves it; of the ones that every process serves, claim-intake.
    pub service: Service,
    /// The roles that are let in.
    pub roles: Vec<Role>,
    /// The services that are let in.
    pub services: Vec<Service>,
    /// The field that names the owner; empty when there is none.
    pub owner_field: String,
    /// What it takes.
    pub input: MessageDescriptor,
    /// What it answers.
    pub output: MessageDescriptor,
}

/// Every method of every `cpor.*` service.
///
/// # Panics
/// When one does not declare who may call it.
#[must_use]
pub fn methods() -> Vec<Method> {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET).expect("the descriptors");
    let services: Vec<_> = pool.services().filter(|service| service.full_name().starts_with("cpor.")).collect();
    services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| declared(&pool, &method))
        .collect()
}

fn declared(pool: &DescriptorPool, method: &MethodDescriptor) -> Method {
    let access = access(pool, method);
    let package = method.parent_service().full_name().to_owned();
    Method {
        path: format!("/{package}/{}", method.name()),
        name: method.name().to_owned(),
        service: host(&package),
        roles: access.roles().map(role).collect(),
        services: access.services().map(service).collect(),
        owner_field: access.owner_field.clone(),
        input: method.input(),
        output: method.output(),
    }
}

fn access(pool: &DescriptorPool, method: &MethodDescriptor) -> Access {
    let extension = pool.get_extension_by_name("cpor.options.v1.access").expect("the option");
    let options = method.options();
    assert!(options.has_extension(&extension), "{} does not declare who may call it", method.full_name());
    match options.get_extension(&extension).into_owned() {
        Value::Message(message) => Access::decode(message.encode_to_vec().as_slice()).expect("the option"),
        other => panic!("{} declares {other:?}", method.full_name()),
    }
}

fn host(package: &str) -> Service {
    match package {
        "cpor.reviews.v1.ReviewService" => Service::PoeReview,
        "cpor.consents.v1.ConsentService" => Service::CustomerConsent,
        "cpor.eligibility.v1.EligibilityService" => Service::Eligibility,
        "cpor.registry.v1.RegistryService" => Service::Registry,
        _ => Service::ClaimIntake,
    }
}

fn role(role: WireRole) -> Role {
    let word = role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
    word.parse().unwrap_or_else(|_| panic!("the role {word} is declared and does not exist"))
}

fn service(service: WireService) -> Service {
    let word = service.as_str_name().trim_start_matches("SERVICE_").to_lowercase().replace('_', "-");
    word.parse().unwrap_or_else(|_| panic!("the service {word} is declared and does not exist"))
}
