//! What lists of claims filter and sort by (R59): the columns of a claim's row that are there for it, and the queries' conditions.
//!
//! Enums are stored as the API calls their values, without the prefix. Texts are in lower case, so that case does not matter, and the same on every
//! database. Lists are texts with a comma around each value. What is absent is empty, or 0 for a time: no NULL, so that NOT is what it says.
use super::entity::claim::{Column, Model};
use crate::domain::{Association, Claim, Line, State, Wait};
use cpor_durable::rows::Micros;
use cpor_kit::filter::{Expr, Field, Kind, Op, Test, Value};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{LikeExpr, SimpleExpr},
};
use serde::{Deserialize, Serialize};

/// The fields of filters.
pub(crate) const FIELDS: &[Field<Column>] = &[
    Field { name: "state", kind: Kind::Word("CLAIM_STATE_", STATES), column: Column::State },
    Field {
        name: "association_state",
        kind: Kind::Word("ASSOCIATION_STATE_", ASSOCIATIONS),
        column: Column::AssociationState,
    },
    Field { name: "waits_for", kind: Kind::Word("WAITS_FOR_", Wait::WORDS), column: Column::WaitsFor },
    Field { name: "solution_area", kind: Kind::Word("SOLUTION_AREA_", AREAS), column: Column::SolutionArea },
    Field { name: "activities", kind: Kind::Words("ACTIVITY_", ACTIVITIES), column: Column::Activities },
    Field { name: "products", kind: Kind::Texts, column: Column::Products },
    Field { name: "display_name", kind: Kind::Text, column: Column::DisplayName },
    Field { name: "mpn_id", kind: Kind::Text, column: Column::MpnId },
    Field { name: "tenant_id", kind: Kind::Text, column: Column::TenantId },
    Field { name: "policy", kind: Kind::Text, column: Column::Policy },
    Field { name: "create_time", kind: Kind::Time, column: Column::CreateTime },
    Field { name: "update_time", kind: Kind::Time, column: Column::UpdateTime },
    Field { name: "submit_time", kind: Kind::Time, column: Column::SubmitTime },
];

const STATES: &[&str] =
    &["EDITING", "SUBMITTED", "UNDER_REVIEW", "PARTNER_ACTION_REQUIRED", "APPROVED", "REJECTED", "DISPUTED"];
const ASSOCIATIONS: &[&str] = &["UNSPECIFIED", "PENDING", "OFFICIAL", "ENDED"];
const AREAS: &[&str] = &["UNSPECIFIED", "MICROSOFT_365", "BUSINESS_APPLICATIONS"];
const ACTIVITIES: &[&str] = &["USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"];

/// What lists sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SortKey {
    CreateTime,
    UpdateTime,
    SubmitTime,
    DisplayName,
}

/// The keys by their names in the API.
pub(crate) const KEYS: &[(&str, SortKey)] = &[
    ("create_time", SortKey::CreateTime),
    ("update_time", SortKey::UpdateTime),
    ("submit_time", SortKey::SubmitTime),
    ("display_name", SortKey::DisplayName),
];

/// A place in the order of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum At {
    Time(Micros),
    Text(String),
}

impl From<&At> for SimpleExpr {
    fn from(at: &At) -> Self {
        match at {
            At::Time(time) => Self::val(*time),
            At::Text(text) => Self::val(text.clone()),
        }
    }
}

impl SortKey {
    pub(super) const fn column(self) -> Column {
        match self {
            Self::CreateTime => Column::CreateTime,
            Self::UpdateTime => Column::UpdateTime,
            Self::SubmitTime => Column::SubmitTime,
            Self::DisplayName => Column::DisplayName,
        }
    }

    pub(super) fn of(self, row: &Model) -> At {
        match self {
            Self::CreateTime => At::Time(row.create_time),
            Self::UpdateTime => At::Time(row.update_time),
            Self::SubmitTime => At::Time(row.submit_time),
            Self::DisplayName => At::Text(row.display_name.clone()),
        }
    }
}

/// The rows that a filter asks for.
pub(super) fn condition(filter: &Expr<Test<Column>>) -> Condition {
    match filter {
        Expr::And(all) => all.iter().map(condition).fold(Condition::all(), Condition::add),
        Expr::Or(all) => all.iter().map(condition).fold(Condition::any(), Condition::add),
        Expr::Not(not) => condition(not).not(),
        Expr::Is(Test { column, op, value: Value::Text(text) }) => Condition::all().add(text_is(*column, *op, text)),
        Expr::Is(Test { column, op, value: Value::Time(time) }) => time_is(*column, *op, Micros::from(*time)),
    }
}

fn text_is(column: Column, op: Op, text: &str) -> SimpleExpr {
    match op {
        Op::Equal => column.eq(text),
        Op::NotEqual => column.ne(text),
        Op::Has => column.like(part(&format!(",{text},"))),
        Op::Contains => column.like(part(text)),
        Op::Less => column.lt(text),
        Op::LessOrEqual => column.lte(text),
        Op::Greater => column.gt(text),
        Op::GreaterOrEqual => column.gte(text),
    }
}

/// What is absent is neither before nor after anything.
fn time_is(column: Column, op: Op, time: Micros) -> Condition {
    let there = || Condition::all().add(column.gt(Micros(0)));
    match op {
        Op::NotEqual => Condition::all().add(column.ne(time)),
        Op::Equal | Op::Has | Op::Contains => there().add(column.eq(time)),
        Op::Less => there().add(column.lt(time)),
        Op::LessOrEqual => there().add(column.lte(time)),
        Op::Greater => there().add(column.gt(time)),
        Op::GreaterOrEqual => there().add(column.gte(time)),
    }
}

/// A pattern that finds `text` anywhere.
fn part(text: &str) -> LikeExpr {
    let plain = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    LikeExpr::new(format!("%{plain}%")).escape('\\')
}

pub(super) const fn association_state(state: &State) -> &'static str {
    match (state.association(), state.rejection()) {
        (Some(Association::Pending | Association::Granted { .. }), _) => "PENDING",
        (Some(Association::Official { .. }), _) => "OFFICIAL",
        (Some(Association::Ended { .. }), _) => "ENDED",
        (None, Some(rejection)) if rejection.ended.is_some() => "ENDED",
        (None, Some(_) | None) => "UNSPECIFIED",
    }
}

pub(super) fn solution_area(claim: &Claim) -> String {
    claim.content.solution_area.map_or_else(|| "UNSPECIFIED".to_owned(), |area| area.as_str().to_uppercase())
}

pub(super) fn activities(claim: &Claim) -> String {
    list(claim.content.activities.iter().map(|activity| activity.as_str().to_uppercase()))
}

pub(super) fn products(claim: &Claim) -> String {
    list(claim.content.lines.iter().map(|Line { product, .. }| product.to_string()))
}

pub(super) fn policy(claim: &Claim) -> String {
    claim.state.submission().map(|submission| submission.policy.to_string().to_lowercase()).unwrap_or_default()
}

pub(super) fn submit_time(claim: &Claim) -> Micros {
    claim.state.submission().map_or(Micros(0), |submission| Micros::from(submission.submit_time))
}

/// `,a,b,`; empty for none.
fn list(values: impl Iterator<Item = String>) -> String {
    let joined = values.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",");
    if joined.is_empty() { joined } else { format!(",{joined},") }
}
