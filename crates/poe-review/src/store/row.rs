//! Converts review cases to rows of the table `review_case`, and back. A row that this service
//! cannot have written is reported as an inconsistency with its table and key.
use super::entity::{
    case_body::CaseBody,
    case_snapshot::CaseSnapshot,
    review_case::{ActiveModel, Model},
};
use crate::domain::{Phase, ReviewCase};
use cpor_bulk_rows::{LATEST_TIME, storable_time};
use cpor_durable::{AggregateKey, StoreError, Versioned, rows::to_bigint};
use cpor_types::{CaseId, Timestamp};
use sea_orm::Set;

/// The name of the table, for error messages.
const TABLE: &str = "review_case";
/// The stored due time of cases that have none, which puts them at the end of the queue.
const NO_DUE_TIME: Timestamp = LATEST_TIME;

/// Builds the storage key of a case.
pub(crate) fn case_key(tenant: cpor_types::TenantId, case: CaseId) -> AggregateKey {
    AggregateKey::new(tenant.to_string(), case.uuid())
}

pub(super) fn to_row(
    key: &AggregateKey,
    Versioned { version, state: case }: &Versioned<ReviewCase>,
) -> Result<ActiveModel, StoreError> {
    let body = CaseBody {
        kind: case.kind.clone(),
        state: case.state.clone(),
        clocks: case.clocks.clone(),
        remind_before: case.remind_before,
        competition_terms: case.competition_terms,
        competition: case.competition.clone(),
        ended_lines: case.ended_lines.clone(),
        round: case.round,
        approval_refusals: case.approval_refusals.clone(),
        statement: case.statement.clone(),
        legacy_statements: case.legacy_statements.clone(),
    };
    Ok(ActiveModel {
        owner: Set(key.owner.clone().into()),
        id: Set(key.id.into()),
        version: Set(to_bigint(*version)?),
        state: Set(case.phase().into()),
        reviewer: Set(case.reviewer.clone()),
        claim: Set(case.snapshot.claim.to_string()),
        due_time: Set(case.clocks.earliest_due(case.phase()).map_or(NO_DUE_TIME, storable_time)),
        overdue: Set(case.clocks.is_overdue()),
        snapshot: Set(CaseSnapshot(case.snapshot.clone())),
        body: Set(body),
        create_time: Set(case.create_time),
        update_time: Set(case.update_time),
        close_time: Set(case.close_time),
    })
}

/// Reads a case from its row.
///
/// # Errors
/// Returns an error if the row does not contain a valid case.
pub(super) fn from_row(row: Model) -> Result<(AggregateKey, Versioned<ReviewCase>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let inconsistent = |cause: &dyn std::fmt::Display| StoreError::inconsistent(TABLE, &key, cause);
    let CaseBody {
        kind,
        state,
        clocks,
        remind_before,
        competition_terms,
        competition,
        ended_lines,
        round,
        approval_refusals,
        statement,
        legacy_statements,
    } = row.body;
    let (CaseSnapshot(snapshot), phase) = (row.snapshot, Phase::from(row.state));
    if state.phase() != phase {
        let (column, body) = (phase.as_str(), state.phase().as_str());
        return Err(inconsistent(&format_args!("state: the column contains {column}, the body {body}")));
    }
    let case = ReviewCase {
        tenant: key.owner.parse().map_err(|malformed: cpor_types::Malformed| inconsistent(&malformed))?,
        id: CaseId(key.id),
        kind,
        snapshot,
        reviewer: row.reviewer,
        round,
        state,
        clocks,
        remind_before,
        competition_terms,
        competition,
        ended_lines,
        approval_refusals,
        statement,
        legacy_statements,
        create_time: row.create_time,
        update_time: row.update_time,
        close_time: row.close_time,
    };
    let version = u64::try_from(row.version).map_err(|error| inconsistent(&error))?;
    Ok((key, Versioned::new(version, case)))
}
