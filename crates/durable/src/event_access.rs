//! The rules that say which service may send an event, and to which service. They are read from the
//! options `cpor.options.v1.event_access` of the fields of `cpor.events.v1.Event`.
use std::collections::HashMap;

use cpor_proto::{
    descriptors,
    events::v1::{Event, event::Payload},
    options::v1::EventAccess as WireAccess,
};
use cpor_types::Service;
use prost::{Name as _, encoding::decode_key};
use prost_reflect::{FieldDescriptor, OneofDescriptor};

/// An event that cannot be received because its declaration is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventAccessError {
    /// The event does not declare who may send it.
    #[error("the event {0} does not declare cpor.options.v1.event_access")]
    Undeclared(String),
    /// The declaration has no source or no destination, or contains the value UNSPECIFIED.
    #[error("the event {0} declares no source, no destination, or an unspecified service")]
    Unspecified(String),
    /// The descriptors of this build have no events.
    #[error("the descriptors contain no events")]
    NoEvents,
}

/// The rule that says which services may send an event, and to which services.
#[derive(Clone, Debug, PartialEq, Eq)]
struct EventAccess {
    /// The name of the event's field, for example `claim_submitted`.
    name: String,
    sources: Vec<Service>,
    destinations: Vec<Service>,
}

/// The rules of all events, by the number of the event's field.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventTable(HashMap<u32, EventAccess>);

impl EventTable {
    /// Reads the rules of all events.
    ///
    /// # Errors
    /// Returns all missing and invalid declarations at once.
    pub(crate) fn load() -> Result<Self, Vec<EventAccessError>> {
        let event = descriptors::pool().get_message_by_name(&Event::full_name());
        let payload = event.and_then(|event| event.oneofs().find(|oneof| oneof.name() == "payload"));
        Self::build(&payload.ok_or_else(|| vec![EventAccessError::NoEvents])?)
    }

    fn build(payload: &OneofDescriptor) -> Result<Self, Vec<EventAccessError>> {
        let (mut table, mut errors) = (Self::default(), Vec::new());
        for field in payload.fields() {
            match declared_access(&field) {
                Ok(access) => drop(table.0.insert(field.number(), access)),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    /// Checks that `source` may send this event to `destination`. The error is the name of the
    /// event.
    pub(crate) fn check(&self, payload: &Payload, source: Service, destination: Service) -> Result<(), &str> {
        let access = self.0.get(&field_number(payload)).ok_or("unknown")?;
        let is_allowed = access.sources.contains(&source) && access.destinations.contains(&destination);
        if is_allowed { Ok(()) } else { Err(&access.name) }
    }
}

/// Reads the rule of one event.
fn declared_access(field: &FieldDescriptor) -> Result<EventAccess, EventAccessError> {
    let undeclared = || EventAccessError::Undeclared(field.full_name().to_owned());
    let unspecified = || EventAccessError::Unspecified(field.full_name().to_owned());
    let extension = descriptors::extension("cpor.options.v1.event_access").ok_or_else(undeclared)?;
    let access: WireAccess = descriptors::option_as(&field.options(), &extension).ok_or_else(undeclared)?;
    let services = |numbers: &[i32]| {
        let services: Option<Vec<_>> = numbers.iter().map(|number| crate::wire::service_from(*number)).collect();
        services.filter(|services| !services.is_empty()).ok_or_else(unspecified)
    };
    let (sources, destinations) = (services(&access.sources)?, services(&access.destinations)?);
    Ok(EventAccess { name: field.name().to_owned(), sources, destinations })
}

/// Returns the number of the field that holds the event: the first tag of its encoding.
fn field_number(payload: &Payload) -> u32 {
    let mut bytes = Vec::with_capacity(payload.encoded_len());
    payload.encode(&mut bytes);
    decode_key(&mut bytes.as_slice()).map(|(number, _)| number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cpor_proto::events::v1::{ClaimSubmitted, CustomerDeclined, StreamResult};

    use super::*;

    #[test]
    fn every_event_declares_its_services() {
        let table = EventTable::load().unwrap();
        assert!(table.0.len() >= 47, "{}", table.0.len());
    }

    #[test]
    fn an_event_without_a_declaration_is_an_error() {
        let result = descriptors::pool().get_message_by_name(&StreamResult::full_name()).unwrap();
        let failure = result.oneofs().find(|oneof| oneof.name() == "failure").unwrap();
        let undeclared = |name: &str| EventAccessError::Undeclared(format!("cpor.events.v1.StreamResult.{name}"));
        assert_eq!(EventTable::build(&failure).unwrap_err(), [undeclared("retry"), undeclared("parked")]);
    }

    #[test]
    fn only_declared_services_send_and_receive() {
        let table = EventTable::load().unwrap();
        let submitted = Payload::ClaimSubmitted(ClaimSubmitted::default());
        assert_eq!(table.check(&submitted, Service::ClaimIntake, Service::CustomerConsent), Ok(()));
        assert_eq!(table.check(&submitted, Service::ClaimIntake, Service::Registry), Err("claim_submitted"));
        let declined = Payload::CustomerDeclined(CustomerDeclined::default());
        assert_eq!(table.check(&declined, Service::CustomerConsent, Service::ClaimIntake), Ok(()));
        assert_eq!(table.check(&declined, Service::PoeReview, Service::ClaimIntake), Err("customer_declined"));
    }
}
