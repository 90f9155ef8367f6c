//! The facts that the conditions of a program guide can use, with their types. `fact_values` in
//! `domain::evaluate` supplies the values.

/// The type of a value in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    Bool,
    Int,
    Double,
    Text,
    Timestamp,
    Duration,
    Null,
    List(Box<ValueType>),
    /// A value with named fields.
    Record(&'static [(&'static str, FactType)]),
    /// Compatible with every type: the type of a part that has an error, and of the elements of an
    /// empty list.
    Any,
}

/// The type of a fact, in a form that a constant can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FactType {
    Int,
    Text,
    TextList,
    Timestamp,
    Record(&'static [(&'static str, FactType)]),
    /// The fact has this type or is null.
    Nullable(&'static FactType),
}

/// The type of each fact, by the fact's name.
pub(super) const FACTS: &[(&str, FactType)] = &[
    ("program", FactType::Text),
    ("now", FactType::Timestamp),
    ("claim", FactType::Record(&[("submit_time", FactType::Timestamp)])),
    ("association", FactType::Record(&[("official_time", FactType::Timestamp)])),
    ("partner", FactType::Record(&[("enrolled", FactType::TextList), ("region", FactType::Text)])),
    ("tenant", FactType::Record(&[("region", FactType::Text)])),
    ("subscription", FactType::Nullable(&SUBSCRIPTION)),
    ("usage", FactType::Record(&[("baseline", NULLABLE_INT), ("latest", NULLABLE_INT)])),
];

/// The type of a usage figure, which is null if no usage is stored.
const NULLABLE_INT: FactType = FactType::Nullable(&FactType::Int);

const SUBSCRIPTION: FactType = FactType::Record(&[
    ("status", FactType::Text),
    ("channel", FactType::Text),
    ("purchase_time", FactType::Timestamp),
    ("end_time", FactType::Nullable(&FactType::Timestamp)),
]);

impl FactType {
    /// Returns the type of the fact's value, and whether the value may be null.
    pub(super) fn value_type(self) -> (ValueType, bool) {
        match self {
            Self::Int => (ValueType::Int, false),
            Self::Text => (ValueType::Text, false),
            Self::TextList => (ValueType::List(Box::new(ValueType::Text)), false),
            Self::Timestamp => (ValueType::Timestamp, false),
            Self::Record(fields) => (ValueType::Record(fields), false),
            Self::Nullable(fact) => (fact.value_type().0, true),
        }
    }
}

pub(super) fn find_fact(facts: &[(&str, FactType)], name: &str) -> Option<FactType> {
    facts.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
}

/// Returns whether a dotted path leads to a single fact. A record is not a single fact, but its
/// fields are.
pub(super) fn is_known_path(path: &str) -> bool {
    let (root, field) = path.split_once('.').map_or((path, None), |(root, field)| (root, Some(field)));
    match (find_fact(FACTS, root).map(|fact| fact.value_type().0), field) {
        (Some(ValueType::Record(fields)), Some(field)) => find_fact(fields, field).is_some(),
        (Some(ValueType::Record(_)), None) | (None, _) => false,
        (Some(_), field) => field.is_none(),
    }
}

impl std::fmt::Display for ValueType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::Null => f.write_str("null"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Record(_) => f.write_str("record"),
            Self::Any => f.write_str("any"),
        }
    }
}
