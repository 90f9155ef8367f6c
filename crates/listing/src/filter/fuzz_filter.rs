//! Fuzz target: filters. A filter is parsed, or refused with positions inside of the text.
use super::{Field, FieldType, Format, parse};

const FIELDS: &[Field<char>] = &[
    Field { name: "state", field_type: FieldType::Enum("STATE_", &["OPEN", "CLOSED"]), column: 's' },
    Field { name: "name", field_type: FieldType::Text, column: 'n' },
    Field { name: "tags", field_type: FieldType::TextList, column: 't' },
    Field { name: "start_time", field_type: FieldType::Time, column: 'b' },
    Field { name: "owner", field_type: FieldType::Id(Format::ANY), column: 'o' },
    Field { name: "late", field_type: FieldType::Bool, column: 'l' },
    Field { name: "count", field_type: FieldType::Number, column: 'c' },
];

#[test]
fn fuzz_filter() {
    let seeds = [
        "state = STATE_OPEN AND (name = \"Two Words\" OR NOT late = true)",
        "start_time >= 2026-03-06T08:00:00Z AND count < -12 AND -name:'it\\'s'",
        "tags:power-bi owner != contoso",
        "((((((((state=OPEN))))))))",
    ];
    cpor_fuzz::fuzz(&seeds.map(str::as_bytes), |input| {
        let filter = String::from_utf8_lossy(input);
        if let Err(errors) = parse(&filter, FIELDS) {
            let end = filter.chars().count() + 1;
            assert!(!errors.is_empty() && errors.iter().all(|error| (1..=end).contains(&error.position)), "{errors:?}");
        }
    });
}
