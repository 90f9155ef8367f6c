//! Filters of lists: a subset of AIP-160, complete in what it has, and the same on every list.
//!
//! ```text
//! filter     = factor { "AND" factor }          OR binds tighter than AND, as AIP-160 has it
//! factor     = term { "OR" term }
//! term       = "NOT" term | "(" filter ")" | comparison
//! comparison = field operator value             = != < <= > >= :
//! value      = a word, or text in ' or " with \ before what would end it
//! ```
//!
//! A list says which [`Field`]s it has. What a filter asks comes out as an [`Expr`] of [`Test`]s that fit those fields, or as every fault that it
//! has. Nothing here knows a database.
mod field;
mod grammar;
mod scan;

use crate::status::FieldViolation;
pub use field::{Field, Kind, Value};

/// Characters of a filter, at most.
pub const MAX_LENGTH: usize = 2_000;

/// How deep parentheses and NOTs may nest.
const MAX_DEPTH: usize = 20;

/// What a filter asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr<T> {
    /// All of them.
    And(Vec<Expr<T>>),
    /// Any of them.
    Or(Vec<Expr<T>>),
    /// Not it.
    Not(Box<Expr<T>>),
    /// One comparison.
    Is(T),
}

/// A comparison of a field, which the list knows as `column`, with a value of the field's kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Test<C> {
    /// What the list calls the field.
    pub column: C,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Value,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The list has the value; written `:`.
    Has,
    /// The text contains the value; written `:` too.
    Contains,
}

impl Op {
    /// As they are written: those of two characters first, so that `<=` is not read as `<`.
    const WRITTEN: [Self; 7] =
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

/// Something that is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, in characters from 1.
    pub position: usize,
    /// What, and what is allowed there.
    pub message: String,
}

impl Fault {
    /// As one violation of the request's `filter`.
    #[must_use]
    pub fn violation(self) -> FieldViolation {
        let Self { position, message } = self;
        let reason = cpor_proto::options::v1::FieldViolationReason::InvalidFilter.as_str_name().to_owned();
        FieldViolation { field: "filter".to_owned(), reason, description: format!("at {position}: {message}") }
    }
}

/// Reads a filter over `fields`; `None` for one that is empty, which asks for everything. Never panics, and works in bounded space.
///
/// # Errors
/// Every field, operator and value that does not fit, and the place where the grammar breaks, if it does; in their order.
pub fn parse<C: Copy>(filter: &str, fields: &[Field<C>]) -> Result<Option<Expr<Test<C>>>, Vec<Fault>> {
    if filter.chars().count() > MAX_LENGTH {
        return Err(vec![Fault { position: MAX_LENGTH + 1, message: format!("longer than {MAX_LENGTH} characters") }]);
    }
    grammar::parse(filter, fields)
}

#[cfg(test)]
mod tests;
