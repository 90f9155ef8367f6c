//! Messages as JSON: written for exports, read from files.
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, SerializeOptions};
use tonic::Status;

use crate::{descriptors, request, status};

/// Why a text is no such message.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not the message's JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It does not fit into the message.
    #[error(transparent)]
    Message(#[from] prost::DecodeError),
    /// The message is not among the built-in descriptors.
    #[error("{0} has no descriptor")]
    NoDescriptor(String),
}

/// The message that a text is, by the names of its proto or their JSON forms. Nothing may follow it, and unknown fields are refused.
///
/// # Errors
/// See [`ReadError`].
pub fn read<T: Message + Name + Default>(text: &str) -> Result<T, ReadError> {
    let name = T::full_name();
    let message = descriptors::pool().get_message_by_name(&name).ok_or(ReadError::NoDescriptor(name))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = DynamicMessage::deserialize(message, &mut json)?;
    json.end()?;
    Ok(read.transcode_to()?)
}

/// A message in one line of JSON, its fields called as in the proto; what is not set is left out.
///
/// # Errors
/// INTERNAL when the message is not among the built-in descriptors.
pub fn line<T: Message + Name>(message: &T) -> Result<String, Status> {
    let mut out = Vec::new();
    let options = SerializeOptions::new().use_proto_field_name(true);
    let message = request::dynamic(message)?;
    let written = message.serialize_with_options(&mut serde_json::Serializer::new(&mut out), &options);
    written.map_err(|error| status::internal(&error))?;
    out.push(b'\n');
    String::from_utf8(out).map_err(|error| status::internal(&error))
}

#[cfg(test)]
mod tests {
    use cpor_proto::claims::v1::{Claim, ClaimState};

    use super::*;

    #[test]
    fn a_message_is_a_line_with_the_names_of_its_proto() {
        let claim = Claim { display_name: "a\nb".into(), state: ClaimState::Editing.into(), ..Claim::default() };
        assert_eq!(line(&claim).unwrap(), "{\"display_name\":\"a\\nb\",\"state\":\"CLAIM_STATE_EDITING\"}\n");
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let claim = Claim { display_name: "a\nb".into(), state: ClaimState::Editing.into(), ..Claim::default() };
        assert_eq!(read::<Claim>(&line(&claim).unwrap()).unwrap(), claim);
        assert_eq!(read::<Claim>("{\"displayName\": \"a\"}").unwrap().display_name, "a");
        for wrong in ["{\"colour\": \"red\"}", "{} {}", "[]", ""] {
            assert!(read::<Claim>(wrong).is_err(), "{wrong}");
        }
    }
}
