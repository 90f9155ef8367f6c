//! Rows to values. A row that no code of ours wrote is an inconsistency that names table and key, never a guess.
use cpor_durable::{Change, Key, StoreError, Versioned, rows::Micros};
use cpor_types::{TenantKey, Timestamp};
use sea_orm::{ActiveValue::Set, DbErr};
use serde::Serialize;
use uuid::Uuid;

use super::entity::{assessment, assessment_month, partner_record, usage_month, usage_replaced};
use crate::domain::{Answer, Assessment, Measures, PartnerRecord, Stored, Usage, UsageId};

/// The assessment that a row holds.
pub(super) fn assessment(row: assessment::Model) -> Result<(Key, Versioned<Assessment>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("assessment", &key, what);
    let state: Assessment = serde_json::from_value(row.state).map_err(|error| inconsistent(&error))?;
    if (state.stale, stored(state.edition)?) != (row.stale, row.edition) {
        return Err(inconsistent(&"stale or edition are not as the state has them"));
    }
    let version = u64::try_from(row.version).map_err(|_| inconsistent(&"the version is negative"))?;
    Ok((key, Versioned::new(version, state)))
}

/// The row that holds the assessment after `change`.
pub(super) fn of_assessment(change: &Change<Assessment>) -> Result<assessment::ActiveModel, StoreError> {
    let Versioned { version, state } = &change.after;
    Ok(assessment::ActiveModel {
        owner: Set(change.key.owner.clone()),
        id: Set(change.key.id),
        version: Set(stored(*version)?),
        partner: Set(state.about().claim.partner.as_str().to_owned()),
        stale: Set(state.stale),
        edition: Set(stored(state.edition)?),
        state: Set(json(state)?),
    })
}

/// The answer that a row holds.
pub(super) fn answer(row: assessment_month::Model) -> Result<(Key, Answer), StoreError> {
    let key = Key::new(row.owner, row.id);
    let answer = serde_json::from_value(row.answer);
    Ok((key.clone(), answer.map_err(|error| StoreError::inconsistent("assessment_month", &key, error))?))
}

/// The row that holds an answer.
pub(super) fn of_answer(key: &Key, answer: &Answer) -> Result<assessment_month::ActiveModel, StoreError> {
    Ok(assessment_month::ActiveModel {
        owner: Set(key.owner.clone()),
        id: Set(key.id),
        month: Set(answer.month.to_string()),
        answer: Set(json(answer)?),
    })
}

/// What a row says of a partner.
pub(super) fn partner(row: partner_record::Model) -> Result<PartnerRecord, StoreError> {
    let key = Key::new(row.partner, Uuid::nil());
    serde_json::from_value(row.record).map_err(|error| StoreError::inconsistent("partner_record", &key, error))
}

/// The month that a row holds.
pub(super) fn usage(row: usage_month::Model) -> Result<Stored, StoreError> {
    let key = Key::new(format!("{}/{}/{}", row.owner, row.key, row.month), Uuid::nil());
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("usage_month", &key, what);
    let tenant = row.owner.parse().map_err(|malformed| inconsistent(&malformed))?;
    let id = UsageId {
        key: TenantKey { tenant, key: row.key.parse().map_err(|malformed| inconsistent(&malformed))? },
        month: row.month.parse().map_err(|malformed| inconsistent(&malformed))?,
    };
    let measures = match (row.active_users, row.paid_available_units, row.seats_sold, row.consumption) {
        (Some(active_users), Some(paid_available_units), None, None) => {
            Measures::Workload { active_users, paid_available_units }
        }
        (None, None, Some(seats_sold), Some(consumption)) => Measures::Subscription { seats_sold, consumption },
        _ => return Err(inconsistent(&"the measures are of neither a workload nor a subscription")),
    };
    let revision = u64::try_from(row.revision).map_err(|_| inconsistent(&"the revision is negative"))?;
    Ok(Stored { usage: Usage { id, measures }, revision, import_time: row.import_time.into() })
}

/// The row of a month that assessments have yet to see.
pub(super) fn of_usage(month: &Stored) -> Result<usage_month::ActiveModel, StoreError> {
    let Stored { usage: Usage { id, measures }, revision, import_time } = month;
    let Columns { active_users, paid_available_units, seats_sold, consumption } = (*measures).into();
    Ok(usage_month::ActiveModel {
        owner: Set(id.key.tenant.to_string()),
        key: Set(id.key.key.to_string()),
        month: Set(id.month.to_string()),
        revision: Set(stored(*revision)?),
        active_users: Set(active_users),
        paid_available_units: Set(paid_available_units),
        seats_sold: Set(seats_sold),
        consumption: Set(consumption),
        import_time: Set(Micros::from(*import_time)),
        unseen: Set(true),
    })
}

/// The replaced month that a row holds, and when it was replaced.
pub(super) fn replaced(row: usage_replaced::Model) -> Result<(Stored, Timestamp), StoreError> {
    let usage_replaced::Model { owner, key, month, revision, import_time, replace_time, .. } = row;
    let (active_users, paid_available_units) = (row.active_users, row.paid_available_units);
    let (seats_sold, consumption, unseen) = (row.seats_sold, row.consumption, false);
    let same = usage_month::Model {
        owner,
        key,
        month,
        revision,
        active_users,
        paid_available_units,
        seats_sold,
        consumption,
        import_time,
        unseen,
    };
    Ok((usage(same)?, replace_time.into()))
}

/// The row that keeps a month which was replaced.
pub(super) fn of_replaced(month: &Stored, replaced: Timestamp) -> Result<usage_replaced::ActiveModel, StoreError> {
    let Stored { usage: Usage { id, measures }, revision, import_time } = month;
    let Columns { active_users, paid_available_units, seats_sold, consumption } = (*measures).into();
    Ok(usage_replaced::ActiveModel {
        owner: Set(id.key.tenant.to_string()),
        key: Set(id.key.key.to_string()),
        month: Set(id.month.to_string()),
        revision: Set(stored(*revision)?),
        active_users: Set(active_users),
        paid_available_units: Set(paid_available_units),
        seats_sold: Set(seats_sold),
        consumption: Set(consumption),
        import_time: Set(Micros::from(*import_time)),
        replace_time: Set(Micros::from(replaced)),
    })
}

/// The measures as both usage tables hold them.
#[derive(Default)]
struct Columns {
    active_users: Option<i64>,
    paid_available_units: Option<i64>,
    seats_sold: Option<i64>,
    consumption: Option<i64>,
}

impl From<Measures> for Columns {
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

/// A value for a JSON column.
pub(super) fn json(value: &impl Serialize) -> Result<serde_json::Value, StoreError> {
    Ok(serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))?)
}

/// A count for a big integer column.
pub(super) fn stored(count: u64) -> Result<i64, StoreError> {
    Ok(i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))?)
}
