//! The table `competition_check`: cases whose rivals must be determined again (R37). Rivals are
//! cases of different companies that claim the same key (workload or subscription of a tenant). A
//! check is requested in the transaction of the change that makes it necessary.
//!
//! Order of locks: a transaction first locks the rows of its cases, then the rows of
//! `tenant_competition_lock` (one per tenant) in the order of their owners, and only then writes
//! `case_key` and `competition_check`. A transaction that writes several rows of these two tables
//! holds the lock of their tenant, so replicas cannot deadlock on them.
use super::{
    case_keys,
    entity::{case_key, competition_check, tenant_competition_lock},
};
use crate::domain::{ReviewCase, Rivals};
use cpor_bulk_rows::fetch_all;
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx, Versioned,
    ids::{CaseId, TenantId},
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    Set, UpdateMany,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of keys or rows in one statement.
const CHUNK_SIZE: usize = 1000;

/// The maximum number of checks that are read at once.
const CHECKS_PER_READ: u64 = 256;

/// Saves the effects of the changes on the competition:
/// - Marks the checks whose rivals are saved with the changes as complete.
/// - Updates the index of competing keys (the table `case_key`).
/// - Requests checks of the changed cases, and of all cases that have a key in common with them
///   before or after the change.
///
/// Executes no statement if no change affects the competition. Returns the cases whose new rivals
/// are out of date.
pub(super) async fn save_for_changes(
    tx: &Tx,
    changes: &[Change<ReviewCase>],
) -> Result<Vec<(AggregateKey, OutdatedCheck)>, StoreError> {
    let affects_competition = |change: &&Change<ReviewCase>| {
        competition_input(change.before.as_ref()) != competition_input(Some(&change.after))
    };
    let relevant: Vec<_> = changes.iter().filter(affects_competition).collect();
    let mut keys_by_owner = BTreeMap::<&str, BTreeSet<String>>::new();
    for change in &relevant {
        let keys = keys_by_owner.entry(&change.key.owner).or_default();
        keys.extend(case_keys::indexed_keys(change.before.as_ref()));
        keys.extend(case_keys::indexed_keys(Some(&change.after)));
    }
    let checks = completed_checks(changes);
    let owners: BTreeSet<&str> =
        keys_by_owner.keys().copied().chain(checks.iter().map(|check| check.key.owner.as_str())).collect();
    lock_tenants(tx, owners).await?;
    let outdated = complete_checks(tx, checks).await?;
    if !outdated.is_empty() {
        return Ok(outdated);
    }
    case_keys::save_for_changes(tx, changes).await?;
    let mut affected: BTreeSet<AggregateKey> = relevant.iter().map(|change| change.key.clone()).collect();
    for (owner, keys) in keys_by_owner {
        affected.extend(cases_with_keys(tx, owner, keys).await?);
    }
    request_checks(tx, affected).await?;
    Ok(Vec::new())
}

/// The error if the rivals that a check found must not be saved: another check of the case was
/// requested since the check began, so a case that it read may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutdatedCheck;

/// Returns the checks whose rivals are saved with these changes.
fn completed_checks(changes: &[Change<ReviewCase>]) -> Vec<CompetitionCheck> {
    let checks_of = |Change { key, events, .. }: &Change<ReviewCase>| {
        let counts = events.iter().filter_map(|recorded| recorded.event.requested_count_of_check());
        counts.map(|requested_count| CompetitionCheck { key: key.clone(), requested_count }).collect::<Vec<_>>()
    };
    changes.iter().flat_map(checks_of).collect()
}

/// Marks the checks as complete. Returns the cases whose rivals are out of date. Executes one
/// statement for each check.
async fn complete_checks(tx: &Tx, checks: Vec<CompetitionCheck>) -> Result<Vec<(AggregateKey, OutdatedCheck)>, DbErr> {
    let mut outdated = Vec::new();
    for check in checks {
        let is_current = competition_check::Column::RequestedCount.eq(check.requested_count);
        if mark_completed(&check).filter(is_current).exec(tx).await?.rows_affected == 0 {
            outdated.push((check.key, OutdatedCheck));
        }
    }
    Ok(outdated)
}

/// Returns the data of a case that a competition check depends on: its competing keys, whether it
/// is open, and its keys that were awarded to rivals (a check drops such an award if the rival no
/// longer competes).
fn competition_input(case: Option<&Versioned<ReviewCase>>) -> (BTreeSet<String>, bool, Rivals) {
    let is_open = case.is_some_and(|case| case.state.phase().is_open());
    let awarded_to_rivals = case.map(|case| case.state.competition.awarded_to_rivals.clone()).unwrap_or_default();
    (case_keys::indexed_keys(case), is_open, awarded_to_rivals)
}

/// Locks the tenants, so that transactions that change the competing keys or complete checks of the
/// same tenant run one after the other.
async fn lock_tenants(tx: &Tx, owners: BTreeSet<&str>) -> Result<(), DbErr> {
    let rows: Vec<_> =
        owners.into_iter().map(|owner| tenant_competition_lock::ActiveModel { owner: Set(owner.into()) }).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // An update of an existing row locks it, even if the update changes nothing.
    let lock = OnConflict::column(tenant_competition_lock::Column::Owner)
        .update_column(tenant_competition_lock::Column::Owner)
        .to_owned();
    tenant_competition_lock::Entity::insert_many(rows).on_conflict(lock).exec_without_returning(tx).await.map(drop)
}

/// Returns the cases of a tenant that compete for one of these keys: open cases, and approved cases
/// whose line for the key (the part of the claim that is about it) has not ended.
pub(super) async fn cases_with_keys(
    db: &impl sea_orm::ConnectionTrait,
    owner: &str,
    keys: impl IntoIterator<Item = String>,
) -> Result<BTreeSet<AggregateKey>, StoreError> {
    let (keys, mut cases): (Vec<_>, _) = (keys.into_iter().collect(), BTreeSet::new());
    for chunk in keys.chunks(CHUNK_SIZE) {
        let query = case_key::Entity::find()
            .filter(case_key::Column::Owner.eq(TenantId::from(owner)))
            .filter(case_key::Column::Key.is_in(chunk.iter().cloned()));
        let rows = fetch_all(db, query).await?;
        cases.extend(rows.into_iter().map(|row| AggregateKey::new(row.owner, row.id.into())));
    }
    Ok(cases)
}

async fn request_checks(tx: &Tx, cases: BTreeSet<AggregateKey>) -> Result<(), DbErr> {
    let row = |AggregateKey { owner, id }: &AggregateKey| competition_check::ActiveModel {
        owner: Set(owner.clone().into()),
        id: Set((*id).into()),
        requested_count: Set(1),
        completed_count: Set(0),
    };
    let rows: Vec<_> = cases.iter().map(row).collect();
    for chunk in rows.chunks(CHUNK_SIZE) {
        let increment = OnConflict::columns([competition_check::Column::Owner, competition_check::Column::Id])
            .value(
                competition_check::Column::RequestedCount,
                Expr::col((competition_check::Entity, competition_check::Column::RequestedCount)).add(1_i64),
            )
            .to_owned();
        let insert = competition_check::Entity::insert_many(chunk.iter().cloned()).on_conflict(increment);
        insert.exec_without_returning(tx).await?;
    }
    Ok(())
}

/// A requested check of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompetitionCheck {
    /// The storage key of the case.
    pub key: AggregateKey,
    /// How often a check of this case had been requested when the check was read. A later request
    /// needs another check.
    pub requested_count: i64,
}

/// Reads at most [`CHECKS_PER_READ`] requested checks that have not run yet.
pub(crate) async fn find_open_checks(db: &DatabaseConnection) -> Result<Vec<CompetitionCheck>, StoreError> {
    let order = [competition_check::Column::Owner, competition_check::Column::Id];
    let query = order.into_iter().fold(select_open(), |query, column| query.order_by_asc(column));
    let rows = fetch_all(db, query.limit(CHECKS_PER_READ)).await?;
    let from_row = |row: competition_check::Model| CompetitionCheck {
        key: AggregateKey::new(row.owner, row.id.into()),
        requested_count: row.requested_count,
    };
    Ok(rows.into_iter().map(from_row).collect())
}

/// Counts the cases with a requested check that has not run yet.
pub(crate) async fn count_open(db: &DatabaseConnection) -> Result<u64, DbErr> {
    select_open().count(db).await
}

/// Marks a check as complete. Requests that came after the check was read stay open.
pub(crate) async fn complete(db: &DatabaseConnection, check: &CompetitionCheck) -> Result<(), DbErr> {
    mark_completed(check)
        .filter(competition_check::Column::CompletedCount.lt(check.requested_count))
        .exec(db)
        .await
        .map(drop)
}

fn mark_completed(
    CompetitionCheck { key, requested_count }: &CompetitionCheck,
) -> UpdateMany<competition_check::Entity> {
    competition_check::Entity::update_many()
        .col_expr(competition_check::Column::CompletedCount, Expr::value(*requested_count))
        .filter(competition_check::Column::Owner.eq(TenantId::from(key.owner.as_str())))
        .filter(competition_check::Column::Id.eq(CaseId::from(key.id)))
}

fn select_open() -> Select<competition_check::Entity> {
    let (requested_count, completed_count) =
        (competition_check::Column::RequestedCount, competition_check::Column::CompletedCount);
    competition_check::Entity::find().filter(Expr::col(completed_count).lt(Expr::col(requested_count)))
}
