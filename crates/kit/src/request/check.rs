//! The constraints on single values.
use std::sync::LazyLock;

use prost_reflect::{EnumDescriptor, Kind, Value};
use regex::Regex;

/// The pattern of HTML5, which is also protovalidate's.
#[expect(clippy::expect_used, reason = "a constant pattern; the tests below use it")]
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    Regex::new(&format!(r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{label}(?:\.{label})*$")).expect("the pattern is one")
});

/// 0001-01-01 and the last second of 9999, the range of `google.protobuf.Timestamp`.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// One constraint on one value.
#[derive(Debug)]
pub(super) enum Check {
    /// Characters, not bytes.
    MinLen(u64),
    MaxLen(u64),
    Pattern(Regex),
    Email,
    Uuid,
    MinBytes(u64),
    MaxBytes(u64),
    DefinedOnly(EnumDescriptor),
    /// A bound on a number of the named type.
    Bound {
        of: String,
        bound: Bound,
        limit: Number,
    },
    In {
        of: String,
        values: Vec<Scalar>,
    },
    NotIn {
        of: String,
        values: Vec<Scalar>,
    },
    Const {
        of: String,
        value: Scalar,
    },
    /// The range of the type itself, which no annotation is needed for.
    Timestamp,
    /// Text that both databases can keep, which no annotation is needed for: PostgreSQL has no place for U+0000.
    Storable,
}

/// Which side a limit is on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A number of any of protobuf's types.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

/// A value that another can be equal to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Bytes(Vec<u8>),
    Number(Number),
    Bool(bool),
}

/// What is wrong with a value: a stable word, and a text for people.
pub(super) type Wrong = (String, String);

impl Check {
    /// Compiles the rule `name` of the rules for type `of`. `None` when it is not implemented; nothing inside when
    /// it asks for nothing (`defined_only: false`).
    pub(super) fn compile(of: &str, name: &str, kind: &Kind, value: &Value) -> Option<Option<Self>> {
        let owned = || of.to_owned();
        let check = match (of, name, value) {
            (_, _, Value::Bool(false)) if name != "const" => return Some(None),
            ("string", "min_len", Value::U64(least)) => Self::MinLen(*least),
            ("string", "max_len", Value::U64(most)) => Self::MaxLen(*most),
            ("string", "pattern", Value::String(pattern)) => Self::Pattern(Regex::new(pattern).ok()?),
            ("string", "email", Value::Bool(true)) => Self::Email,
            ("string", "uuid", Value::Bool(true)) => Self::Uuid,
            ("bytes", "min_len", Value::U64(least)) => Self::MinBytes(*least),
            ("bytes", "max_len", Value::U64(most)) => Self::MaxBytes(*most),
            ("enum", "defined_only", Value::Bool(true)) => Self::DefinedOnly(kind.as_enum()?.clone()),
            (_, "const", value) => Self::Const { of: owned(), value: Scalar::of(value)? },
            (_, "in", Value::List(values)) => Self::In { of: owned(), values: scalars(values)? },
            (_, "not_in", Value::List(values)) => Self::NotIn { of: owned(), values: scalars(values)? },
            (_, bound, value) => Self::Bound { of: owned(), bound: Bound::named(bound)?, limit: Number::of(value)? },
        };
        Some(Some(check))
    }

    /// What is wrong with the value, if anything is.
    pub(super) fn wrong(&self, value: &Value) -> Option<Wrong> {
        if self.holds(value) { None } else { Some(self.describe()) }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::MinLen(least) => text(value).chars().count() as u64 >= *least,
            Self::MaxLen(most) => text(value).len() as u64 <= *most || text(value).chars().count() as u64 <= *most,
            Self::Pattern(pattern) => pattern.is_match(text(value)),
            Self::Email => EMAIL.is_match(text(value)),
            Self::Uuid => text(value).len() == 36 && uuid::Uuid::try_parse(text(value)).is_ok(),
            Self::MinBytes(least) => bytes(value).len() as u64 >= *least,
            Self::MaxBytes(most) => bytes(value).len() as u64 <= *most,
            Self::DefinedOnly(known) => value.as_enum_number().is_some_and(|number| known.get_value(number).is_some()),
            Self::Bound { bound, limit, .. } => Number::of(value).is_some_and(|number| bound.admits(number, *limit)),
            Self::In { values, .. } => Scalar::of(value).is_some_and(|value| values.contains(&value)),
            Self::NotIn { values, .. } => Scalar::of(value).is_none_or(|value| !values.contains(&value)),
            Self::Const { value: only, .. } => Scalar::of(value).is_some_and(|value| value == *only),
            Self::Timestamp => timestamp_in_range(value),
            Self::Storable => !text(value).contains('\0'),
        }
    }

    fn describe(&self) -> Wrong {
        let (word, text) = match self {
            Self::MinLen(1) => ("STRING_MIN_LEN".to_owned(), "must not be empty".to_owned()),
            Self::MinLen(least) => ("STRING_MIN_LEN".to_owned(), format!("must have at least {least} characters")),
            Self::MaxLen(most) => ("STRING_MAX_LEN".to_owned(), format!("must have at most {most} characters")),
            Self::Pattern(pattern) => ("STRING_PATTERN".to_owned(), format!("must match {pattern}")),
            Self::Email => ("STRING_EMAIL".to_owned(), "must be an e-mail address".to_owned()),
            Self::Uuid => ("STRING_UUID".to_owned(), "must be a UUID".to_owned()),
            Self::MinBytes(least) => ("BYTES_MIN_LEN".to_owned(), format!("must have at least {least} bytes")),
            Self::MaxBytes(most) => ("BYTES_MAX_LEN".to_owned(), format!("must have at most {most} bytes")),
            Self::DefinedOnly(_) => ("ENUM_DEFINED_ONLY".to_owned(), "must be one of the defined values".to_owned()),
            Self::Bound { of, bound, limit } => (word(of, bound.name()), format!("must be {} {limit}", bound.words())),
            Self::In { of, values } => (word(of, "IN"), format!("must be one of {}", list(values))),
            Self::NotIn { of, values } if of == "enum" && values == &[Scalar::Number(Number::Int(0))] => {
                (word(of, "NOT_IN"), "must be given".to_owned())
            }
            Self::NotIn { of, values } => (word(of, "NOT_IN"), format!("must not be one of {}", list(values))),
            Self::Const { of, value } => (word(of, "CONST"), format!("must be {value}")),
            Self::Timestamp => ("TIMESTAMP_VALID".to_owned(), "must be a time between the years 1 and 9999".to_owned()),
            Self::Storable => ("STRING_NUL".to_owned(), "must not contain the character U+0000".to_owned()),
        };
        (word, text)
    }
}

impl Bound {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gt => "GT",
            Self::Gte => "GTE",
            Self::Lt => "LT",
            Self::Lte => "LTE",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Gt => "greater than",
            Self::Gte => "at least",
            Self::Lt => "less than",
            Self::Lte => "at most",
        }
    }

    /// Not a number is within no bound.
    fn admits(self, number: Number, limit: Number) -> bool {
        match self {
            Self::Gt => number > limit,
            Self::Gte => number >= limit,
            Self::Lt => number < limit,
            Self::Lte => number <= limit,
        }
    }
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::I32(number) | Value::EnumNumber(number) => Self::Int(i128::from(*number)),
            Value::I64(number) => Self::Int(i128::from(*number)),
            Value::U32(number) => Self::Int(i128::from(*number)),
            Value::U64(number) => Self::Int(i128::from(*number)),
            Value::F32(number) => Self::Float(f64::from(*number)),
            Value::F64(number) => Self::Float(*number),
            Value::Bool(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::Message(_)
            | Value::List(_)
            | Value::Map(_) => return None,
        })
    }
}

impl Scalar {
    fn of(value: &Value) -> Option<Self> {
        let text = value.as_str().map(|text| Self::Text(text.to_owned()));
        let bytes = || value.as_bytes().map(|bytes| Self::Bytes(bytes.to_vec()));
        let flag = || value.as_bool().map(Self::Bool);
        text.or_else(bytes).or_else(flag).or_else(|| Number::of(value).map(Self::Number))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bytes(bytes) => write!(f, "{} given bytes", bytes.len()),
            Self::Number(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

fn scalars(values: &[Value]) -> Option<Vec<Scalar>> {
    values.iter().map(Scalar::of).collect()
}

fn word(of: &str, rule: &str) -> String {
    format!("{}_{rule}", of.to_ascii_uppercase())
}

fn list(values: &[Scalar]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn bytes(value: &Value) -> &[u8] {
    value.as_bytes().map(AsRef::as_ref).unwrap_or_default()
}

fn timestamp_in_range(value: &Value) -> bool {
    let Some(message) = value.as_message() else { return false };
    let number = |name: &str| message.get_field_by_name(name).and_then(|field| Number::of(&field));
    let (Some(Number::Int(seconds)), Some(Number::Int(nanos))) = (number("seconds"), number("nanos")) else {
        return false;
    };
    i64::try_from(seconds).is_ok_and(|seconds| TIMESTAMP_SECONDS.contains(&seconds))
        && (0..1_000_000_000).contains(&nanos)
}
