//! The constraints on single values, and the reasons and descriptions of their violations.
use cpor_types::{EmailAddress, InvalidEmailAddress, is_blank, trim_blanks};
use prost_reflect::{EnumDescriptor, Kind, Value};
use regex::Regex;

/// The range of `google.protobuf.Timestamp` in seconds since 1970: the years 1 to 9999.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// One constraint on one value. `type_name` is the name of the protobuf type in the annotation, for
/// example `int32`; it becomes part of the violation's reason.
#[derive(Debug)]
pub(super) enum Constraint {
    /// The minimum length in characters. A text that has only blanks is too short, unless the
    /// minimum is 0.
    MinLen(u64),
    /// The maximum length in characters.
    MaxLen(u64),
    Pattern(Regex),
    /// The text must be an e-mail address that can be sent to. Blanks around it do not count. A
    /// text that is empty or has only blanks counts as not set and satisfies the constraint.
    Email,
    Uuid,
    MinBytes(u64),
    MaxBytes(u64),
    /// The number must be a defined value of the enum.
    DefinedOnly(EnumDescriptor),
    /// A lower or upper limit of a number.
    Bound {
        type_name: String,
        bound: Bound,
        limit: Number,
    },
    /// The value must be one of these.
    In {
        type_name: String,
        values: Vec<Scalar>,
    },
    /// The value must be none of these.
    NotIn {
        type_name: String,
        values: Vec<Scalar>,
    },
    /// The value must be this one.
    Const {
        type_name: String,
        value: Scalar,
    },
    /// The timestamp must be within the range of its type. It applies without an annotation.
    Timestamp,
    /// The text must not contain U+0000, which PostgreSQL cannot store. It applies without an
    /// annotation.
    NoNul,
}

/// The comparison of a number with a limit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Gt,
    Gte,
    Lt,
    Lte,
}

/// A number of any numeric protobuf type.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

/// A scalar protobuf value that can be compared for equality.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Text(String),
    Bytes(Vec<u8>),
    Number(Number),
    Bool(bool),
}

/// The violation of a constraint, without the path of the field.
pub(super) struct BrokenConstraint {
    /// The stable code of the constraint, for example `STRING_MAX_LEN`.
    pub(super) reason: String,
    /// The constraint as a text for clients.
    pub(super) description: String,
}

impl Constraint {
    /// Compiles the rule `name` with the given value, from the rules for the type `type_name`.
    /// Returns `None` if the rule is not implemented or its value cannot be used, for example an
    /// invalid regular expression, and `Some(None)` if the rule is switched off, for example
    /// `defined_only: false`.
    pub(super) fn compile(type_name: &str, name: &str, kind: &Kind, value: &Value) -> Option<Option<Self>> {
        let owned_type = || type_name.to_owned();
        let constraint = match (type_name, name, value) {
            (_, _, Value::Bool(false)) if name != "const" => return Some(None),
            ("string", "min_len", Value::U64(min)) => Self::MinLen(*min),
            ("string", "max_len", Value::U64(max)) => Self::MaxLen(*max),
            ("string", "pattern", Value::String(pattern)) => Self::Pattern(Regex::new(pattern).ok()?),
            ("string", "email", Value::Bool(true)) => Self::Email,
            ("string", "uuid", Value::Bool(true)) => Self::Uuid,
            ("bytes", "min_len", Value::U64(min)) => Self::MinBytes(*min),
            ("bytes", "max_len", Value::U64(max)) => Self::MaxBytes(*max),
            ("enum", "defined_only", Value::Bool(true)) => Self::DefinedOnly(kind.as_enum()?.clone()),
            (_, "const", value) => Self::Const { type_name: owned_type(), value: Scalar::from_value(value)? },
            (_, "in", Value::List(values)) => Self::In { type_name: owned_type(), values: scalars(values)? },
            (_, "not_in", Value::List(values)) => Self::NotIn { type_name: owned_type(), values: scalars(values)? },
            (_, bound, value) => Self::Bound {
                type_name: owned_type(),
                bound: Bound::from_rule_name(bound)?,
                limit: Number::from_value(value)?,
            },
        };
        Some(Some(constraint))
    }

    /// Returns the violation if the value does not satisfy the constraint.
    pub(super) fn check(&self, value: &Value) -> Option<BrokenConstraint> {
        if self.is_satisfied_by(value) {
            return None;
        }
        let broken = self.describe();
        let detail = if matches!(self, Self::Email) { email_error(value) } else { None };
        Some(match detail {
            Some(detail) => BrokenConstraint { description: format!("{}: {detail}", broken.description), ..broken },
            None => broken,
        })
    }

    fn is_satisfied_by(&self, value: &Value) -> bool {
        match self {
            Self::MinLen(0) => true,
            Self::MinLen(min) => !is_blank(text(value)) && text(value).chars().count() as u64 >= *min,
            // Counting characters is needed only if the bytes exceed the limit.
            Self::MaxLen(max) => text(value).len() as u64 <= *max || text(value).chars().count() as u64 <= *max,
            Self::Pattern(pattern) => pattern.is_match(text(value)),
            Self::Email => email_error(value).is_none(),
            Self::Uuid => text(value).len() == 36 && uuid::Uuid::try_parse(text(value)).is_ok(),
            Self::MinBytes(min) => bytes(value).len() as u64 >= *min,
            Self::MaxBytes(max) => bytes(value).len() as u64 <= *max,
            Self::DefinedOnly(descriptor) => {
                value.as_enum_number().is_some_and(|number| descriptor.get_value(number).is_some())
            }
            Self::Bound { bound, limit, .. } => {
                Number::from_value(value).is_some_and(|number| bound.allows(number, *limit))
            }
            Self::In { values, .. } => Scalar::from_value(value).is_some_and(|value| values.contains(&value)),
            Self::NotIn { values, .. } => Scalar::from_value(value).is_none_or(|value| !values.contains(&value)),
            Self::Const { value: expected, .. } => Scalar::from_value(value).is_some_and(|value| value == *expected),
            Self::Timestamp => is_valid_timestamp(value),
            Self::NoNul => !text(value).contains('\0'),
        }
    }

    /// Returns the reason and the description of a violation of this constraint.
    fn describe(&self) -> BrokenConstraint {
        let (reason, description) = match self {
            Self::MinLen(1) => ("STRING_MIN_LEN".to_owned(), "must not be empty".to_owned()),
            Self::MinLen(min) => ("STRING_MIN_LEN".to_owned(), format!("must have at least {min} characters")),
            Self::MaxLen(max) => ("STRING_MAX_LEN".to_owned(), format!("must have at most {max} characters")),
            Self::Pattern(pattern) => {
                let description = describe_pattern(pattern.as_str());
                ("STRING_PATTERN".to_owned(), description.unwrap_or_else(|| "has an invalid format".to_owned()))
            }
            Self::Email => ("STRING_EMAIL".to_owned(), "must be a valid e-mail address".to_owned()),
            Self::Uuid => ("STRING_UUID".to_owned(), "must be a valid UUID".to_owned()),
            Self::MinBytes(min) => ("BYTES_MIN_LEN".to_owned(), format!("must have at least {min} bytes")),
            Self::MaxBytes(max) => ("BYTES_MAX_LEN".to_owned(), format!("must have at most {max} bytes")),
            Self::DefinedOnly(descriptor) => {
                ("ENUM_DEFINED_ONLY".to_owned(), format!("must be one of {}", value_names(descriptor)))
            }
            Self::Bound { type_name, bound, limit } => {
                (violation_reason(type_name, bound.reason()), format!("must be {} {limit}", bound.phrase()))
            }
            Self::In { type_name, values } => {
                (violation_reason(type_name, "IN"), format!("must be one of {}", join(values)))
            }
            Self::NotIn { type_name, values } if type_name == "enum" && values == &[Scalar::Number(Number::Int(0))] => {
                (violation_reason(type_name, "NOT_IN"), "must be set".to_owned())
            }
            Self::NotIn { type_name, values } => {
                (violation_reason(type_name, "NOT_IN"), format!("must not be one of {}", join(values)))
            }
            Self::Const { type_name, value } => (violation_reason(type_name, "CONST"), format!("must be {value}")),
            Self::Timestamp => ("TIMESTAMP_VALID".to_owned(), "must be a time between the years 1 and 9999".to_owned()),
            Self::NoNul => ("STRING_NUL".to_owned(), "must not contain the character U+0000".to_owned()),
        };
        BrokenConstraint { reason, description }
    }
}

impl Bound {
    fn from_rule_name(name: &str) -> Option<Self> {
        Some(match name {
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            _ => return None,
        })
    }

    /// Returns the last part of the violation's reason.
    fn reason(self) -> &'static str {
        match self {
            Self::Gt => "GT",
            Self::Gte => "GTE",
            Self::Lt => "LT",
            Self::Lte => "LTE",
        }
    }

    /// Returns the words that precede the limit in a description.
    fn phrase(self) -> &'static str {
        match self {
            Self::Gt => "greater than",
            Self::Gte => "at least",
            Self::Lt => "less than",
            Self::Lte => "at most",
        }
    }

    /// Returns true if the number is within the bound. NaN is never within a bound.
    fn allows(self, number: Number, limit: Number) -> bool {
        match self {
            Self::Gt => number > limit,
            Self::Gte => number >= limit,
            Self::Lt => number < limit,
            Self::Lte => number <= limit,
        }
    }
}

impl Number {
    fn from_value(value: &Value) -> Option<Self> {
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
    fn from_value(value: &Value) -> Option<Self> {
        let text = value.as_str().map(|text| Self::Text(text.to_owned()));
        let bytes = || value.as_bytes().map(|bytes| Self::Bytes(bytes.to_vec()));
        let flag = || value.as_bool().map(Self::Bool);
        text.or_else(bytes).or_else(flag).or_else(|| Number::from_value(value).map(Self::Number))
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
            Self::Bytes(bytes) => write!(f, "a fixed value of {} bytes", bytes.len()),
            Self::Number(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

/// The patterns of the protos that have no short form, and their descriptions, which follow the
/// word `must`.
const DESCRIBED_PATTERNS: [(&str, &str); 11] = [
    (
        r"[^\x01-\x08\x0A-\x1F\x7F-\x9F\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}]*",
        "be one line without control characters or characters that change the direction of the text",
    ),
    (
        r"[^/\\\x01-\x08\x0A-\x1F\x7F-\x9F\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}]*",
        r"be a file name in one line, without / and \, control characters, or characters that change the direction",
    ),
    ("[A-Z]{3}", "be a currency code of three capital letters, for example USD"),
    ("[0-9]{1,10}", "have 1 to 10 digits"),
    ("[0-9a-fA-F]{64}", "have 64 hexadecimal digits"),
    ("[a-z][a-z0-9-]{0,31}", "have 1 to 32 lower-case letters, digits or hyphens, and begin with a letter"),
    ("[a-z][a-z0-9_]{0,62}", "have 1 to 63 lower-case letters, digits or underscores, and begin with a letter"),
    ("[a-z0-9][a-z0-9-]{0,62}", "have 1 to 63 lower-case letters, digits or hyphens, and not begin with a hyphen"),
    (
        r"[245]\.[0-9]{1,3}\.[0-9]{1,3}",
        "be a status code of three numbers separated by dots, the first of them 2, 4 or 5, for example 5.1.1",
    ),
    (
        "tenants/[0-9a-fA-F-]{36}/(workloads|subscriptions)/[a-zA-Z0-9][a-zA-Z0-9-]{0,62}",
        "have the form tenants/{uuid}/workloads/{product} or tenants/{uuid}/subscriptions/{uuid}",
    ),
    (
        "(partners/([a-z0-9][a-z0-9-]{0,62}|-)|\
         tenants/[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})",
        "have the form partners/{id}, partners/- or tenants/{uuid}",
    ),
];

/// The expressions in the other patterns of the protos, and their short forms.
const SHORT_FORMS: [(&str, &str); 6] = [
    ("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", "{uuid}"),
    ("[0-9a-fA-F-]{36}", "{uuid}"),
    ("[a-z0-9][a-z0-9-]{0,62}", "{id}"),
    ("[0-9]{4}-(0[1-9]|1[0-2])", "YYYY-MM"),
    ("[0-9]{4}-[0-9]{2}-[0-9]{2}", "YYYY-MM-DD"),
    ("[0-9]{4}-Q[1-4]", "YYYY-Qn"),
];

/// Describes a pattern in words, or as the form of its values, for example `tenants/{uuid} or
/// tenants/-`. Returns `None` if it has parts that the tables do not contain.
fn describe_pattern(pattern: &str) -> Option<String> {
    let whole = pattern.trim_start_matches('^').trim_end_matches('$');
    let (whole, or_empty) = match whole.strip_prefix('(').and_then(|whole| whole.strip_suffix(")?")) {
        Some(optional) => (optional, ", or be empty"),
        None => (whole, ""),
    };
    if let Some((_, description)) = DESCRIBED_PATTERNS.iter().find(|(described, _)| *described == whole) {
        return Some(format!("must {description}{or_empty}"));
    }
    let form = SHORT_FORMS.iter().fold(whole.to_owned(), |form, (part, short)| form.replace(part, short));
    let form = if is_short(&form) { form } else { describe_alternatives(&form)? };
    let ids = if form.contains("{id}") { ", where {id} has lower-case letters, digits or hyphens" } else { "" };
    Some(format!("must have the form {form}{ids}{or_empty}"))
}

/// Describes a form with one pair of alternatives, for example `tenants/({uuid}|-)`.
fn describe_alternatives(form: &str) -> Option<String> {
    let (before, rest) = form.split_once('(')?;
    let (alternatives, after) = rest.split_once(')')?;
    let (first, second) = alternatives.split_once('|')?;
    [before, first, second, after]
        .into_iter()
        .all(is_short)
        .then(|| format!("{before}{first}{after} or {before}{second}{after}"))
}

/// Returns whether no part of a pattern is left in a form.
fn is_short(form: &str) -> bool {
    !form.contains(['[', ']', '(', ')', '|', '?', '*', '+', '\\', '^'])
}

/// Returns the names of the values of an enum without its zero value, which means *unspecified*.
fn value_names(descriptor: &EnumDescriptor) -> String {
    let values = descriptor.values().filter(|value| value.number() != 0);
    values.map(|value| value.name().to_owned()).collect::<Vec<_>>().join(", ")
}

fn scalars(values: &[Value]) -> Option<Vec<Scalar>> {
    values.iter().map(Scalar::from_value).collect()
}

/// Returns the reason of a violation, for example `INT32_GT` for the type `int32` and the rule
/// `GT`.
fn violation_reason(type_name: &str, rule: &str) -> String {
    format!("{}_{rule}", type_name.to_ascii_uppercase())
}

fn join(values: &[Scalar]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns why the text is not an e-mail address; `None` if it is one, or if it is blank.
fn email_error(value: &Value) -> Option<InvalidEmailAddress> {
    let entered = trim_blanks(text(value));
    if entered.is_empty() { None } else { entered.parse::<EmailAddress>().err() }
}

fn bytes(value: &Value) -> &[u8] {
    value.as_bytes().map(AsRef::as_ref).unwrap_or_default()
}

fn is_valid_timestamp(value: &Value) -> bool {
    let Some(message) = value.as_message() else { return false };
    let number = |name: &str| message.get_field_by_name(name).and_then(|field| Number::from_value(&field));
    let (Some(Number::Int(seconds)), Some(Number::Int(nanos))) = (number("seconds"), number("nanos")) else {
        return false;
    };
    i64::try_from(seconds).is_ok_and(|seconds| TIMESTAMP_SECONDS.contains(&seconds))
        && (0..1_000_000_000).contains(&nanos)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::{ReflectMessage as _, Value};

    use super::describe_pattern;

    #[test]
    fn patterns_are_described_by_the_form_of_their_values() {
        let uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
        let ids = ", where {id} has lower-case letters, digits or hyphens";
        for (pattern, form) in [
            ("^partners/[a-z0-9][a-z0-9-]{0,62}$".to_owned(), format!("the form partners/{{id}}{ids}")),
            (format!("^tenants/({uuid}|-)$"), "the form tenants/{uuid} or tenants/-".to_owned()),
            (format!("^tenants/{uuid}/notes/{uuid}$"), "the form tenants/{uuid}/notes/{uuid}".to_owned()),
            ("^(products/[a-z0-9][a-z0-9-]{0,62})?$".to_owned(), format!("the form products/{{id}}{ids}, or be empty")),
            ("^([0-9]{4}-(0[1-9]|1[0-2]))?$".to_owned(), "the form YYYY-MM, or be empty".to_owned()),
            (format!("^{uuid}/(a|b)/x$"), "the form {uuid}/a/x or {uuid}/b/x".to_owned()),
        ] {
            assert_eq!(describe_pattern(&pattern), Some(format!("must have {form}")), "{pattern}");
        }
        assert_eq!(describe_pattern("^[xyz]{2}$"), None);
    }

    /// A client never sees a regular expression.
    #[test]
    fn every_pattern_of_the_protos_is_described_in_words() {
        let pool = cpor_proto::descriptors::pool();
        let messages = pool.all_messages().filter(|message| message.full_name().starts_with("cpor."));
        let options = messages.flat_map(|message| message.fields().map(|field| field.options()).collect::<Vec<_>>());
        let mut patterns = BTreeSet::new();
        options.for_each(|options| collect_patterns(&Value::Message(options), &mut patterns));
        let undescribed: Vec<_> = patterns.iter().filter(|pattern| describe_pattern(pattern).is_none()).collect();
        assert_eq!(undescribed, Vec::<&String>::new(), "add them to DESCRIBED_PATTERNS");
        assert!(patterns.len() > 30, "{patterns:?}");
    }

    /// Collects the values of `pattern` in the rules of `buf.validate`, at any depth.
    fn collect_patterns(value: &Value, patterns: &mut BTreeSet<String>) {
        if let Some(message) = value.as_message() {
            let is_rules = message.descriptor().full_name() == "buf.validate.StringRules";
            let pattern = is_rules.then(|| message.get_field_by_name("pattern")).flatten();
            let pattern = pattern.and_then(|pattern| pattern.as_str().map(str::to_owned));
            patterns.extend(pattern.filter(|pattern| !pattern.is_empty()));
            message.fields().for_each(|(_, value)| collect_patterns(value, patterns));
            message.extensions().for_each(|(_, value)| collect_patterns(value, patterns));
        }
        value.as_list().unwrap_or_default().iter().for_each(|value| collect_patterns(value, patterns));
        value.as_map().into_iter().flat_map(|map| map.values()).for_each(|value| collect_patterns(value, patterns));
    }
}
