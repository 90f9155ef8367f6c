//! Converts protobuf messages to JSON (for exports) and from JSON (for files).
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, SerializeOptions};
use tonic::Status;

use crate::request;
use cpor_call::status;
use cpor_proto::descriptors;

/// The reason why a text is not a valid JSON form of the expected message.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The text is not JSON, or its fields do not fit the message.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The parsed content cannot be converted to the generated message type.
    #[error(transparent)]
    Message(#[from] prost::DecodeError),
    /// The message type, given by its full name, is not among the built-in descriptors.
    #[error("the message type {0} has no descriptor")]
    NoDescriptor(String),
}

/// Parses a message from its JSON form. Field names may be those of the proto or their camelCase
/// forms. Unknown fields and text after the message are errors.
///
/// # Errors
/// Returns an error with the position if the text is not JSON, or does not fit the message.
pub fn parse<T: Message + Name + Default>(text: &str) -> Result<T, ParseError> {
    let type_name = T::full_name();
    let descriptor = descriptors::pool().get_message_by_name(&type_name).ok_or(ParseError::NoDescriptor(type_name))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(descriptor, &mut deserializer)?;
    deserializer.end()?;
    Ok(message.transcode_to()?)
}

/// Returns a message as one line of JSON, terminated by a newline. Field names are those of the
/// proto; fields that are not set are left out.
///
/// # Errors
/// Returns INTERNAL if the message type is not among the built-in descriptors.
pub fn to_line<T: Message + Name>(message: &T) -> Result<String, Status> {
    let mut json = Vec::new();
    let options = SerializeOptions::new().use_proto_field_name(true);
    let message = request::to_dynamic(message)?;
    let result = message.serialize_with_options(&mut serde_json::Serializer::new(&mut json), &options);
    result.map_err(|error| status::internal(&error))?;
    json.push(b'\n');
    String::from_utf8(json).map_err(|error| status::internal(&error))
}

#[cfg(test)]
mod tests {
    use cpor_proto::claims::v1::{Claim, ClaimState};

    use super::*;

    #[test]
    fn writes_one_line_with_proto_field_names() {
        let claim = Claim { display_name: "a\nb".into(), state: ClaimState::Editing.into(), ..Claim::default() };
        assert_eq!(to_line(&claim).unwrap(), "{\"display_name\":\"a\\nb\",\"state\":\"CLAIM_STATE_EDITING\"}\n");
    }

    #[test]
    fn reads_what_was_written_and_rejects_the_rest() {
        let claim = Claim { display_name: "a\nb".into(), state: ClaimState::Editing.into(), ..Claim::default() };
        assert_eq!(parse::<Claim>(&to_line(&claim).unwrap()).unwrap(), claim);
        assert_eq!(parse::<Claim>("{\"displayName\": \"a\"}").unwrap().display_name, "a");
        for wrong in ["{\"colour\": \"red\"}", "{} {}", "[]", ""] {
            assert!(parse::<Claim>(wrong).is_err(), "{wrong}");
        }
    }
}
