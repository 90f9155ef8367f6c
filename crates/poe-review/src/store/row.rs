//! Converts review cases to rows of the table `review_case`, and back. A row that this service
//! cannot have written is reported as an inconsistency with its table and key.
use super::entity::review_case::{ActiveModel, Model};
use crate::domain::{CaseKind, Clocks, Competition, LineRefusal, ReviewCase, State};
use cpor_durable::{
    AggregateKey, StoreError, Versioned,
    rows::{Micros, to_bigint, to_json},
};
use cpor_types::{CaseId, Length, LineId};
use sea_orm::Set;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

/// The name of the table, for error messages.
const TABLE: &str = "review_case";
/// The queue time of cases without a running or passed clock, which puts them at the end of the
/// queue.
const NO_DUE_TIME: Micros = Micros(i64::MAX);

/// The part of a case that no query filters by. It is stored as one JSON document.
#[derive(Serialize, Deserialize)]
struct CaseDocument {
    kind: CaseKind,
    state: State,
    clocks: Clocks,
    remind_before: Length,
    #[serde(rename = "contest")]
    competition: Competition,
    #[serde(rename = "ended")]
    ended_lines: BTreeSet<LineId>,
    round: u32,
    approval_refusals: Vec<LineRefusal>,
}

/// Builds the key of a case.
pub(crate) fn case_key(tenant: cpor_types::TenantId, case: CaseId) -> AggregateKey {
    AggregateKey::new(tenant.to_string(), case.uuid())
}

pub(super) fn to_row(
    key: &AggregateKey,
    Versioned { version, state: case }: &Versioned<ReviewCase>,
) -> Result<ActiveModel, StoreError> {
    let document = CaseDocument {
        kind: case.kind.clone(),
        state: case.state.clone(),
        clocks: case.clocks.clone(),
        remind_before: case.remind_before,
        competition: case.competition.clone(),
        ended_lines: case.ended_lines.clone(),
        round: case.round,
        approval_refusals: case.approval_refusals.clone(),
    };
    Ok(ActiveModel {
        owner: Set(key.owner.clone()),
        id: Set(key.id),
        version: Set(to_bigint(*version)?),
        state: Set(case.phase().as_str().to_owned()),
        reviewer: Set(case.reviewer.clone()),
        claim: Set(case.snapshot.claim.to_string()),
        queue_time: Set(case.clocks.earliest_due(case.phase()).map_or(NO_DUE_TIME, Micros::from)),
        overdue: Set(case.clocks.is_overdue()),
        snapshot: Set(to_json(&case.snapshot)?),
        body: Set(to_json(&document)?),
        create_time: Set(case.create_time.into()),
        update_time: Set(case.update_time.into()),
        close_time: Set(case.close_time.map(Micros::from)),
    })
}

pub(crate) fn from_row(row: Model) -> Result<(AggregateKey, Versioned<ReviewCase>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id);
    let inconsistent = |cause: &dyn std::fmt::Display| StoreError::inconsistent(TABLE, &key, cause);
    let CaseDocument { kind, state, clocks, remind_before, competition, ended_lines, round, approval_refusals } =
        from_json(row.body, &inconsistent)?;
    if state.phase().as_str() != row.state {
        let (column, document) = (row.state, state.phase().as_str());
        return Err(inconsistent(&format_args!("state: the column contains {column}, the document {document}")));
    }
    let case = ReviewCase {
        tenant: key.owner.parse().map_err(|malformed| inconsistent(&malformed))?,
        id: CaseId(key.id),
        kind,
        snapshot: from_json(row.snapshot, &inconsistent)?,
        reviewer: row.reviewer,
        round,
        state,
        clocks,
        remind_before,
        competition,
        ended_lines,
        approval_refusals,
        create_time: row.create_time.into(),
        update_time: row.update_time.into(),
        close_time: row.close_time.map(Into::into),
    };
    let version = u64::try_from(row.version).map_err(|error| inconsistent(&error))?;
    Ok((key, Versioned::new(version, case)))
}

fn from_json<T: DeserializeOwned>(
    value: Value,
    inconsistent: &impl Fn(&dyn std::fmt::Display) -> StoreError,
) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| inconsistent(&error))
}
