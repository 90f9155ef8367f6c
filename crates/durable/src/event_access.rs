//! The rules that say which service may send an event, to which service, and by whom it may be
//! caused. They are read from the options `cpor.options.v1.event_access` of the fields of
//! `cpor.events.v1.Event`.
use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
};

use cpor_proto::{
    descriptors,
    events::v1::{Event, event::Payload},
    options::v1::{EventAccess as WireAccess, PersonSide},
};
use cpor_types::{Actor, ActorSide, Service};
use prost::{
    Message as _, Name as _,
    encoding::{WireType, encode_key},
};
use prost_reflect::{FieldDescriptor, OneofDescriptor};

/// An event that cannot be received because its declaration is missing or invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventAccessError {
    /// The event does not declare who may send it.
    #[error("the event {0} does not declare cpor.options.v1.event_access")]
    Undeclared(String),
    /// The declaration has no source, no destination or no cause of the event, or contains the
    /// value UNSPECIFIED.
    #[error("the event {0} declares no source, destination or cause, or an unspecified service or side")]
    Unspecified(String),
    /// The descriptors of this build have no events.
    #[error("the descriptors contain no events")]
    NoEvents,
}

/// The rule that says which services may send an event, to which services, and by whom it may be
/// caused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct EventAccess {
    /// The name of the event's field, for example `claim_submitted`.
    name: String,
    /// The services that may send the event.
    sources: Vec<Service>,
    /// The services to which the event may be sent.
    destinations: Vec<Service>,
    /// The sides of the persons who may cause the event.
    persons: Vec<ActorSide>,
    /// Whether a deadline or a service may cause the event.
    is_automatic: bool,
}

impl EventAccess {
    /// Returns whether this actor may cause the event.
    fn may_be_caused_by(&self, actor: &Actor) -> bool {
        match actor.side {
            ActorSide::Time => self.is_automatic,
            ActorSide::System => self.is_automatic && Service::ALL.iter().any(|service| actor.is_service(*service)),
            side @ (ActorSide::Partner | ActorSide::Reviewer | ActorSide::Vendor | ActorSide::Customer) => {
                self.persons.contains(&side)
            }
        }
    }
}

/// An event that its source may not send to its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForbiddenEvent<'t> {
    /// The name of the event.
    pub(crate) event: &'t str,
}

/// An event that its actor cannot cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event {event} cannot be caused by this actor of the side {side}")]
pub(crate) struct ForbiddenCause<'t> {
    /// The name of the event.
    event: &'t str,
    /// The side of the actor.
    side: ActorSide,
}

/// The rules of all events, by the kind of the event.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventTable(HashMap<Discriminant<Payload>, EventAccess>);

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

    /// Builds the table from the fields of `payload`, one for each event.
    fn build(payload: &OneofDescriptor) -> Result<Self, Vec<EventAccessError>> {
        let (mut table, mut errors) = (Self::default(), Vec::new());
        for field in payload.fields() {
            match (declared_access(&field), empty_payload(&field)) {
                (Ok(access), Some(payload)) => drop(table.0.insert(discriminant(&payload), access)),
                (Ok(_), None) => errors.push(EventAccessError::NoEvents),
                (Err(error), _) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    /// Checks that `source` may send this event to `destination`. An event without a payload is not
    /// checked, because it is never applied.
    pub(crate) fn check_services(
        &self,
        event: &Event,
        source: Service,
        destination: Service,
    ) -> Result<(), ForbiddenEvent<'_>> {
        let Some(payload) = &event.payload else { return Ok(()) };
        let access = self.0.get(&discriminant(payload)).ok_or(ForbiddenEvent { event: "unknown" })?;
        if !access.sources.contains(&source) || !access.destinations.contains(&destination) {
            return Err(ForbiddenEvent { event: &access.name });
        }
        Ok(())
    }

    /// Checks that the actor of this event can cause it. An event without a payload or an actor is
    /// not checked, because it is never applied.
    pub(crate) fn check_actor(&self, event: &Event) -> Result<(), ForbiddenCause<'_>> {
        let access = event.payload.as_ref().and_then(|payload| self.0.get(&discriminant(payload)));
        let actor = event.actor.as_ref().and_then(crate::wire::actor_from_wire);
        match access.zip(actor) {
            Some((access, actor)) if !access.may_be_caused_by(&actor) => {
                Err(ForbiddenCause { event: &access.name, side: actor.side })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Reads the rule of one event.
fn declared_access(field: &FieldDescriptor) -> Result<EventAccess, EventAccessError> {
    let undeclared = || EventAccessError::Undeclared(field.full_name().to_owned());
    let unspecified = || EventAccessError::Unspecified(field.full_name().to_owned());
    let extension = descriptors::extension("cpor.options.v1.event_access").ok_or_else(undeclared)?;
    let access: WireAccess = descriptors::option_as(&field.options(), &extension).ok_or_else(undeclared)?;
    let services = |numbers: &[i32]| {
        let services: Option<Vec<_>> = numbers.iter().map(|number| crate::wire::service_from_wire(*number)).collect();
        services.filter(|services| !services.is_empty()).ok_or_else(unspecified)
    };
    let (sources, destinations) = (services(&access.sources)?, services(&access.destinations)?);
    let persons = access.persons().map(person_side).collect::<Option<Vec<_>>>().ok_or_else(unspecified)?;
    if persons.len() != access.persons.len() || (persons.is_empty() && !access.automatic) {
        return Err(unspecified());
    }
    Ok(EventAccess { name: field.name().to_owned(), sources, destinations, persons, is_automatic: access.automatic })
}

fn person_side(side: PersonSide) -> Option<ActorSide> {
    match side {
        PersonSide::Unspecified => None,
        PersonSide::Partner => Some(ActorSide::Partner),
        PersonSide::Reviewer => Some(ActorSide::Reviewer),
        PersonSide::Vendor => Some(ActorSide::Vendor),
        PersonSide::Customer => Some(ActorSide::Customer),
    }
}

/// Returns the event that the field holds, without content: the decoded form of an empty message.
fn empty_payload(field: &FieldDescriptor) -> Option<Payload> {
    let mut bytes = Vec::new();
    encode_key(field.number(), WireType::LengthDelimited, &mut bytes);
    bytes.push(0);
    Event::decode(bytes.as_slice()).ok()?.payload
}

#[cfg(test)]
mod tests {
    use cpor_proto::events::v1::{ClaimSubmitted, CustomerDeclined, ReviewApproved, ReviewReminded, StreamResult};

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

    fn event(payload: Payload, actor: &Actor) -> Event {
        Event { payload: Some(payload), actor: Some(crate::wire::actor_to_wire(actor)), ..Event::default() }
    }

    #[test]
    fn only_declared_services_send_and_receive() {
        let table = EventTable::load().unwrap();
        let alice = Actor::new(ActorSide::Partner, "alice");
        let submitted = event(Payload::ClaimSubmitted(ClaimSubmitted::default()), &alice);
        assert_eq!(table.check_services(&submitted, Service::ClaimIntake, Service::CustomerConsent), Ok(()));
        let refused = Err(ForbiddenEvent { event: "claim_submitted" });
        assert_eq!(table.check_services(&submitted, Service::ClaimIntake, Service::Registry), refused);
        let declined = event(Payload::CustomerDeclined(CustomerDeclined::default()), &alice);
        assert_eq!(table.check_services(&declined, Service::CustomerConsent, Service::ClaimIntake), Ok(()));
        let refused = Err(ForbiddenEvent { event: "customer_declined" });
        assert_eq!(table.check_services(&declined, Service::PoeReview, Service::ClaimIntake), refused);
    }

    #[test]
    fn only_declared_actors_cause_an_event() {
        let table = EventTable::load().unwrap();
        let check = |payload: Payload, actor: Actor| table.check_actor(&event(payload, &actor)).is_ok();
        let approve = |actor| check(Payload::ReviewApproved(ReviewApproved::default()), actor);
        let remind = |actor| check(Payload::ReviewReminded(ReviewReminded::default()), actor);
        assert!(approve(Actor::new(ActorSide::Reviewer, "rita")));
        assert!(!approve(Actor::new(ActorSide::Partner, "alice")) && !approve(Actor::time()));
        assert!(!approve(Actor::system(Service::PoeReview)));
        assert!(remind(Actor::time()) && remind(Actor::system(Service::PoeReview)));
        assert!(!remind(Actor::new(ActorSide::Reviewer, "rita")));
        assert!(!remind(Actor::new(ActorSide::System, "nobody")), "no service has this name");
    }
}
