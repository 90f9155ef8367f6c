//! Reads the fields of a message by name, for code that handles the requests or events of all
//! services in the same way.
use prost::{Message as _, Name};
use prost_reflect::ReflectMessage as _;
use tonic::Status;

use crate::request::to_dynamic;
use cpor_call::status;

/// Returns the text of the field `field`, and the encoding of the message without that field.
///
/// # Errors
/// Returns INTERNAL if the message is not part of the `cpor` API or has no such text field.
pub fn split_text_field<T: Name>(message: &T, field: &str) -> Result<(String, Vec<u8>), Status> {
    let mut message = to_dynamic(message)?;
    let descriptor = message.descriptor().get_field_by_name(field);
    let descriptor =
        descriptor.ok_or_else(|| status::internal(&format!("{} has no field `{field}`", T::full_name())))?;
    let text = message.get_field(&descriptor).as_str().map(str::to_owned);
    let text = text.ok_or_else(|| status::internal(&format!("{}.{field} is not a text", T::full_name())))?;
    message.clear_field(&descriptor);
    Ok((text, message.encode_to_vec()))
}

/// Returns the name of the field that is set in the oneof `oneof`. Returns `None` if none is set,
/// or if the message is not part of the `cpor` API.
#[must_use]
pub fn oneof_field<T: Name>(message: &T, oneof: &str) -> Option<String> {
    let message = to_dynamic(message).ok()?;
    let mut fields = message.fields().map(|(field, _)| field);
    fields
        .find(|field| field.containing_oneof().is_some_and(|set| set.name() == oneof))
        .map(|field| field.name().to_owned())
}

#[cfg(test)]
mod tests {
    use cpor_proto::{
        claims::v1::{Claim, CreateClaimRequest},
        events::v1::{ClaimClosed, Event, event::Payload},
    };
    use prost_reflect::{FieldDescriptor, MessageDescriptor};

    use super::*;
    use cpor_proto::descriptors;

    #[test]
    fn a_field_is_split_from_the_rest_of_its_message() {
        let request = |id: &str, name: &str| CreateClaimRequest {
            parent: "partners/contoso".to_owned(),
            claim: Some(Claim { display_name: name.to_owned(), ..Claim::default() }),
            request_id: id.to_owned(),
            ..CreateClaimRequest::default()
        };
        let split = |id, name| split_text_field(&request(id, name), "request_id").unwrap();
        assert_eq!(split("one", "a"), ("one".to_owned(), request("", "a").encode_to_vec()));
        assert_eq!(split("one", "a").1, split("two", "a").1);
        assert_ne!(split("one", "a").1, split("one", "b").1);
        for field in ["missing", "claim"] {
            assert_eq!(split_text_field(&request("one", "a"), field).unwrap_err().code(), tonic::Code::Internal);
        }
    }

    #[test]
    fn the_set_field_of_a_oneof_is_named() {
        let event = |payload| Event { payload, ..Event::default() };
        let closed = event(Some(Payload::ClaimClosed(ClaimClosed::default())));
        assert_eq!(oneof_field(&closed, "payload").as_deref(), Some("claim_closed"));
        assert_eq!(oneof_field(&event(None), "payload"), None);
    }

    /// Maps have no order, so the encoding of a message with a map is not the same each time.
    #[test]
    fn requests_with_a_request_id_contain_no_maps() {
        fn has_map(message: &MessageDescriptor, depth: usize) -> bool {
            let contains_map = |field: FieldDescriptor| {
                field.is_map() || field.kind().as_message().is_some_and(|inner| depth > 0 && has_map(inner, depth - 1))
            };
            message.fields().any(contains_map)
        }
        let messages = descriptors::pool().all_messages();
        let identified: Vec<_> = messages.filter(|message| message.get_field_by_name("request_id").is_some()).collect();
        assert!(identified.len() > 10);
        for message in identified.iter().filter(|message| message.full_name().starts_with("cpor.")) {
            assert!(!has_map(message, 8), "{}", message.full_name());
        }
    }
}
