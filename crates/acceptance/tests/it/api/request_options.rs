//! The options that every mutating method has: `request_id` (AIP-155), `validate_only` (AIP-163)
//! and, if the request names a resource with an etag, `etag` (AIP-154).

use cpor_acceptance::{Method, methods};
use prost_reflect::{Kind, MessageDescriptor};

/// The beginnings of the names of methods that change nothing.
const READS: [&str; 10] =
    ["Get", "List", "Watch", "Export", "Download", "Check", "Explain", "Simulate", "Lookup", "Suggest"];

/// The methods without an option, and what makes the option unnecessary.
const EXCEPTIONS: [(&str, &str, &str); 8] = [
    ("DeliverEvents", "request_id", "the sequence numbers of its streams"),
    ("DeliverEvents", "validate_only", "only services call it"),
    ("PlaceHold", "request_id", "its `decision_id`"),
    ("PlaceHold", "validate_only", "only services call it"),
    ("ArbitrateHolds", "request_id", "its `decision_id`"),
    ("ArbitrateHolds", "validate_only", "only services call it"),
    ("RetryStream", "request_id", "a stream that is not parked is refused"),
    ("AdvanceClock", "request_id", "the clock stays where it is once it has reached `to_time`"),
];

/// Returns whether the message has the field, itself or in a message that it contains. The options
/// of an upload are in its metadata, those of a batch in its rows, the etag of an update in its
/// resource.
pub(super) fn has_field(message: &MessageDescriptor, name: &str) -> bool {
    let has_field = |message: &MessageDescriptor| message.get_field_by_name(name).is_some();
    let is_nested = |kind| if let Kind::Message(nested) = kind { has_field(&nested) } else { false };
    has_field(message) || message.fields().any(|field| is_nested(field.kind()))
}

/// The types of the resources that have an etag.
fn types_with_etag(methods: &[Method]) -> Vec<String> {
    let pool = methods[0].input.parent_pool();
    let resource = pool.get_extension_by_name("google.api.resource").unwrap();
    let with_etag = pool.all_messages().filter(|message| message.get_field_by_name("etag").is_some());
    let type_of = |message: MessageDescriptor| {
        let options = message.options();
        let declared = options.get_extension(&resource);
        Some(declared.as_message()?.get_field_by_name("type")?.as_str()?.to_owned()).filter(|name| !name.is_empty())
    };
    with_etag.filter_map(type_of).collect()
}

/// Returns whether the `name` or `parent` of a request refers to one of the types.
fn names_one_of(types: &[String], message: &MessageDescriptor) -> bool {
    let reference = message.parent_pool().get_extension_by_name("google.api.resource_reference").unwrap();
    ["name", "parent"].into_iter().filter_map(|name| message.get_field_by_name(name)).any(|field| {
        let options = field.options();
        let declared = options.get_extension(&reference);
        let named = declared.as_message().and_then(|reference| reference.get_field_by_name("type"));
        named.is_some_and(|named| named.as_str().is_some_and(|named| types.iter().any(|known| known == named)))
    })
}

#[test]
fn every_mutating_method_has_the_request_options() {
    let methods = methods();
    let types = types_with_etag(&methods);
    assert_eq!(types.len(), 4, "claims, review cases, consents and payouts: {types:?}");
    let mut exceptions: Vec<(&str, &str)> = EXCEPTIONS.iter().map(|(method, option, _)| (*method, *option)).collect();
    for method in methods.iter().filter(|method| !READS.iter().any(|read| method.name.starts_with(read))) {
        let etag = names_one_of(&types, &method.input).then_some("etag");
        for option in ["request_id", "validate_only"].into_iter().chain(etag) {
            let exception = exceptions.iter().position(|exception| *exception == (method.name.as_str(), option));
            assert_ne!(has_field(&method.input, option), exception.is_some(), "{} {option}", method.path);
            exception.map(|index| exceptions.swap_remove(index));
        }
    }
    assert_eq!(exceptions, [], "exceptions that are not needed");
}
