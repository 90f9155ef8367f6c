//! Declares the fields by which lists of claims can be filtered and sorted (R59), and computes the
//! values of their columns.
//!
//! The columns contain enum values as the API names them, without the prefix. Texts are in lower
//! case, so that comparisons ignore case on every database. Lists are texts with a comma before and
//! after each value. Absent values are empty. An absent `submit_time` is 1970, and an absent
//! `due_time` the latest time, so that claims without a deadline come last.
use super::entity::claim::{Column, Entity};
use crate::domain::{Claim, Line, Party, Wait};
use cpor_bulk_rows::{LATEST_TIME, storable_time};
use cpor_listing::{Source, TableList, column};
use cpor_listing::{
    filter::{Field, FieldType},
    order::Order,
};
use cpor_types::Timestamp;

/// The list of claims.
pub(crate) static CLAIMS: TableList<Entity> = TableList {
    fields: FIELDS,
    sort_keys: &[
        ("create_time", Column::CreateTime),
        ("update_time", Column::UpdateTime),
        ("submit_time", Column::SubmitTime),
        ("due_time", Column::DueTime),
        ("display_name", Column::DisplayName),
    ],
    default_order: Order { key: Column::CreateTime, descending: true },
    tie_break: &[Column::Id],
    default_filter: None,
};

/// The fields by which a list of claims can be filtered.
const FIELDS: &[Field<Source<Column>>] = &[
    column("state", FieldType::Enum("CLAIM_STATE_", STATES), Column::State),
    column("association_state", FieldType::Enum("ASSOCIATION_STATE_", ASSOCIATION_STATES), Column::AssociationState),
    column("waits_for", FieldType::Enum("WAITS_FOR_", Wait::STRINGS), Column::WaitsFor),
    column("acting_party", FieldType::Enum("PARTY_", PARTIES), Column::ActingParty),
    column("solution_area", FieldType::Enum("SOLUTION_AREA_", SOLUTION_AREAS), Column::SolutionArea),
    column("activities", FieldType::EnumList("ACTIVITY_", ACTIVITIES), Column::Activities),
    column("products", FieldType::TextList, Column::Products),
    column("contested", FieldType::Bool, Column::Contested),
    column("display_name", FieldType::Text, Column::DisplayName),
    column("mpn_id", FieldType::Text, Column::MpnId),
    column("tenant_id", FieldType::Text, Column::TenantId),
    column("customer_domain", FieldType::Text, Column::CustomerDomain),
    column("policy", FieldType::Text, Column::Policy),
    column("create_time", FieldType::Time, Column::CreateTime),
    column("update_time", FieldType::Time, Column::UpdateTime),
    column("submit_time", FieldType::Time, Column::SubmitTime),
    column("due_time", FieldType::Time, Column::DueTime),
];

/// The accepted values of `state`.
pub(super) const STATES: &[&str] =
    &["EDITING", "SUBMITTED", "UNDER_REVIEW", "PARTNER_ACTION_REQUIRED", "APPROVED", "REJECTED", "DISPUTED"];
/// The accepted values of the side of an actor.
pub(super) const SIDES: &[&str] = &["PARTNER", "REVIEWER", "VENDOR", "CUSTOMER", "TIME", "SYSTEM"];
/// The accepted values of `association_state`.
const ASSOCIATION_STATES: &[&str] = &["UNSPECIFIED", "PENDING", "OFFICIAL", "ENDED"];
/// The accepted values of `solution_area`.
const SOLUTION_AREAS: &[&str] = &["UNSPECIFIED", "MICROSOFT_365", "BUSINESS_APPLICATIONS"];
/// The accepted values of `activities`.
const ACTIVITIES: &[&str] = &["USAGE", "PRE_SALES", "REVENUE_ASSOCIATION"];
/// The accepted values of `acting_party`.
const PARTIES: &[&str] =
    &["UNSPECIFIED", "PARTNER", "REVIEWER", "REVIEW_LEAD", "CUSTOMER", "OPERATOR", "SYSTEM", "TIME"];

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

/// Returns the value of the column `due_time`: the next deadline of the claim (R60).
pub(super) fn due_time(claim: &Claim) -> Timestamp {
    claim.waiting().due.map_or(LATEST_TIME, storable_time)
}

/// Returns the value of the column `acting_party`: the party that has to act (R60).
pub(super) fn acting_party(claim: &Claim) -> String {
    claim.waiting().acting_party.map_or("UNSPECIFIED", Party::as_str).to_owned()
}

/// Formats values as `,a,b,`, sorted and each once; empty for no values.
fn comma_list(values: impl Iterator<Item = String>) -> String {
    let joined = values.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",");
    if joined.is_empty() { joined } else { format!(",{joined},") }
}
