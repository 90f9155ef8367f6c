//! Converts rows to domain values and back. A row that this service cannot have written is reported
//! as an inconsistency with its table and key.
use std::collections::BTreeSet;

use cpor_bulk_rows::storable_time;
use cpor_durable::{AggregateKey, Change, StoreError, Versioned, rows::to_bigint};
use cpor_types::{ProgramGuideName, TenantKey, Timestamp};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::{
    assessment, assessment_month,
    bodies::{AssessmentBody, MonthlyResultBody},
    usage_month, usage_replaced,
};
use crate::domain::{Assessment, Measures, MonthlyResult, StoredUsage, Usage, UsageId};

/// Reads an assessment with its storage key and version.
pub(super) fn to_assessment(row: assessment::Model) -> Result<(AggregateKey, Versioned<Assessment>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("assessment", &key, what);
    let AssessmentBody(state) = row.state;
    if (state.is_stale, to_bigint(state.edition)?) != (row.stale, row.edition) {
        return Err(inconsistent(&"the columns stale and edition differ from the state"));
    }
    let version = u64::try_from(row.version).map_err(|_| inconsistent(&"the version is negative"))?;
    Ok((key, Versioned::new(version, state)))
}

/// Builds the row of the assessment after `change`.
pub(super) fn from_assessment(change: &Change<Assessment>) -> Result<assessment::ActiveModel, StoreError> {
    let Versioned { version, state } = &change.after;
    let latest = state.latest.as_ref();
    Ok(assessment::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        id: Set(change.key.id.into()),
        version: Set(to_bigint(*version)?),
        partner: Set((&state.facts().claim.partner).into()),
        stale: Set(state.is_stale),
        edition: Set(to_bigint(state.edition)?),
        official_time: Set(state.facts().official_time),
        end_time: Set(state.association_end().map(|end| storable_time(end.time))),
        month: Set(latest.map(|result| result.month.to_string()).unwrap_or_default()),
        guide: Set(latest
            .map(|result| ProgramGuideName { guide: result.guide.clone() }.to_string())
            .unwrap_or_default()),
        verdicts: Set(latest.map(verdicts).unwrap_or_default()),
        state: Set(AssessmentBody(state.clone())),
    })
}

/// Returns the value of the column `verdicts`, for example `,eligible,not_eligible,`. Each verdict
/// is between commas, so that a filter cannot match a part of another verdict.
fn verdicts(result: &MonthlyResult) -> String {
    let verdicts: BTreeSet<&str> = result.results.iter().map(|result| result.verdict.as_str()).collect();
    verdicts.into_iter().fold(",".to_owned(), |list, verdict| list + verdict + ",")
}

/// Reads a monthly result with the key of its assessment.
pub(super) fn to_monthly_result(row: assessment_month::Model) -> (AggregateKey, MonthlyResult) {
    (AggregateKey::new(row.owner, row.id.into()), row.body.0)
}

pub(super) fn from_monthly_result(key: &AggregateKey, result: &MonthlyResult) -> assessment_month::ActiveModel {
    assessment_month::ActiveModel {
        owner: Set(key.owner.clone().into()),
        id: Set(key.id.into()),
        month: Set(result.month.to_string()),
        body: Set(MonthlyResultBody(result.clone())),
    }
}

pub(super) fn to_usage(row: usage_month::Model) -> Result<StoredUsage, StoreError> {
    let key = AggregateKey::new(format!("{}/{}/{}", row.owner.as_str(), row.key, row.month), Uuid::nil());
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("usage_month", &key, what);
    let tenant = row.owner.as_str().parse().map_err(|malformed| inconsistent(&malformed))?;
    let id = UsageId {
        key: TenantKey { tenant, key: row.key.parse().map_err(|malformed| inconsistent(&malformed))? },
        month: row.month.parse().map_err(|malformed| inconsistent(&malformed))?,
    };
    let measures = match (row.active_users, row.paid_available_units, row.seats_sold, row.consumption) {
        (Some(active_users), Some(paid_available_units), None, None) => {
            Measures::Workload { active_users, paid_available_units }
        }
        (None, None, Some(seats_sold), Some(consumption)) => Measures::Subscription { seats_sold, consumption },
        _ => return Err(inconsistent(&"the row has neither the measures of a workload nor those of a subscription")),
    };
    let revision = u64::try_from(row.revision).map_err(|_| inconsistent(&"the revision is negative"))?;
    Ok(StoredUsage { usage: Usage { id, measures }, revision, import_time: row.import_time })
}

/// Builds the row of a month of usage that no assessment has used yet.
pub(super) fn from_usage(month: &StoredUsage) -> Result<usage_month::ActiveModel, StoreError> {
    let StoredUsage { usage: Usage { id, measures }, revision, import_time } = month;
    let MeasureColumns { active_users, paid_available_units, seats_sold, consumption } = (*measures).into();
    Ok(usage_month::ActiveModel {
        owner: Set(id.key.tenant.into()),
        key: Set(id.key.key.to_string()),
        month: Set(id.month.to_string()),
        revision: Set(to_bigint(*revision)?),
        active_users: Set(active_users),
        paid_available_units: Set(paid_available_units),
        seats_sold: Set(seats_sold),
        consumption: Set(consumption),
        import_time: Set(*import_time),
        pending: Set(true),
    })
}

/// Reads a replaced month of usage, and the time at which it was replaced.
pub(super) fn to_replaced_usage(row: usage_replaced::Model) -> Result<(StoredUsage, Timestamp), StoreError> {
    let usage_replaced::Model { owner, key, month, revision, import_time, replace_time, .. } = row;
    let (active_users, paid_available_units) = (row.active_users, row.paid_available_units);
    let (seats_sold, consumption, pending) = (row.seats_sold, row.consumption, false);
    let usage_row = usage_month::Model {
        owner,
        key,
        month,
        revision,
        active_users,
        paid_available_units,
        seats_sold,
        consumption,
        import_time,
        pending,
    };
    Ok((to_usage(usage_row)?, replace_time))
}

/// Builds the row of a month of usage that was replaced at `replace_time`.
pub(super) fn from_replaced_usage(
    month: &StoredUsage,
    replace_time: Timestamp,
) -> Result<usage_replaced::ActiveModel, StoreError> {
    let StoredUsage { usage: Usage { id, measures }, revision, import_time } = month;
    let MeasureColumns { active_users, paid_available_units, seats_sold, consumption } = (*measures).into();
    Ok(usage_replaced::ActiveModel {
        owner: Set(id.key.tenant.into()),
        key: Set(id.key.key.to_string()),
        month: Set(id.month.to_string()),
        revision: Set(to_bigint(*revision)?),
        active_users: Set(active_users),
        paid_available_units: Set(paid_available_units),
        seats_sold: Set(seats_sold),
        consumption: Set(consumption),
        import_time: Set(*import_time),
        replace_time: Set(replace_time),
    })
}

/// The measures as columns, which both usage tables have. A workload has the first two, a
/// subscription the other two. The rest is null.
#[derive(Default)]
struct MeasureColumns {
    active_users: Option<i64>,
    paid_available_units: Option<i64>,
    seats_sold: Option<i64>,
    consumption: Option<i64>,
}

impl From<Measures> for MeasureColumns {
    fn from(measures: Measures) -> Self {
        match measures {
            Measures::Workload { active_users, paid_available_units } => Self {
                active_users: Some(active_users),
                paid_available_units: Some(paid_available_units),
                ..Self::default()
            },
            Measures::Subscription { seats_sold, consumption } => {
                Self { seats_sold: Some(seats_sold), consumption: Some(consumption), ..Self::default() }
            }
        }
    }
}
