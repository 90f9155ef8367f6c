//! The fields that a list can be filtered by, and the comparisons that fit their types.
use std::{fmt::Display, str::FromStr};

use cpor_types::{Timestamp, truncate_to_micros};

use super::{Comparison, FilterError, Operator};

/// A field that a list can be filtered by.
#[derive(Clone, Copy, Debug)]
pub struct Field<C> {
    /// The name of the field in filters.
    pub name: &'static str,
    /// Determines the operators and values that the field can be compared with.
    pub field_type: FieldType,
    /// The place where the list finds the field, for example a column of a table.
    pub column: C,
}

/// The type of a field. It determines the operators and values that the field can be compared with.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// One value of an enum, compared by `=` and `!=`. Contains the prefix that the values have in
    /// the API and that a filter may omit, and the values without the prefix.
    Enum(&'static str, &'static [&'static str]),
    /// Several values of an enum, compared by `:` with one of them. Contains the same as
    /// [`FieldType::Enum`].
    EnumList(&'static str, &'static [&'static str]),
    /// A text, compared without regard to case: by `=` and `!=`, and by `:` with a part of it.
    Text,
    /// Several texts, compared by `:` with one of them.
    TextList,
    /// An id or a resource name, compared by `=` and `!=` with regard to case. An empty text in a
    /// filter matches an absent id.
    Id(Format),
    /// A text whose alphabetical order is meaningful, such as a month in the format YYYY-MM. It is
    /// compared by every operator except `:`.
    Ordered(Format),
    /// `true` or `false`, compared by `=` and `!=`.
    Bool,
    /// An integer, compared by every operator except `:`.
    Number,
    /// A time in RFC 3339 format, compared by every operator except `:`.
    Time,
}

/// The format of the texts in filters that a field can be compared with.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Describes the format, for example "a month in the format YYYY-MM".
    pub description: &'static str,
    /// Returns the canonical form of a text, which is what the list stores. Returns `None` if the
    /// text does not have the format.
    pub canonical: fn(&str) -> Option<String>,
}

impl Format {
    /// The format of texts that need no check.
    pub const ANY: Self = Self { description: "any text", canonical: |text| Some(text.to_owned()) };

    /// The format of texts that can be parsed as `T`. The canonical form is the `Display` output of
    /// `T`.
    #[must_use]
    pub const fn of<T: FromStr + Display>(description: &'static str) -> Self {
        Self { description, canonical: |text| text.parse::<T>().ok().map(|value| value.to_string()) }
    }

    fn parse(self, text: &str) -> Result<Value, String> {
        let canonical = (self.canonical)(text).ok_or_else(|| format!("`{text}`: must be {}", self.description))?;
        Ok(Value::Text(canonical))
    }
}

/// A value to compare a field with.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Value {
    /// An enum value without its prefix, a text in lower case, or an id in its canonical form.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Number(i64),
    /// A time with a precision of microseconds.
    Time(Timestamp),
}

/// The part of a comparison that does not fit the declared fields, with an error message.
pub(super) enum ComparisonError {
    /// The field name is unknown, or the operator is not allowed for the field.
    FieldOrOperator(String),
    /// The value does not have the format of the field.
    Value(String),
}

impl ComparisonError {
    /// Adds the position of the part that does not fit.
    pub(super) fn at(self, comparison_position: usize, value_position: usize) -> FilterError {
        match self {
            Self::FieldOrOperator(message) => FilterError { position: comparison_position, message },
            Self::Value(message) => FilterError { position: value_position, message },
        }
    }
}

impl FieldType {
    /// Returns the operator that `op` stands for. `:` means [`Operator::Contains`] for a text and
    /// [`Operator::Has`] for a list.
    const fn resolve_operator(self, op: Operator) -> Operator {
        match (self, op) {
            (Self::Text, Operator::Has) => Operator::Contains,
            (
                Self::Text
                | Self::TextList
                | Self::Enum(..)
                | Self::EnumList(..)
                | Self::Id(_)
                | Self::Ordered(_)
                | Self::Bool
                | Self::Number
                | Self::Time,
                op,
            ) => op,
        }
    }

    const fn allowed_ops(self) -> &'static [Operator] {
        match self {
            Self::Enum(..) | Self::Id(_) | Self::Bool => &[Operator::Equal, Operator::NotEqual],
            Self::EnumList(..) | Self::TextList => &[Operator::Has],
            Self::Text => &[Operator::Equal, Operator::NotEqual, Operator::Contains],
            Self::Ordered(_) | Self::Number | Self::Time => &[
                Operator::Equal,
                Operator::NotEqual,
                Operator::Less,
                Operator::LessOrEqual,
                Operator::Greater,
                Operator::GreaterOrEqual,
            ],
        }
    }

    fn parse_value(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Enum(prefix, values) | Self::EnumList(prefix, values) => {
                let name = text.strip_prefix(prefix).unwrap_or(text);
                let value = values.iter().find(|value| **value == name);
                let value = value.ok_or_else(|| format!("`{text}`: must be one of {}", values.join(", ")))?;
                Ok(Value::Text((*value).to_owned()))
            }
            Self::Text | Self::TextList => Ok(Value::Text(text.to_lowercase())),
            Self::Id(_) if text.is_empty() => Ok(Value::Text(String::new())),
            Self::Id(format) | Self::Ordered(format) => format.parse(text),
            Self::Bool => text.parse().map(Value::Bool).map_err(|_| format!("`{text}`: must be one of true, false")),
            Self::Number => text.parse().map(Value::Number).map_err(|_| format!("`{text}`: must be an integer")),
            Self::Time => {
                let time = text.parse::<Timestamp>().map_err(|_| {
                    format!("`{text}`: must be a time in RFC 3339 format, for example 2026-03-16T09:00:00Z")
                })?;
                Ok(Value::Time(truncate_to_micros(time)))
            }
        }
    }
}

/// Converts a comparison in a filter to a comparison with the value of a declared field. Returns an
/// error if the field, operator or value is not allowed.
pub(super) fn resolve_comparison<C: Copy>(
    fields: &[Field<C>],
    name: &str,
    op: Operator,
    value: &str,
) -> Result<Comparison<C>, ComparisonError> {
    let unknown_field =
        || ComparisonError::FieldOrOperator(format!("unknown field `{name}`; allowed fields: {}", field_names(fields)));
    let field = fields.iter().find(|field| field.name == name).ok_or_else(unknown_field)?;
    let (op, allowed_ops) = (field.field_type.resolve_operator(op), field.field_type.allowed_ops());
    if !allowed_ops.contains(&op) {
        let allowed = allowed_ops.iter().map(|op| op.as_str()).collect::<Vec<_>>().join(" ");
        let message =
            format!("the operator {} is not supported for `{name}`; allowed operators: {allowed}", op.as_str());
        return Err(ComparisonError::FieldOrOperator(message));
    }
    let value = field.field_type.parse_value(value).map_err(ComparisonError::Value)?;
    Ok(Comparison { column: field.column, op, value })
}

/// Returns the names of the fields, separated by commas.
pub(super) fn field_names<C>(fields: &[Field<C>]) -> String {
    fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}
