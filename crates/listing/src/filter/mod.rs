//! The `filter` parameter of list requests: a subset of AIP-160, the same for all lists.
//!
//! ```text
//! filter     = factor { "AND" factor }          OR binds more tightly than AND (AIP-160)
//! factor     = term { "OR" term }
//! term       = "NOT" term | "(" filter ")" | comparison
//! comparison = field operator value             = != < <= > >= :
//! value      = a word, or text in ' or " quotes, with \ as the escape character
//! ```
//!
//! A list declares its [`Field`]s. [`parse`] returns an [`Expr`] of [`Comparison`]s that fit these
//! fields, or all errors in the filter. The module does not depend on a database.
mod field;
mod parser;
mod scanner;

use cpor_call::status::FieldViolation;
pub use field::{Field, FieldType, Format, Value};

/// The maximum length of a filter in characters.
pub const MAX_LENGTH: usize = 2_000;

/// The maximum nesting depth of parentheses and NOTs.
const MAX_DEPTH: usize = 20;

/// A filter as a tree of logical operators. `T` is the type of the comparisons at its leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<T> {
    /// True if all operands are true.
    And(Vec<Expr<T>>),
    /// True if at least one operand is true.
    Or(Vec<Expr<T>>),
    /// True if the operand is false.
    Not(Box<Expr<T>>),
    /// A single comparison.
    Compare(T),
}

/// The comparison of a field with a value of the field's type.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison<C> {
    /// The place where the list finds the field: [`Field::column`].
    pub column: C,
    /// The operator, with the meaning that it has for the type of the field.
    pub op: Operator,
    /// The value to compare with.
    pub value: Value,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the usual ones")]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The list field contains the value as an item. Written `:`.
    Has,
    /// The text field contains the value as a part. Written `:`.
    Contains,
}

impl Operator {
    /// The operators in the order in which the scanner tries them. Operators of two characters come
    /// first, so that `<=` is not parsed as `<`. `:` is parsed as `Has`; for a text field, it then
    /// becomes `Contains`.
    const PARSED: [Self; 7] =
        [Self::LessOrEqual, Self::GreaterOrEqual, Self::NotEqual, Self::Equal, Self::Less, Self::Greater, Self::Has];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Has | Self::Contains => ":",
        }
    }
}

/// An error in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The position of the error in characters; the first character has the position 1.
    pub position: usize,
    /// A description of what is wrong and what is allowed instead.
    pub message: String,
}

impl FilterError {
    /// Converts the error to a violation of the request field `filter`.
    #[must_use]
    pub fn into_violation(self) -> FieldViolation {
        let Self { position, message } = self;
        let reason = cpor_proto::options::v1::FieldViolationReason::InvalidFilter.as_str_name().to_owned();
        let description = format!("character {position}: {message}");
        FieldViolation { field: "filter".to_owned(), reason, description }
    }
}

/// Parses a filter over the given fields. Returns `None` if the filter is empty.
///
/// # Errors
/// Returns all comparisons that do not fit the fields, in the order of their positions, and the
/// first syntax error, if there is one.
pub fn parse<C: Copy>(filter: &str, fields: &[Field<C>]) -> Result<Option<Expr<Comparison<C>>>, Vec<FilterError>> {
    if filter.chars().count() > MAX_LENGTH {
        let message = format!("must have at most {MAX_LENGTH} characters");
        return Err(vec![FilterError { position: MAX_LENGTH + 1, message }]);
    }
    parser::parse(filter, fields)
}

#[cfg(test)]
mod fuzz_filter;
#[cfg(test)]
mod tests;
