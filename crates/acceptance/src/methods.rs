//! The methods of the API, as the proto descriptors declare them.

use cpor_proto::options::v1::{Access, EventAccess, OnBehalfOf, PersonSide, Role as WireRole, Service as WireService};
use cpor_types::{ActorSide, Role, Service};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, MethodDescriptor, Value};

/// A method of the API.
#[derive(Clone, Debug)]
pub struct Method {
    /// The path, for example `/cpor.claims.v1.ClaimService/GetClaim`.
    pub path: String,
    /// The name, for example `GetClaim`.
    pub name: String,
    /// The service that hosts the method; claim-intake for methods that every process hosts.
    pub service: Service,
    /// The roles that may call the method.
    pub roles: Vec<Role>,
    /// The services that may call the method.
    pub services: Vec<Service>,
    /// The services that may call the method on behalf of a person, each with the sides that the
    /// person can have.
    pub on_behalf_of: Vec<(Service, Vec<ActorSide>)>,
    /// The request field that contains the owner; empty if there is none.
    pub owner_field: String,
    /// The type of the request.
    pub input: MessageDescriptor,
    /// The type of the response.
    pub output: MessageDescriptor,
}

/// Returns every method of every `cpor.*` service.
///
/// # Panics
/// Panics if a method does not declare who may call it.
#[must_use]
pub fn methods() -> Vec<Method> {
    let pool = cpor_proto::descriptors::pool();
    let services: Vec<_> = pool.services().filter(|service| service.full_name().starts_with("cpor.")).collect();
    services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| to_method(pool, &method))
        .collect()
}

fn to_method(pool: &DescriptorPool, method: &MethodDescriptor) -> Method {
    let access = read_access(pool, method);
    let grpc_service = method.parent_service().full_name().to_owned();
    Method {
        path: format!("/{grpc_service}/{}", method.name()),
        name: method.name().to_owned(),
        service: hosting_service(&grpc_service),
        roles: access.roles().map(to_role).collect(),
        services: access.services().map(to_service).collect(),
        on_behalf_of: access.on_behalf_of.iter().map(to_on_behalf_of).collect(),
        owner_field: access.owner_field.clone(),
        input: method.input(),
        output: method.output(),
    }
}

fn read_access(pool: &DescriptorPool, method: &MethodDescriptor) -> Access {
    read_option(pool, "cpor.options.v1.access", &method.options(), method.full_name())
}

/// Reads an option that is a message.
fn read_option<T: prost::Message + Default>(
    pool: &DescriptorPool,
    name: &str,
    options: &DynamicMessage,
    element: &str,
) -> T {
    let extension = pool.get_extension_by_name(name).expect("the option");
    assert!(options.has_extension(&extension), "{element} does not declare {name}");
    match options.get_extension(&extension).into_owned() {
        Value::Message(message) => T::decode(message.encode_to_vec().as_slice()).expect("the option"),
        other => panic!("{element} declares {other:?}"),
    }
}

/// An event that services send each other.
#[derive(Clone, Debug)]
pub struct EventKind {
    /// The name of the event's field in JSON, for example `claimSubmitted`.
    pub json_name: String,
    /// The services that may send the event.
    pub sources: Vec<Service>,
    /// The services to which the event may be sent.
    pub destinations: Vec<Service>,
    /// The sides of the actors that may cause the event.
    pub sides: Vec<ActorSide>,
}

/// Returns every event.
///
/// # Panics
/// Panics if an event does not declare who may send it.
#[must_use]
pub fn event_kinds() -> Vec<EventKind> {
    let pool = cpor_proto::descriptors::pool();
    let event = pool.get_message_by_name("cpor.events.v1.Event").expect("the message");
    let payload = event.oneofs().find(|oneof| oneof.name() == "payload").expect("the events");
    let kind = |field: FieldDescriptor| {
        let access: EventAccess =
            read_option(pool, "cpor.options.v1.event_access", &field.options(), field.full_name());
        let automatic = access.automatic.then_some([ActorSide::Time, ActorSide::System]);
        EventKind {
            json_name: field.json_name().to_owned(),
            sources: access.sources().map(to_service).collect(),
            destinations: access.destinations().map(to_service).collect(),
            sides: access.persons().map(to_side).chain(automatic.into_iter().flatten()).collect(),
        }
    };
    payload.fields().map(kind).collect()
}

fn to_on_behalf_of(declared: &OnBehalfOf) -> (Service, Vec<ActorSide>) {
    (to_service(declared.service()), declared.sides().map(to_side).collect())
}

fn to_side(side: PersonSide) -> ActorSide {
    let name = side.as_str_name().trim_start_matches("PERSON_SIDE_").to_lowercase();
    name.parse().unwrap_or_else(|_| panic!("the unknown side {name} is declared"))
}

/// Returns the service that hosts a gRPC service, given by its full name.
fn hosting_service(grpc_service: &str) -> Service {
    match grpc_service {
        "cpor.reviews.v1.ReviewService" => Service::PoeReview,
        "cpor.consents.v1.ConsentService" => Service::CustomerConsent,
        "cpor.eligibility.v1.EligibilityService" => Service::Eligibility,
        "cpor.registry.v1.RegistryService" => Service::Registry,
        _ => Service::ClaimIntake,
    }
}

fn to_role(role: WireRole) -> Role {
    let name = role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
    name.parse().unwrap_or_else(|_| panic!("a method declares the unknown role {name}"))
}

fn to_service(service: WireService) -> Service {
    let name = service.as_str_name().trim_start_matches("SERVICE_").to_lowercase().replace('_', "-");
    name.parse().unwrap_or_else(|_| panic!("a method declares the unknown service {name}"))
}
