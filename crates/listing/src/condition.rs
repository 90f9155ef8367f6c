//! Converts filters to SQL conditions.
//!
//! No condition evaluates to NULL for any row. Therefore `NOT` selects exactly the rows that the
//! negated condition does not select.
use crate::filter::{Comparison, Expr, Operator, Value};
use cpor_bulk_rows::{LATEST_TIME, storable_time};
use cpor_types::{ClaimName, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, IntoSimpleExpr as _,
    sea_query::{ExprTrait as _, LikeExpr, SimpleExpr},
};
use uuid::Uuid;

/// How a table stores a field.
#[derive(Clone, Copy, Debug)]
pub enum Source<C> {
    /// A column whose values have the form of those in parsed filters: enum values as the API names
    /// them, without the prefix; texts in lower case; a list as `,a,b,`. NULL stands for an absent
    /// value. An empty text also stands for an absent text, and the beginning of 1970 and
    /// [`LATEST_TIME`] stand for an absent time.
    Column(C),
    /// A column that contains enum values (one, or a list as `,a,b,`) as the API names them,
    /// without the prefix, in lower case.
    LowercaseEnum(C),
    /// A column that contains an id as a UUID.
    Uuid(C),
    /// A column that contains the id of a partner. Filters contain the partner's resource name.
    PartnerName(C),
    /// Two columns that contain the ids of a partner and of its claim. Filters contain the claim's
    /// resource name.
    ClaimName(C, C),
    /// A Boolean field that is true if the column is NULL.
    IsNull(C),
    /// A field without a column of its own. The function returns the condition that selects the
    /// rows with a given value. The condition must not be NULL for any row.
    Where(fn(&str) -> Condition),
}

/// Converts a filter to an SQL condition.
pub(crate) fn filter_condition<C: ColumnTrait>(filter: &Expr<Comparison<Source<C>>>) -> Condition {
    match filter {
        Expr::And(parts) => parts.iter().map(filter_condition).fold(Condition::all(), Condition::add),
        Expr::Or(parts) => parts.iter().map(filter_condition).fold(Condition::any(), Condition::add),
        Expr::Not(negated) => filter_condition(negated).not(),
        // "Not equal" is the negation of "equal", also for absent values.
        Expr::Compare(Comparison { column, op: Operator::NotEqual, value }) => {
            comparison_condition(*column, Operator::Equal, value).not()
        }
        Expr::Compare(Comparison { column, op, value }) => comparison_condition(*column, *op, value),
    }
}

fn comparison_condition<C: ColumnTrait>(source: Source<C>, op: Operator, value: &Value) -> Condition {
    match (source, value) {
        (Source::Column(column), Value::Time(time)) => time_condition(column, op, storable_time(*time)),
        (Source::Column(column), Value::Text(text)) => text_condition(column, op, text),
        (Source::Column(column), Value::Number(number)) => {
            if_present(column, compare(column, op, SimpleExpr::val(*number)))
        }
        // The condition has no bound parameter, so that the database can use a partial index.
        (Source::Column(column), Value::Bool(true)) => Condition::all().add(column.into_simple_expr()),
        (Source::Column(column), Value::Bool(false)) => Condition::all().add(column.into_simple_expr().not()),
        (Source::LowercaseEnum(column), Value::Text(text)) => text_condition(column, op, &text.to_lowercase()),
        (Source::Uuid(column), Value::Text(text)) => uuid_condition(column, text),
        (Source::PartnerName(column), Value::Text(name)) => {
            text_condition(column, op, name.strip_prefix("partners/").unwrap_or(name))
        }
        (Source::ClaimName(partner, claim), Value::Text(name)) => claim_condition(partner, claim, name),
        (Source::IsNull(column), Value::Bool(true)) => Condition::all().add(column.is_null()),
        (Source::IsNull(column), Value::Bool(false)) => Condition::all().add(column.is_not_null()),
        (Source::Where(condition), Value::Text(text)) => condition(text),
        (
            Source::LowercaseEnum(_)
            | Source::Uuid(_)
            | Source::PartnerName(_)
            | Source::ClaimName(..)
            | Source::IsNull(_)
            | Source::Where(_),
            Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::Time(_),
        ) => never(),
    }
}

/// Returns a condition that is false for every row.
fn never() -> Condition {
    Condition::any().add(SimpleExpr::val(1).eq(0))
}

/// Requires in addition to `condition` that the column is not NULL, if the column can be NULL.
fn if_present<C: ColumnTrait>(column: C, condition: SimpleExpr) -> Condition {
    let is_nullable = column.def().is_null();
    Condition::all().add_option(is_nullable.then(|| column.is_not_null())).add(condition)
}

/// Returns the condition on a column with a text or with a list of texts in the form `,a,b,`.
fn text_condition<C: ColumnTrait>(column: C, op: Operator, text: &str) -> Condition {
    match op {
        Operator::Equal if text.is_empty() && column.def().is_null() => Condition::all().add(column.is_null()),
        Operator::Has => if_present(column, column.like(contains_pattern(&format!(",{text},")))),
        Operator::Contains => if_present(column, column.like(contains_pattern(text))),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual => if_present(column, compare(column, op, SimpleExpr::val(text))),
    }
}

/// Returns the condition on a column with a UUID. An empty text selects the rows without a UUID; a
/// text that is no UUID selects no row.
fn uuid_condition<C: ColumnTrait>(column: C, text: &str) -> Condition {
    match text.parse::<Uuid>() {
        Ok(uuid) => if_present(column, column.eq(uuid)),
        Err(_) if text.is_empty() && column.def().is_null() => Condition::all().add(column.is_null()),
        Err(_) => never(),
    }
}

/// Returns the condition on the two columns that identify a claim.
fn claim_condition<C: ColumnTrait>(partner: C, claim: C, name: &str) -> Condition {
    match name.parse::<ClaimName>() {
        Ok(name) => if_present(claim, claim.eq(name.claim.uuid())).add(partner.eq(name.partner.as_str())),
        Err(_) => uuid_condition(claim, name),
    }
}

/// Returns the condition on a time. An absent time is neither before nor after any time, nor equal
/// to one.
fn time_condition<C: ColumnTrait>(column: C, op: Operator, time: Timestamp) -> Condition {
    let comparison = compare(column, op, SimpleExpr::val(time));
    let is_not = |absent: Timestamp| column.ne(absent);
    if_present(column, comparison).add(is_not(Timestamp::UNIX_EPOCH)).add(is_not(LATEST_TIME))
}

fn compare<C: ColumnTrait>(column: C, op: Operator, value: SimpleExpr) -> SimpleExpr {
    let column = column.into_simple_expr();
    match op {
        Operator::Equal | Operator::Has | Operator::Contains => column.eq(value),
        Operator::NotEqual => column.ne(value),
        Operator::Less => column.lt(value),
        Operator::LessOrEqual => column.lte(value),
        Operator::Greater => column.gt(value),
        Operator::GreaterOrEqual => column.gte(value),
    }
}

/// Returns the LIKE pattern that matches every value that contains `text`.
fn contains_pattern(text: &str) -> LikeExpr {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
