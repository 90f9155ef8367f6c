//! The tables `case_log` and `case_log_end`: the changes of all review cases, in the order of
//! commits (R59). The streams of WatchReviewCases read this log.
use super::entity::{case_log, case_log_end};
use crate::domain::ReviewCase;
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx, ids,
    rows::{self, to_bigint},
    watch::{LogPosition, LogQuery},
};
use cpor_types::{Entropy, TenantId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, Set};
use std::collections::BTreeMap;

/// The primary key of the only row of the table `case_log_end`.
const ALL_CASES: &str = "*";

/// A change of a case in the log.
pub(crate) struct CaseChange {
    /// The position in the log after the change.
    pub position: LogPosition,
    /// The storage key of the case.
    pub case: AggregateKey,
    /// The version that the change gave the case.
    pub version: u64,
}

/// A query for the changes of the cases of one tenant, or of all tenants, because reviewers work
/// for every tenant.
pub(crate) struct CaseLog<'db>(LogQuery<'db, case_log::Entity>);

impl<'db> CaseLog<'db> {
    /// Creates a query for the changes of the cases of `tenant`; `None` for all tenants.
    pub(crate) fn of_tenant(db: &'db DatabaseConnection, tenant: Option<TenantId>) -> Self {
        let query = match tenant {
            Some(tenant) => case_log::Entity::find().filter(case_log::Column::Owner.eq(ids::TenantId::from(tenant))),
            None => case_log::Entity::find(),
        };
        Self(LogQuery::new(db, query, case_log::Column::Sequence))
    }

    /// Reads the position after the last change, with one indexed read. `None` if there is none.
    pub(crate) async fn last_position(self) -> Result<Option<LogPosition>, StoreError> {
        Ok(self.0.last_entry().await?.map(|row| position(&row)))
    }

    /// Reads the position after the change with this sequence number, with one indexed read. `None`
    /// if there is none.
    pub(crate) async fn position_at(self, sequence: i64) -> Result<Option<LogPosition>, StoreError> {
        Ok(self.0.entry_at(sequence).await?.map(|row| position(&row)))
    }

    /// Reads at most `limit` changes after a sequence number, the oldest first.
    pub(crate) async fn entries_after(self, sequence: i64, limit: u64) -> Result<Vec<CaseChange>, StoreError> {
        self.0.entries_after(sequence, limit).await?.into_iter().map(from_row).collect()
    }
}

fn position(row: &case_log::Model) -> LogPosition {
    LogPosition { sequence: row.sequence, mark: row.mark.cast_unsigned() }
}

fn from_row(row: case_log::Model) -> Result<CaseChange, StoreError> {
    let (position, case) = (position(&row), AggregateKey::new(row.owner, row.case_id.into()));
    let version = u64::try_from(row.version);
    let version = version.map_err(|error| StoreError::inconsistent("case_log", &case, error))?;
    Ok(CaseChange { position, case, version })
}

/// Appends the changes to the log, with two statements: one entry for each new version of a case.
///
/// The row of the log's end stays locked until the transaction ends. The sequence numbers therefore
/// follow the order of commits and have no gaps. The row is locked after the rows of the cases, so
/// that transactions cannot deadlock. Transactions that change cases commit one after the other
/// from here on; commands that wait share a transaction.
pub(super) async fn append(tx: &Tx, changes: &[Change<ReviewCase>], entropy: &dyn Entropy) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for change in changes {
        for version in change.previous_version() + 1..=change.after.version {
            rows.push(case_log::ActiveModel {
                owner: Set(change.key.owner.clone().into()),
                case_id: Set(change.key.id.into()),
                version: Set(to_bigint(version)?),
                mark: Set(random_mark(entropy)),
                sequence: Set(0),
            });
        }
    }
    let counts = BTreeMap::from([(ALL_CASES.to_owned(), rows.len() as u64)]);
    let (owner, last) = (case_log_end::Column::Owner, case_log_end::Column::Last);
    let ends = rows::increment_counters::<case_log_end::Entity>(tx, owner, last, &counts).await?;
    let end = ends.values().copied().next().unwrap_or_default();
    for (row, sequence) in rows.iter_mut().rev().zip((1..=end).rev()) {
        row.sequence = Set(to_bigint(sequence)?);
    }
    Ok(rows::insert::<case_log::Entity>(tx, rows).await?)
}

/// Returns a random number, by which an entry differs from one that takes its place after a backup
/// was restored.
fn random_mark(entropy: &dyn Entropy) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&entropy.secret()[..8]);
    i64::from_be_bytes(bytes)
}
