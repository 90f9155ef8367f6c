//! Formatting of protobuf messages for logs, without personal data.
use std::fmt;

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use crate::descriptors;

/// The text that replaces personal data.
const REDACTED: &str = "[redacted]";

/// Returns a value that displays a message in text format, with `[redacted]` instead of every field
/// that the proto marks as `personal_data`. The message is processed when it is displayed, so a log
/// line that is filtered out costs nothing.
pub fn display_redacted<T: Message + Name>(message: &T) -> impl fmt::Display {
    RedactedDisplay(message)
}

/// A message that is displayed without personal data. If its type has no descriptor, only
/// `[redacted]` is displayed.
struct RedactedDisplay<'a, T>(&'a T);

impl<T: Message + Name> fmt::Display for RedactedDisplay<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(descriptor) = descriptors::pool().get_message_by_name(&T::full_name()) else {
            return f.write_str(REDACTED);
        };
        let mut message = DynamicMessage::new(descriptor);
        match message.transcode_from(self.0) {
            Ok(()) => write!(f, "{}", redact_message(message)),
            Err(_) => f.write_str(REDACTED),
        }
    }
}

fn redact_message(mut message: DynamicMessage) -> DynamicMessage {
    let fields: Vec<(FieldDescriptor, Value)> = message.fields().map(|(field, value)| (field, value.clone())).collect();
    for (field, value) in fields {
        let value = if is_personal(&field) { blank_value(value) } else { redact_value(value) };
        message.set_field(&field, value);
    }
    message
}

/// Returns true if the proto marks the field as personal data.
fn is_personal(field: &FieldDescriptor) -> bool {
    let Some(extension) = descriptors::extension("cpor.options.v1.personal_data") else { return true };
    let options = field.options();
    options.has_extension(&extension) && options.get_extension(&extension).as_bool() != Some(false)
}

/// Removes the personal data inside a value that is not itself personal data.
fn redact_value(value: Value) -> Value {
    match value {
        Value::Message(message) => Value::Message(redact_message(message)),
        Value::List(items) => Value::List(items.into_iter().map(redact_value).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, redact_value(value))).collect()),
        plain @ (Value::Bool(_) | Value::I32(_) | Value::I64(_) | Value::U32(_) | Value::U64(_)) => plain,
        plain @ (Value::F32(_) | Value::F64(_) | Value::String(_) | Value::Bytes(_) | Value::EnumNumber(_)) => plain,
    }
}

/// Replaces a value that is personal data: texts and bytes by `[redacted]`, other scalars by their
/// zero value.
fn blank_value(value: Value) -> Value {
    match value {
        Value::String(_) => Value::String(REDACTED.to_owned()),
        Value::Bytes(_) => Value::Bytes(REDACTED.as_bytes().into()),
        Value::List(items) => Value::List(items.into_iter().map(blank_value).collect()),
        // The keys of a map may be personal data too.
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (blank_key(key), blank_value(value))).collect())
        }
        Value::Message(message) => Value::Message(blank_message(message)),
        Value::EnumNumber(_) => Value::EnumNumber(0),
        Value::Bool(_) => Value::Bool(false),
        Value::I32(_) => Value::I32(0),
        Value::I64(_) => Value::I64(0),
        Value::U32(_) => Value::U32(0),
        Value::U64(_) => Value::U64(0),
        Value::F32(_) => Value::F32(0.0),
        Value::F64(_) => Value::F64(0.0),
    }
}

fn blank_key(key: MapKey) -> MapKey {
    match key {
        MapKey::String(_) => MapKey::String(REDACTED.to_owned()),
        other @ (MapKey::Bool(_) | MapKey::I32(_) | MapKey::I64(_) | MapKey::U32(_) | MapKey::U64(_)) => other,
    }
}

/// Returns an empty message of the same type. Its first text field, if it has one, is `[redacted]`,
/// which shows that the original message was set.
fn blank_message(message: DynamicMessage) -> DynamicMessage {
    let descriptor = message.descriptor();
    let mut blank = DynamicMessage::new(descriptor.clone());
    let text =
        descriptor.fields().find(|field| matches!(field.kind(), Kind::String) && !field.is_list() && !field.is_map());
    if let Some(field) = text {
        blank.set_field(&field, Value::String(REDACTED.to_owned()));
    }
    blank
}

#[cfg(test)]
mod tests {
    use cpor_proto::{
        claims::v1::{Claim, CreateClaimRequest},
        r#type::v1::Contact,
    };

    use super::*;

    #[test]
    fn hides_personal_data_at_any_depth() {
        let contact =
            Contact { name: "Ada Lovelace".to_owned(), email: "ada@example.com".to_owned(), ..Contact::default() };
        let claim =
            Claim { customer_domain: "example.com".to_owned(), customer_contact: Some(contact), ..Claim::default() };
        let request =
            CreateClaimRequest { parent: "partners/contoso".to_owned(), claim: Some(claim), ..Default::default() };
        let text = display_redacted(&request).to_string();
        assert!(text.contains("partners/contoso") && text.contains("example.com") && text.contains(REDACTED), "{text}");
        assert!(!text.contains("Ada") && !text.contains("ada@"), "{text}");
    }

    #[test]
    fn blanks_lists_and_maps_completely() {
        let list = blank_value(Value::List(vec![Value::String("a".to_owned()), Value::I32(7)]));
        assert_eq!(list, Value::List(vec![Value::String(REDACTED.to_owned()), Value::I32(0)]));
        let map = blank_value(Value::Map([(MapKey::String("Ada".to_owned()), Value::Bool(true))].into()));
        assert_eq!(map, Value::Map([(MapKey::String(REDACTED.to_owned()), Value::Bool(false))].into()));
    }
}
