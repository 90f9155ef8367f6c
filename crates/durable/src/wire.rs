//! Conversions between domain types (services, times, actors) and their protobuf forms.
use cpor_proto::{WireEnum as _, events::v1 as events, options::v1 as options};
use cpor_types::{Actor, ActorSide, Service, Timestamp};

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

/// Converts a time to its protobuf form.
pub(crate) fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0);
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// Converts a time from its protobuf form, cut to whole microseconds. Returns `None` if it is out
/// of range.
pub(crate) fn timestamp_from(time: &prost_types::Timestamp) -> Option<Timestamp> {
    let nanos = u32::try_from(time.nanos).ok()?;
    Timestamp::from_timestamp(time.seconds, nanos).map(cpor_types::truncate_to_micros)
}

/// Converts an actor to its protobuf form.
pub(crate) fn actor(actor: &Actor) -> events::Actor {
    events::Actor { side: actor.side.to_number(), subject: actor.subject.clone() }
}

/// Converts an actor from its protobuf form. Returns `None` for an unknown side.
pub(crate) fn actor_from(actor: &events::Actor) -> Option<Actor> {
    let side = ActorSide::from_number(actor.side).ok()?;
    Some(Actor { side, subject: actor.subject.clone() })
}
