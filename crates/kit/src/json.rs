//! Messages as JSON, for exports.
use prost::{Message, Name};
use prost_reflect::SerializeOptions;
use tonic::Status;

use crate::{request, status};

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
}
