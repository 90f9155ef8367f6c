//! Conversions between domain types (services, actors) and their protobuf forms.
use cpor_proto::{events::v1 as events, options::v1 as options};
use cpor_types::{Actor, ActorSide, Service};

/// Converts a service to its protobuf form.
pub(crate) fn service(service: Service) -> options::Service {
    match service {
        Service::ClaimIntake => options::Service::ClaimIntake,
        Service::PoeReview => options::Service::PoeReview,
        Service::CustomerConsent => options::Service::CustomerConsent,
        Service::Eligibility => options::Service::Eligibility,
        Service::Registry => options::Service::Registry,
    }
}

/// Converts a service from its protobuf number. Returns `None` for an unknown number.
pub(crate) fn service_from(number: i32) -> Option<Service> {
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
pub(crate) fn actor(actor: &Actor) -> events::Actor {
    let side = match actor.side {
        ActorSide::Partner => events::ActorSide::Partner,
        ActorSide::Reviewer => events::ActorSide::Reviewer,
        ActorSide::Vendor => events::ActorSide::Vendor,
        ActorSide::Customer => events::ActorSide::Customer,
        ActorSide::Time => events::ActorSide::Time,
        ActorSide::System => events::ActorSide::System,
    };
    events::Actor { side: side.into(), subject: actor.subject.clone() }
}

/// Converts an actor from its protobuf form. Returns `None` for an unknown side.
pub(crate) fn actor_from(actor: &events::Actor) -> Option<Actor> {
    let side = match actor.side() {
        events::ActorSide::Unspecified => return None,
        events::ActorSide::Partner => ActorSide::Partner,
        events::ActorSide::Reviewer => ActorSide::Reviewer,
        events::ActorSide::Vendor => ActorSide::Vendor,
        events::ActorSide::Customer => ActorSide::Customer,
        events::ActorSide::Time => ActorSide::Time,
        events::ActorSide::System => ActorSide::System,
    };
    Some(Actor { side, subject: actor.subject.clone() })
}
