//! Conversions between domain types (services, actors) and their protobuf (*wire*) forms.
use cpor_proto::{WireEnum as _, events::v1 as events, options::v1 as options};
use cpor_types::{Actor, ActorSide, Service};

/// Converts a service to its protobuf form.
pub(crate) fn service_to_wire(service: Service) -> options::Service {
    match service {
        Service::ClaimIntake => options::Service::ClaimIntake,
        Service::PoeReview => options::Service::PoeReview,
        Service::CustomerConsent => options::Service::CustomerConsent,
        Service::Eligibility => options::Service::Eligibility,
        Service::Registry => options::Service::Registry,
    }
}

/// Converts a service from its protobuf number. Returns `None` for an unknown number.
pub(crate) fn service_from_wire(number: i32) -> Option<Service> {
    match options::Service::try_from(number).ok()? {
        options::Service::Unspecified => None,
        options::Service::ClaimIntake => Some(Service::ClaimIntake),
        options::Service::PoeReview => Some(Service::PoeReview),
        options::Service::CustomerConsent => Some(Service::CustomerConsent),
        options::Service::Eligibility => Some(Service::Eligibility),
        options::Service::Registry => Some(Service::Registry),
    }
}

/// Converts an actor to its protobuf form.
pub(crate) fn actor_to_wire(actor: &Actor) -> events::Actor {
    events::Actor { side: actor.side.to_number(), subject: actor.subject.expose().to_owned() }
}

/// Converts an actor from its protobuf form. Returns `None` for an unknown side.
pub(crate) fn actor_from_wire(actor: &events::Actor) -> Option<Actor> {
    let side = ActorSide::from_number(actor.side).ok()?;
    Some(Actor::new(side, actor.subject.as_str()))
}
