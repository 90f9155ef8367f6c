use std::{collections::HashMap, sync::Arc};

use cpor_proto::options::v1 as wire;
use cpor_types::{Role, Service};
use prost_reflect::{Kind, MethodDescriptor};

use crate::descriptors;

/// gRPC services that anybody may ask: what the system is and whether it is well, no more.
const OPEN: [&str; 3] =
    ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// Who may call a method, as its proto declares (`cpor.options.v1.access`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Open,
    /// Those named, and nobody else.
    Declared {
        /// Users with any of these.
        roles: Vec<Role>,
        /// These services.
        services: Vec<Service>,
        /// The path of the request field that names the resource whose owner is checked; empty: none.
        owner_field: Vec<String>,
        /// A customer passes whoever that names: the method itself asks whose tenant it is.
        skip_owner_check_for_customers: bool,
    },
}

/// One hosted method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// `cpor.claims.v1.ClaimService`.
    pub service: String,
    /// `GetClaim`.
    pub name: String,
    /// Who may call it.
    pub access: Access,
    /// The services that a service's token may name as its audience.
    pub callees: Vec<Service>,
    /// Whether either side sends a stream.
    pub streaming: bool,
}

/// A method that cannot be served as it is declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Its service is not among the built-in descriptors.
    #[error("the gRPC service {0} has no descriptor")]
    UnknownService(String),
    /// It does not say who may call it.
    #[error("{0} does not declare cpor.options.v1.access")]
    Undeclared(String),
    /// It names no role or service that exists.
    #[error("{0} names an unspecified role or service")]
    Unspecified(String),
    /// Its owner field is no string field of its request.
    #[error("{method} has no string field {field:?} in its request")]
    OwnerField {
        /// The method.
        method: String,
        /// The path.
        field: String,
    },
}

/// The methods of one process by path (`/cpor.claims.v1.ClaimService/GetClaim`). What is not in it is denied.
#[derive(Clone, Debug, Default)]
pub struct MethodTable(HashMap<String, Arc<Method>>);

impl MethodTable {
    /// Reads the descriptors of the named gRPC services. Each comes with the services that it speaks for: its owner,
    /// or all of the process's for the ones that dispatch.
    ///
    /// # Errors
    /// Everything that is undeclared or declared wrongly, at once.
    pub fn build(hosted: &[(&str, Vec<Service>)]) -> Result<Self, Vec<AccessError>> {
        let (mut table, mut errors) = (Self::default(), Vec::new());
        for (name, callees) in hosted {
            let Some(service) = descriptors::pool().get_service_by_name(name) else {
                errors.push(AccessError::UnknownService((*name).to_owned()));
                continue;
            };
            for method in service.methods() {
                match declared(&method) {
                    Ok(access) => table.insert(&method, access, callees),
                    Err(error) => errors.push(error),
                }
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    fn insert(&mut self, descriptor: &MethodDescriptor, access: Access, callees: &[Service]) {
        let (service, name) = (descriptor.parent_service().full_name().to_owned(), descriptor.name().to_owned());
        let streaming = descriptor.is_client_streaming() || descriptor.is_server_streaming();
        let path = format!("/{service}/{name}");
        self.0.insert(path, Arc::new(Method { service, name, access, callees: callees.to_vec(), streaming }));
    }

    /// The method of a request's path; `None` when it is not hosted here.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Arc<Method>> {
        self.0.get(path).cloned().or_else(|| open(path))
    }

    /// Every declared method.
    pub fn methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.0.values()
    }
}

fn open(path: &str) -> Option<Arc<Method>> {
    let (service, name) = path.strip_prefix('/')?.split_once('/')?;
    let service = OPEN.iter().find(|open| **open == service)?;
    // Health's Check and List are single calls; all else here is a stream.
    let streaming = !matches!(name, "Check" | "List");
    let known = matches!(name, "Check" | "List" | "Watch" | "ServerReflectionInfo");
    let name = if known { name } else { "unknown" };
    Some(Arc::new(Method {
        service: (*service).to_owned(),
        name: name.to_owned(),
        access: Access::Open,
        callees: Vec::new(),
        streaming,
    }))
}

fn declared(method: &MethodDescriptor) -> Result<Access, AccessError> {
    let undeclared = || AccessError::Undeclared(method.full_name().to_owned());
    let extension = descriptors::extension("cpor.options.v1.access").ok_or_else(undeclared)?;
    let access: wire::Access = descriptors::option_as(&method.options(), &extension).ok_or_else(undeclared)?;
    let unspecified = || AccessError::Unspecified(method.full_name().to_owned());
    let roles = access.roles().map(role).collect::<Option<_>>().ok_or_else(unspecified)?;
    let services = access.services().map(service).collect::<Option<_>>().ok_or_else(unspecified)?;
    let owner_field = owner_field(method, &access.owner_field)?;
    let skip_owner_check_for_customers = access.skip_owner_check_for_customers;
    Ok(Access::Declared { roles, services, owner_field, skip_owner_check_for_customers })
}

/// The path's steps, once every one of them is found and the last is a string.
fn owner_field(method: &MethodDescriptor, path: &str) -> Result<Vec<String>, AccessError> {
    let steps: Vec<String> = path.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    let wrong = || AccessError::OwnerField { method: method.full_name().to_owned(), field: path.to_owned() };
    let mut kind = Kind::Message(method.input());
    for step in &steps {
        let message = kind.as_message().cloned().ok_or_else(wrong)?;
        let field = message.get_field_by_name(step).filter(|field| !field.is_list() && !field.is_map());
        kind = field.ok_or_else(wrong)?.kind();
    }
    if steps.is_empty() || matches!(kind, Kind::String) { Ok(steps) } else { Err(wrong()) }
}

fn role(role: wire::Role) -> Option<Role> {
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

fn service(service: wire::Service) -> Option<Service> {
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
    fn a_method_carries_what_its_proto_says() {
        let table = MethodTable::build(&[("cpor.claims.v1.ClaimService", vec![Service::ClaimIntake])]).unwrap();
        let method = table.get("/cpor.claims.v1.ClaimService/UpdateClaim").unwrap();
        let Access::Declared { roles, owner_field, .. } = &method.access else { panic!("open") };
        assert!(roles.contains(&Role::IncentivesAdmin) && !roles.contains(&Role::Operator));
        assert_eq!(owner_field, &["claim", "name"]);
        assert!(table.get("/cpor.claims.v1.ClaimService/UploadEvidence").unwrap().streaming);
    }

    #[test]
    fn what_is_not_hosted_is_not_found() {
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
        assert_eq!(table.get("/grpc.health.v1.Health/Check").unwrap().access, Access::Open);
        let missing = MethodTable::build(&[("cpor.claims.v1.NoService", vec![])]).unwrap_err();
        assert_eq!(missing, [AccessError::UnknownService("cpor.claims.v1.NoService".to_owned())]);
        let undeclared = MethodTable::build(&[("grpc.health.v1.Health", vec![])]).unwrap_err();
        assert!(matches!(undeclared.as_slice(), [AccessError::UnknownService(_)]));
    }
}
