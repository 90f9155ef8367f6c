//! The access rules of the hosted gRPC methods. They are read from the options
//! `cpor.options.v1.access` in the protos.
use std::{collections::HashMap, sync::Arc};

use cpor_proto::options::v1 as wire;
use cpor_types::{ActorSide, Role, Service};
use prost_reflect::{Kind, MethodDescriptor};

use cpor_proto::descriptors;

use super::OnBehalfOf;

/// The gRPC services that can be called without a token: health and reflection.
const PUBLIC_SERVICES: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The rule that says who may call a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody may call the method, without a token.
    Public,
    /// Only the declared roles and services may call the method.
    Restricted {
        /// The roles whose users may call the method.
        roles: Vec<Role>,
        /// The services that may call the method.
        services: Vec<Service>,
        /// The sides (such as the partner's) for whose persons each service may call the method.
        on_behalf_of: Vec<OnBehalfOf>,
        /// The path of the request field that contains a resource name. The owner in that name (a
        /// partner or tenant) must be the caller's. The path is empty if no owner is checked.
        owner_field: Vec<String>,
        /// If true, the owner is not checked for customers, because the method itself checks the
        /// tenant.
        skip_owner_check_for_customers: bool,
    },
}

/// A hosted gRPC method and its access rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// The full name of the gRPC service, for example `cpor.claims.v1.ClaimService`.
    pub service: String,
    /// The name of the method, for example `GetClaim`.
    pub name: String,
    /// The rule that says who may call the method.
    pub access: Access,
    /// The accepted audiences: the token of a calling service must be issued for one of these
    /// services.
    pub audiences: Vec<Service>,
    /// If true, the client or the server sends a stream of messages.
    pub is_streaming: bool,
    /// If true, the client sends a stream of messages.
    pub is_client_streaming: bool,
}

/// A method that cannot be served because its access declaration is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The gRPC service is not among the built-in descriptors.
    #[error("the gRPC service {0} has no descriptor")]
    UnknownService(String),
    /// The method does not declare who may call it.
    #[error("{0} does not declare cpor.options.v1.access")]
    Undeclared(String),
    /// The declaration contains the value UNSPECIFIED.
    #[error("{0} declares an unspecified role, service or side")]
    Unspecified(String),
    /// The declared owner field is not a string field of the request.
    #[error("{method}: the request has no string field {field:?}")]
    OwnerField {
        /// The full name of the method.
        method: String,
        /// The declared path of the owner field.
        field: String,
    },
}

/// The methods that a process hosts, by path (`/cpor.claims.v1.ClaimService/GetClaim`). Calls to
/// other paths are refused.
#[derive(Clone, Debug, Default)]
pub struct MethodTable(HashMap<String, Arc<Method>>);

impl MethodTable {
    /// Builds the table from the descriptors of the gRPC services in `hosted`. Each entry consists
    /// of the full name of a gRPC service and of the accepted audiences: the token of a calling
    /// service must be issued for one of them. These audiences are the service that implements the
    /// gRPC service, or all services of the process if the gRPC service passes requests on to them.
    ///
    /// # Errors
    /// Returns all missing and invalid declarations at once.
    pub fn build(hosted: &[(&str, Vec<Service>)]) -> Result<Self, Vec<AccessError>> {
        let (mut table, mut errors) = (Self::default(), Vec::new());
        for (name, audiences) in hosted {
            let Some(service) = descriptors::pool().get_service_by_name(name) else {
                errors.push(AccessError::UnknownService((*name).to_owned()));
                continue;
            };
            for method in service.methods() {
                match declared_access(&method) {
                    Ok(access) => table.insert(&method, access, audiences),
                    Err(error) => errors.push(error),
                }
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    /// Adds a method under its path.
    fn insert(&mut self, descriptor: &MethodDescriptor, access: Access, audiences: &[Service]) {
        let (service, name) = (descriptor.parent_service().full_name().to_owned(), descriptor.name().to_owned());
        let is_client_streaming = descriptor.is_client_streaming();
        let is_streaming = is_client_streaming || descriptor.is_server_streaming();
        let path = format!("/{service}/{name}");
        let method = Method { service, name, access, audiences: audiences.to_vec(), is_streaming, is_client_streaming };
        self.0.insert(path, Arc::new(method));
    }

    /// Returns the method of a request path, or `None` if the process does not host it.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Arc<Method>> {
        self.0.get(path).cloned().or_else(|| public_method(path))
    }

    /// Returns all methods with a declared access rule.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.0.values()
    }
}

/// Returns the method if the path belongs to one of the [`PUBLIC_SERVICES`].
fn public_method(path: &str) -> Option<Arc<Method>> {
    let (service, name) = path.strip_prefix('/')?.split_once('/')?;
    let service = PUBLIC_SERVICES.iter().find(|public| **public == service)?;
    // The methods Check and List of the health service are unary; the other public methods are
    // streams.
    let is_streaming = !matches!(name, "Check" | "List");
    // Clients choose the path, so an unknown method name must not become a label of the metrics.
    let is_known = matches!(name, "Check" | "List" | "Watch" | "ServerReflectionInfo");
    let name = if is_known { name } else { "unknown" };
    Some(Arc::new(Method {
        service: (*service).to_owned(),
        name: name.to_owned(),
        access: Access::Public,
        audiences: Vec::new(),
        is_streaming,
        is_client_streaming: name == "ServerReflectionInfo",
    }))
}

/// Reads the access rule from the options of a method.
fn declared_access(method: &MethodDescriptor) -> Result<Access, AccessError> {
    let undeclared = || AccessError::Undeclared(method.full_name().to_owned());
    let extension = descriptors::extension("cpor.options.v1.access").ok_or_else(undeclared)?;
    let access: wire::Access = descriptors::option_as(&method.options(), &extension).ok_or_else(undeclared)?;
    let unspecified = || AccessError::Unspecified(method.full_name().to_owned());
    let roles = access.roles().map(role_from_wire).collect::<Option<_>>().ok_or_else(unspecified)?;
    let services = access.services().map(service_from_wire).collect::<Option<_>>().ok_or_else(unspecified)?;
    let on_behalf_of =
        access.on_behalf_of.iter().map(on_behalf_of_from_wire).collect::<Option<_>>().ok_or_else(unspecified)?;
    let owner_field = parse_owner_field(method, &access.owner_field)?;
    let skip_owner_check_for_customers = access.skip_owner_check_for_customers;
    Ok(Access::Restricted { roles, services, on_behalf_of, owner_field, skip_owner_check_for_customers })
}

/// Splits the dotted path of the owner field, after checking that the path leads to a string field
/// of the request.
fn parse_owner_field(method: &MethodDescriptor, path: &str) -> Result<Vec<String>, AccessError> {
    let segments: Vec<String> = path.split('.').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    let invalid = || AccessError::OwnerField { method: method.full_name().to_owned(), field: path.to_owned() };
    let mut kind = Kind::Message(method.input());
    for segment in &segments {
        let message = kind.as_message().cloned().ok_or_else(invalid)?;
        let field = message.get_field_by_name(segment).filter(|field| !field.is_list() && !field.is_map());
        kind = field.ok_or_else(invalid)?.kind();
    }
    if segments.is_empty() || matches!(kind, Kind::String) { Ok(segments) } else { Err(invalid()) }
}

/// Converts a role of the proto. Returns `None` for UNSPECIFIED.
fn role_from_wire(role: wire::Role) -> Option<Role> {
    Some(match role {
        wire::Role::Unspecified => return None,
        wire::Role::GlobalAdmin => Role::GlobalAdmin,
        wire::Role::BillingAdmin => Role::BillingAdmin,
        wire::Role::IncentivesAdmin => Role::IncentivesAdmin,
        wire::Role::IncentivesUser => Role::IncentivesUser,
        wire::Role::PoeReviewer => Role::PoeReviewer,
        wire::Role::ReviewLead => Role::ReviewLead,
        wire::Role::ProgramManager => Role::ProgramManager,
        wire::Role::DirectorySync => Role::DirectorySync,
        wire::Role::Operator => Role::Operator,
        wire::Role::CustomerAdmin => Role::CustomerAdmin,
    })
}

/// Converts the persons on whose behalf a service may call. Returns `None` if a value is
/// UNSPECIFIED.
fn on_behalf_of_from_wire(declared: &wire::OnBehalfOf) -> Option<OnBehalfOf> {
    let sides = declared.sides().map(side_from_wire).collect::<Option<_>>()?;
    Some(OnBehalfOf { service: service_from_wire(declared.service())?, sides })
}

/// Converts the side of a person. Returns `None` for UNSPECIFIED.
fn side_from_wire(side: wire::PersonSide) -> Option<ActorSide> {
    Some(match side {
        wire::PersonSide::Unspecified => return None,
        wire::PersonSide::Partner => ActorSide::Partner,
        wire::PersonSide::Reviewer => ActorSide::Reviewer,
        wire::PersonSide::Vendor => ActorSide::Vendor,
        wire::PersonSide::Customer => ActorSide::Customer,
    })
}

/// Converts a service of the proto. Returns `None` for UNSPECIFIED.
fn service_from_wire(service: wire::Service) -> Option<Service> {
    Some(match service {
        wire::Service::Unspecified => return None,
        wire::Service::ClaimIntake => Service::ClaimIntake,
        wire::Service::PoeReview => Service::PoeReview,
        wire::Service::CustomerConsent => Service::CustomerConsent,
        wire::Service::Eligibility => Service::Eligibility,
        wire::Service::Registry => Service::Registry,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_every_service_declares_its_access() {
        let names: Vec<String> = descriptors::pool().services().map(|service| service.full_name().to_owned()).collect();
        let hosted: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with("cpor."))
            .map(|name| (name.as_str(), vec![Service::ClaimIntake]))
            .collect();
        let table = MethodTable::build(&hosted).unwrap();
        let count: usize = descriptors::pool()
            .services()
            .filter(|service| service.full_name().starts_with("cpor."))
            .map(|service| service.methods().len())
            .sum();
        assert_eq!(table.methods().count(), count);
    }

    #[test]
    fn reads_the_access_rule_of_a_method() {
        let table = MethodTable::build(&[("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake])]).unwrap();
        let method = table.get("/cpor.claims.v1.ClaimService/UpdateClaim").unwrap();
        let Access::Restricted { roles, owner_field, .. } = &method.access else { panic!("open") };
        assert!(roles.contains(&Role::IncentivesAdmin) && !roles.contains(&Role::Operator));
        assert_eq!(owner_field, &["claim", "name"]);
        assert!(table.get("/cpor.claims.v1.ClaimService/UploadEvidence").unwrap().is_streaming);
    }

    #[test]
    fn does_not_find_methods_that_are_not_hosted() {
        let table = MethodTable::build(&[("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake])]).unwrap();
        for path in [
            "/cpor.registry.v1.RegistryService/GetTenant",
            "/cpor.claims.v1.ClaimService/Nothing",
            "",
            "/",
            "//",
            "/a/b/c",
        ] {
            assert!(table.get(path).is_none(), "{path}");
        }
        assert_eq!(table.get("/grpc.health.v1.Health/Check").unwrap().access, Access::Public);
        let missing = MethodTable::build(&[("cpor.claims.v1.NoService", vec![])]).unwrap_err();
        assert_eq!(missing, [AccessError::UnknownService("cpor.claims.v1.NoService".to_owned())]);
        let undeclared = MethodTable::build(&[("grpc.health.v1.Health", vec![])]).unwrap_err();
        assert!(matches!(undeclared.as_slice(), [AccessError::UnknownService(_)]));
    }
}
