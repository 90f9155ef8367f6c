//! Messages in logs: everything but personal data.
use std::fmt;

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};

use crate::descriptors;

/// What is shown instead of personal data.
const REDACTED: &str = "[redacted]";

/// Shows a message in text format with every field that its proto marks `personal_data` as `[redacted]`. The work is
/// done when it is displayed, so a log line that is filtered out costs nothing.
pub fn shown<T: Message + Name>(message: &T) -> impl fmt::Display {
    Shown(message)
}

struct Shown<'a, T>(&'a T);

impl<T: Message + Name> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(descriptor) = descriptors::pool().get_message_by_name(&T::full_name()) else {
            return f.write_str(REDACTED);
        };
        let mut message = DynamicMessage::new(descriptor);
        match message.transcode_from(self.0) {
            Ok(()) => write!(f, "{}", redacted(message)),
            Err(_) => f.write_str(REDACTED),
        }
    }
}

fn redacted(mut message: DynamicMessage) -> DynamicMessage {
    let fields: Vec<(FieldDescriptor, Value)> = message.fields().map(|(field, value)| (field, value.clone())).collect();
    for (field, value) in fields {
        let value = if is_personal(&field) { blank(value) } else { within(value) };
        message.set_field(&field, value);
    }
    message
}

fn is_personal(field: &FieldDescriptor) -> bool {
    let Some(mark) = descriptors::extension("cpor.options.v1.personal_data") else { return true };
    let options = field.options();
    options.has_extension(&mark) && options.get_extension(&mark).as_bool() != Some(false)
}

/// The value with what is personal inside it taken out.
fn within(value: Value) -> Value {
    match value {
        Value::Message(message) => Value::Message(redacted(message)),
        Value::List(items) => Value::List(items.into_iter().map(within).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, within(value))).collect()),
        plain @ (Value::Bool(_) | Value::I32(_) | Value::I64(_) | Value::U32(_) | Value::U64(_)) => plain,
        plain @ (Value::F32(_) | Value::F64(_) | Value::String(_) | Value::Bytes(_) | Value::EnumNumber(_)) => plain,
    }
}

/// Nothing of the value: texts say so, all else is its zero.
fn blank(value: Value) -> Value {
    match value {
        Value::String(_) => Value::String(REDACTED.to_owned()),
        Value::Bytes(_) => Value::Bytes(REDACTED.as_bytes().into()),
        Value::List(items) => Value::List(items.into_iter().map(blank).collect()),
        // Keys may be as personal as values.
        Value::Map(entries) => {
            Value::Map(entries.into_iter().map(|(key, value)| (blank_key(key), blank(value))).collect())
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

/// An empty message that shows it was there: its first text says so, if it has one.
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
    fn personal_data_is_not_shown_at_any_depth() {
        let contact =
            Contact { name: "Ada Lovelace".to_owned(), email: "ada@example.com".to_owned(), ..Contact::default() };
        let claim =
            Claim { customer_domain: "example.com".to_owned(), customer_contact: Some(contact), ..Claim::default() };
        let request =
            CreateClaimRequest { parent: "partners/contoso".to_owned(), claim: Some(claim), ..Default::default() };
        let text = shown(&request).to_string();
        assert!(text.contains("partners/contoso") && text.contains("example.com") && text.contains(REDACTED), "{text}");
        assert!(!text.contains("Ada") && !text.contains("ada@"), "{text}");
    }

    #[test]
    fn lists_maps_and_messages_are_blanked_whole() {
        let list = blank(Value::List(vec![Value::String("a".to_owned()), Value::I32(7)]));
        assert_eq!(list, Value::List(vec![Value::String(REDACTED.to_owned()), Value::I32(0)]));
        let map = blank(Value::Map([(MapKey::String("Ada".to_owned()), Value::Bool(true))].into()));
        assert_eq!(map, Value::Map([(MapKey::String(REDACTED.to_owned()), Value::Bool(false))].into()));
    }
}
