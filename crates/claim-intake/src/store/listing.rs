//! Defines the fields by which lists of claims can be filtered and sorted (R59), computes the
//! values of their columns, and converts filters to SQL conditions.
//!
//! The columns contain enum values as the API names them, without the prefix. Texts are in lower
//! case, so that comparisons ignore case on every database. Lists are texts with a comma before and
//! after each value. Absent values are empty, or 1970 for a time. They are never NULL, so that
//! `NOT` selects every row that the negated condition does not select.
use super::entity::claim::{Column, Model};
use crate::domain::{Claim, Line, Wait};
use cpor_bulk_rows::storable_time;
use cpor_listing::filter::{Comparison, Expr, Field, FieldType, Operator, Value};
use cpor_types::Timestamp;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{LikeExpr, SimpleExpr},
};
use serde::{Deserialize, Serialize};

/// The fields that a filter can use.
pub(crate) const FILTER_FIELDS: &[Field<Column>] = &[
    Field { name: "state", field_type: FieldType::Enum("CLAIM_STATE_", STATES), column: Column::State },
    Field {
        name: "association_state",
        field_type: FieldType::Enum("ASSOCIATION_STATE_", ASSOCIATION_STATES),
        column: Column::AssociationState,
    },
    Field { name: "waits_for", field_type: FieldType::Enum("WAITS_FOR_", Wait::STRINGS), column: Column::WaitsFor },
    Field {
        name: "solution_area",
        field_type: FieldType::Enum("SOLUTION_AREA_", SOLUTION_AREAS),
        column: Column::SolutionArea,
    },
    Field { name: "activities", field_type: FieldType::EnumList("ACTIVITY_", ACTIVITIES), column: Column::Activities },
    Field { name: "products", field_type: FieldType::TextList, column: Column::Products },
    Field { name: "display_name", field_type: FieldType::Text, column: Column::DisplayName },
    Field { name: "mpn_id", field_type: FieldType::Text, column: Column::MpnId },
    Field { name: "tenant_id", field_type: FieldType::Text, column: Column::TenantId },
    Field { name: "policy", field_type: FieldType::Text, column: Column::Policy },
    Field { name: "create_time", field_type: FieldType::Time, column: Column::CreateTime },
    Field { name: "update_time", field_type: FieldType::Time, column: Column::UpdateTime },
    Field { name: "submit_time", field_type: FieldType::Time, column: Column::SubmitTime },
];

/// The accepted values of `state`.
const STATES: &[&str] =
    &["EDITING", "SUBMITTED", "UNDER_REVIEW", "PARTNER_ACTION_REQUIRED", "APPROVED", "REJECTED", "DISPUTED"];
/// The accepted values of `association_state`.
const ASSOCIATION_STATES: &[&str] = &["UNSPECIFIED", "PENDING", "OFFICIAL", "ENDED"];
/// The accepted values of `solution_area`.
const SOLUTION_AREAS: &[&str] = &["UNSPECIFIED", "MICROSOFT_365", "BUSINESS_APPLICATIONS"];
/// The accepted values of `activities`.
const ACTIVITIES: &[&str] = &["USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"];

/// The field by which a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortKey {
    CreateTime,
    UpdateTime,
    SubmitTime,
    DisplayName,
}

/// The sort keys by their names in the API.
pub(crate) const SORT_KEYS: &[(&str, SortKey)] = &[
    ("create_time", SortKey::CreateTime),
    ("update_time", SortKey::UpdateTime),
    ("submit_time", SortKey::SubmitTime),
    ("display_name", SortKey::DisplayName),
];

/// The value of a sort key for one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortValue {
    Time(Timestamp),
    Text(String),
}

impl From<&SortValue> for SimpleExpr {
    fn from(value: &SortValue) -> Self {
        match value {
            SortValue::Time(time) => Self::val(*time),
            SortValue::Text(text) => Self::val(text.clone()),
        }
    }
}

impl SortKey {
    /// Returns the column that the key sorts by.
    pub(super) const fn column(self) -> Column {
        match self {
            Self::CreateTime => Column::CreateTime,
            Self::UpdateTime => Column::UpdateTime,
            Self::SubmitTime => Column::SubmitTime,
            Self::DisplayName => Column::DisplayName,
        }
    }

    /// Returns the value of the key in `row`.
    pub(super) fn value_of(self, row: &Model) -> SortValue {
        match self {
            Self::CreateTime => SortValue::Time(row.create_time),
            Self::UpdateTime => SortValue::Time(row.update_time),
            Self::SubmitTime => SortValue::Time(row.submit_time),
            Self::DisplayName => SortValue::Text(row.display_name.clone()),
        }
    }
}

/// Converts a filter to an SQL condition.
pub(super) fn filter_condition(filter: &Expr<Comparison<Column>>) -> Condition {
    match filter {
        Expr::And(parts) => parts.iter().map(filter_condition).fold(Condition::all(), Condition::add),
        Expr::Or(parts) => parts.iter().map(filter_condition).fold(Condition::any(), Condition::add),
        Expr::Not(negated) => filter_condition(negated).not(),
        Expr::Compare(Comparison { column, op, value: Value::Text(text) }) => {
            Condition::all().add(text_condition(*column, *op, text))
        }
        Expr::Compare(Comparison { column, op, value: Value::Time(time) }) => {
            time_condition(*column, *op, storable_time(*time))
        }
    }
}

/// Returns the condition on a text or on a list of texts.
fn text_condition(column: Column, op: Operator, text: &str) -> SimpleExpr {
    match op {
        Operator::Equal => column.eq(text),
        Operator::NotEqual => column.ne(text),
        Operator::Has => column.like(contains_pattern(&format!(",{text},"))),
        Operator::Contains => column.like(contains_pattern(text)),
        Operator::Less => column.lt(text),
        Operator::LessOrEqual => column.lte(text),
        Operator::Greater => column.gt(text),
        Operator::GreaterOrEqual => column.gte(text),
    }
}

/// Returns the condition on a time. An absent time is neither before nor after any time.
fn time_condition(column: Column, op: Operator, time: Timestamp) -> Condition {
    let is_present = || Condition::all().add(column.gt(Timestamp::UNIX_EPOCH));
    match op {
        Operator::NotEqual => Condition::all().add(column.ne(time)),
        Operator::Equal | Operator::Has | Operator::Contains => is_present().add(column.eq(time)),
        Operator::Less => is_present().add(column.lt(time)),
        Operator::LessOrEqual => is_present().add(column.lte(time)),
        Operator::Greater => is_present().add(column.gt(time)),
        Operator::GreaterOrEqual => is_present().add(column.gte(time)),
    }
}

/// Returns the LIKE pattern that matches every value that contains `text`.
fn contains_pattern(text: &str) -> LikeExpr {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}

/// Returns the value of the column `activities`.
pub(super) fn activities(claim: &Claim) -> String {
    comma_list(claim.content.activities.iter().map(|activity| activity.as_str().to_uppercase()))
}

/// Returns the value of the column `products`.
pub(super) fn products(claim: &Claim) -> String {
    comma_list(claim.content.lines.iter().map(|Line { product, .. }| product.to_string()))
}

/// Returns the value of the column `policy`; empty for a draft.
pub(super) fn policy(claim: &Claim) -> String {
    claim.state.submission().map(|submission| submission.policy.to_string().to_lowercase()).unwrap_or_default()
}

/// Returns the value of the column `submit_time`; 1970 for a draft.
pub(super) fn submit_time(claim: &Claim) -> Timestamp {
    claim.state.submission().map_or(Timestamp::UNIX_EPOCH, |submission| submission.submit_time)
}

/// Formats values as `,a,b,`, sorted and each once; empty for no values.
fn comma_list(values: impl Iterator<Item = String>) -> String {
    let joined = values.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",");
    if joined.is_empty() { joined } else { format!(",{joined},") }
}
