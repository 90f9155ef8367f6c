//! The facts that conditions may speak of, with their types. `evaluate::facts` gives them their values.

/// The type of a value in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Double,
    Text,
    Time,
    Span,
    Null,
    List(Box<Kind>),
    Record(&'static [(&'static str, Fact)]),
    /// Of a part that is at fault already, and of the elements of an empty list: fits everywhere.
    Any,
}

/// The type of a fact, as a constant can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Int,
    Text,
    Texts,
    Time,
    Record(&'static [(&'static str, Fact)]),
    /// The same, or null.
    OrNull(&'static Fact),
}

/// Every fact by name.
pub(super) const FACTS: &[(&str, Fact)] = &[
    ("program", Fact::Text),
    ("now", Fact::Time),
    ("claim", Fact::Record(&[("submit_time", Fact::Time)])),
    ("association", Fact::Record(&[("official_time", Fact::Time)])),
    ("partner", Fact::Record(&[("enrolled", Fact::Texts), ("region", Fact::Text)])),
    ("tenant", Fact::Record(&[("region", Fact::Text)])),
    ("subscription", Fact::OrNull(&SUBSCRIPTION)),
    ("usage", Fact::Record(&[("baseline", Fact::OrNull(&Fact::Int)), ("latest", Fact::OrNull(&Fact::Int))])),
];

const SUBSCRIPTION: Fact = Fact::Record(&[
    ("status", Fact::Text),
    ("channel", Fact::Text),
    ("purchase_time", Fact::Time),
    ("end_time", Fact::OrNull(&Fact::Time)),
]);

impl Fact {
    /// Its type, and whether it may be null.
    pub(super) fn kind(self) -> (Kind, bool) {
        match self {
            Self::Int => (Kind::Int, false),
            Self::Text => (Kind::Text, false),
            Self::Texts => (Kind::List(Box::new(Kind::Text)), false),
            Self::Time => (Kind::Time, false),
            Self::Record(fields) => (Kind::Record(fields), false),
            Self::OrNull(fact) => (fact.kind().0, true),
        }
    }
}

/// The fact of this name among these.
pub(super) fn named(facts: &[(&str, Fact)], name: &str) -> Option<Fact> {
    facts.iter().find(|(known, _)| *known == name).map(|(_, fact)| *fact)
}

/// Whether there is a fact at a dotted path that can be shown: of a record, its fields can.
pub(super) fn is_stated(path: &str) -> bool {
    let (root, field) = path.split_once('.').map_or((path, None), |(root, field)| (root, Some(field)));
    match (named(FACTS, root).map(|fact| fact.kind().0), field) {
        (Some(Kind::Record(fields)), Some(field)) => named(fields, field).is_some(),
        (Some(Kind::Record(_)), None) | (None, _) => false,
        (Some(_), field) => field.is_none(),
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::Text => f.write_str("string"),
            Self::Time => f.write_str("timestamp"),
            Self::Span => f.write_str("duration"),
            Self::Null => f.write_str("null"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Record(_) => f.write_str("record"),
            Self::Any => f.write_str("any"),
        }
    }
}
