//! A case as a row, and back. A row that no code of ours wrote is a typed inconsistency that names its table and key.
use super::entity::review_case::{ActiveModel, Model};
use crate::domain::{CaseKind, Clocks, Contest, LineRefusal, ReviewCase, State};
use cpor_durable::{Key, StoreError, Versioned, rows::Micros};
use cpor_types::{CaseId, Length, LineId};
use sea_orm::{DbErr, Set};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

const TABLE: &str = "review_case";
/// The place in the queue of cases whose clocks all stand still: last.
const NEVER: Micros = Micros(i64::MAX);

/// What no query looks into.
#[derive(Serialize, Deserialize)]
struct Body {
    kind: CaseKind,
    state: State,
    clocks: Clocks,
    remind_before: Length,
    contest: Contest,
    ended: BTreeSet<LineId>,
    round: u32,
    approval_refusals: Vec<LineRefusal>,
}

/// The key of a case.
pub(crate) fn key(tenant: cpor_types::TenantId, case: CaseId) -> Key {
    Key::new(tenant.to_string(), case.uuid())
}

pub(super) fn to_row(
    key: &Key,
    Versioned { version, state: case }: &Versioned<ReviewCase>,
) -> Result<ActiveModel, StoreError> {
    let body = Body {
        kind: case.kind.clone(),
        state: case.state.clone(),
        clocks: case.clocks.clone(),
        remind_before: case.remind_before,
        contest: case.contest.clone(),
        ended: case.ended.clone(),
        round: case.round,
        approval_refusals: case.approval_refusals.clone(),
    };
    Ok(ActiveModel {
        owner: Set(key.owner.clone()),
        id: Set(key.id),
        version: Set(i64::try_from(*version).map_err(|error| StoreError::inconsistent(TABLE, key, error))?),
        state: Set(case.phase().as_str().to_owned()),
        reviewer: Set(case.reviewer.clone()),
        claim: Set(case.snapshot.claim.to_string()),
        queue_time: Set(case.clocks.most_urgent(case.phase()).map_or(NEVER, Micros::from)),
        overdue: Set(case.clocks.overdue()),
        snapshot: Set(json(&case.snapshot)?),
        body: Set(json(&body)?),
        create_time: Set(case.create_time.into()),
        update_time: Set(case.update_time.into()),
        close_time: Set(case.close_time.map(Micros::from)),
    })
}

pub(crate) fn from_row(row: Model) -> Result<(Key, Versioned<ReviewCase>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let wrong = |what: &dyn std::fmt::Display| StoreError::inconsistent(TABLE, &key, what);
    let Body { kind, state, clocks, remind_before, contest, ended, round, approval_refusals } =
        document(row.body, &wrong)?;
    if state.phase().as_str() != row.state {
        return Err(wrong(&format_args!("its column says {}, its document {}", row.state, state.phase().as_str())));
    }
    let case = ReviewCase {
        tenant: key.owner.parse().map_err(|malformed| wrong(&malformed))?,
        id: CaseId(key.id),
        kind,
        snapshot: document(row.snapshot, &wrong)?,
        reviewer: row.reviewer,
        round,
        state,
        clocks,
        remind_before,
        contest,
        ended,
        approval_refusals,
        create_time: row.create_time.into(),
        update_time: row.update_time.into(),
        close_time: row.close_time.map(Into::into),
    };
    let version = u64::try_from(row.version).map_err(|error| wrong(&error))?;
    Ok((key, Versioned::new(version, case)))
}

fn json(value: &impl Serialize) -> Result<Value, DbErr> {
    serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))
}

fn document<T: DeserializeOwned>(
    value: Value,
    wrong: &impl Fn(&dyn std::fmt::Display) -> StoreError,
) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| wrong(&error))
}
