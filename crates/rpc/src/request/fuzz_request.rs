//! Fuzz target: every request message of the API, with changed bytes. Decoding and validation end
//! with a value or an error, and a message has a limited number of violations.
use cpor_proto::descriptors;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};

use super::{RULES, evaluate};

/// The number of levels of nested messages that a seed fills.
const DEPTH: usize = 4;

#[test]
fn fuzz_request() {
    let services = descriptors::pool().services().filter(|service| service.full_name().starts_with("cpor."));
    let requests = services.flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>());
    let requests: Vec<MessageDescriptor> = requests.collect();
    assert!(requests.len() > 50, "{}", requests.len());
    // The first two bytes of an input are the number of the request message.
    let seeds: Vec<Vec<u8>> = (0..requests.len())
        .map(|n| [&(n as u16).to_be_bytes()[..], &filled(&requests[n], DEPTH).encode_to_vec()].concat())
        .collect();
    let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    cpor_fuzz::fuzz(&seeds, |input| {
        let Some((number, bytes)) = input.split_first_chunk::<2>() else { return };
        let descriptor = requests[usize::from(u16::from_be_bytes(*number)) % requests.len()].clone();
        let name = descriptor.full_name().to_owned();
        let Ok(message) = DynamicMessage::decode(descriptor, bytes) else { return };
        if let Some(rules) = RULES.0.get(&name) {
            let violations = evaluate::violations(&RULES.0, rules, &message);
            assert!(violations.iter().all(|violation| !violation.description.is_empty()));
        }
    });
}

/// Returns a message in which every field has a value, down to `depth` levels.
fn filled(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        let value = match field.kind() {
            Kind::Message(nested) if depth > 0 && !field.is_map() => Value::Message(filled(&nested, depth - 1)),
            Kind::Message(_) => continue,
            Kind::String => Value::String("partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".to_owned()),
            Kind::Bytes => Value::Bytes(b"%PDF-1.7".as_slice().into()),
            Kind::Bool => Value::Bool(true),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Double => Value::F64(1.5),
            Kind::Float => Value::F32(1.5),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(-1),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(i64::MAX),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::MAX),
        };
        message.set_field(&field, if field.is_list() { Value::List(vec![value.clone(), value]) } else { value });
    }
    message
}
