//! Statements that insert, update and delete many rows of an entity.
use std::collections::{BTreeMap, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement};

use super::{
    InputRows, Sql,
    model_values::{
        aggregate_key, input_rows, integer_value, primary_key, primary_key_columns, primary_key_from_row,
        primary_key_rows, to_bigint,
    },
};
use crate::{AggregateKey, StoreError, Tx};

/// Inserts or updates whole rows of aggregates. Every column of a row must be set.
///
/// Each row comes with the version that the stored row must still have (0: there must be no row),
/// which is [`Change::previous_version`](crate::Change::previous_version).
///
/// # Errors
/// [`StoreError::ConcurrentChange`] with the keys of the rows that have another version;
/// [`StoreError::Db`] if the database fails.
pub async fn save<E: EntityTrait>(
    tx: &Tx,
    rows: impl IntoIterator<Item = (u64, E::ActiveModel)>,
) -> Result<(), StoreError> {
    // One statement serves all rows with the same difference between new and previous version.
    // Nearly always there is only one difference.
    let mut groups = BTreeMap::<i64, Vec<E::ActiveModel>>::new();
    for (previous, row) in rows {
        groups.entry(integer_value(&row, "version")? - to_bigint(previous)?).or_default().push(row);
    }
    let mut not_saved = Vec::new();
    for (difference, rows) in groups {
        let keys: Vec<AggregateKey> = rows.iter().map(aggregate_key).collect::<Result<_, _>>()?;
        let mut saved = HashSet::new();
        for chunk in input_rows::<E>(rows)?.chunks() {
            let upsert = versioned_upsert::<E>(tx.get_database_backend(), chunk, difference)?;
            for row in tx.query_all_raw(upsert).await? {
                saved.insert(AggregateKey { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? });
            }
        }
        not_saved.extend(keys.into_iter().filter(|key| !saved.contains(key)));
    }
    if not_saved.is_empty() { Ok(()) } else { Err(StoreError::ConcurrentChange(not_saved)) }
}

/// Returns the statement that inserts or updates `rows`. It updates a stored row only if the row's
/// version is lower than the new version by exactly `difference`.
fn versioned_upsert<E: EntityTrait>(backend: DbBackend, rows: InputRows, difference: i64) -> Result<Statement, DbErr> {
    let entity = E::default();
    let table = entity.table_name();
    let columns: Vec<String> = rows.names().map(str::to_owned).collect();
    let mut sql = insert_select(backend, table, rows)?;
    sql.push(" ON CONFLICT (owner, id) DO UPDATE SET ");
    push_assignments(&mut sql, columns.iter().filter(|column| !["owner", "id"].contains(&column.as_str())));
    sql.push(&format!(r#" WHERE "{table}".version = excluded.version - "#)).bind(difference);
    sql.push(" RETURNING owner, id");
    Ok(sql.statement())
}

/// Inserts rows, such as history entries. Every column of a row must be set.
///
/// # Errors
/// If the database fails, also because a row exists already.
pub async fn insert<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<(), DbErr> {
    let entity = E::default();
    for chunk in input_rows::<E>(rows)?.chunks() {
        let sql = insert_select(tx.get_database_backend(), entity.table_name(), chunk)?;
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Inserts the rows that break no uniqueness rule, and returns the indices of the other rows, in
/// order. A store turns these into conflicts.
///
/// Of several rows with the same primary key, the first is inserted. The caller must order the rows
/// in the same way in every transaction, so that transactions do not deadlock.
///
/// # Errors
/// If the database fails.
pub async fn insert_new<E: EntityTrait>(
    tx: &Tx,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<Vec<usize>, DbErr> {
    let (mut seen, mut keys, mut first_rows) = (HashSet::new(), Vec::new(), Vec::new());
    for row in rows {
        let key = primary_key::<E>(&row)?;
        // The database returns the keys of inserted rows, which do not tell a row from its
        // duplicate. So a duplicate is not sent.
        let is_first = seen.insert(key.clone());
        keys.push(is_first.then_some(key));
        first_rows.extend(is_first.then_some(row));
    }
    let mut inserted = HashSet::with_capacity(first_rows.len());
    for chunk in input_rows::<E>(first_rows)?.chunks() {
        let mut sql = insert_select(tx.get_database_backend(), E::default().table_name(), chunk)?;
        sql.push(" ON CONFLICT DO NOTHING RETURNING ").names("", primary_key_columns::<E>());
        for row in tx.query_all_raw(sql.statement()).await? {
            inserted.insert(primary_key_from_row::<E>(&row)?);
        }
    }
    let is_inserted = |key: &Option<_>| key.as_ref().is_some_and(|key| inserted.contains(key));
    Ok(keys.iter().enumerate().filter(|(_, key)| !is_inserted(key)).map(|(index, _)| index).collect())
}

/// Inserts or replaces whole rows by their primary key. Every column of a row must be set.
///
/// Used for child rows of aggregates, whose own row is locked and guarded by its version.
///
/// # Errors
/// If the database fails.
pub async fn upsert<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<(), DbErr> {
    let (entity, key_columns) = (E::default(), primary_key_columns::<E>());
    for chunk in input_rows::<E>(rows)?.chunks() {
        let columns: Vec<String> =
            chunk.names().filter(|name| !key_columns.contains(name)).map(str::to_owned).collect();
        let mut sql = insert_select(tx.get_database_backend(), entity.table_name(), chunk)?;
        sql.push(" ON CONFLICT (").names("", key_columns.iter().copied());
        sql.push(if columns.is_empty() { ") DO NOTHING" } else { ") DO UPDATE SET " });
        push_assignments(&mut sql, columns.iter());
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Deletes rows by their primary key and returns the number of deleted rows. Only the columns of
/// the primary key must be set.
///
/// # Errors
/// If the database fails.
pub async fn delete<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<u64, DbErr> {
    let (entity, key_columns) = (E::default(), primary_key_columns::<E>());
    let mut deleted = 0;
    for chunk in primary_key_rows::<E>(rows)?.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("DELETE FROM \"").push(entity.table_name()).push("\" WHERE (").names("", key_columns.iter().copied());
        sql.push(") IN (SELECT ").names("s.", key_columns.iter().copied()).push(" FROM s)");
        deleted += tx.execute_raw(sql.statement()).await?.rows_affected();
    }
    Ok(deleted)
}

/// Appends `"column" = excluded."column"` for each column, separated by commas.
fn push_assignments<'a>(sql: &mut Sql, columns: impl Iterator<Item = &'a String>) {
    for (n, column) in columns.enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        sql.push(&format!(r#"{comma}"{column}" = excluded."{column}""#));
    }
}

/// Starts a statement that inserts `rows` into `table`.
fn insert_select(backend: DbBackend, table: &str, rows: InputRows) -> Result<Sql, DbErr> {
    let columns: Vec<String> = rows.names().map(str::to_owned).collect();
    let names = || columns.iter().map(String::as_str);
    let mut sql = Sql::with_rows(backend, rows)?;
    sql.push("INSERT INTO \"").push(table).push("\" (").names("", names());
    // Without the WHERE, SQLite parses the ON of a following ON CONFLICT as the ON of a join.
    sql.push(") SELECT ").names("s.", names()).push(" FROM s WHERE TRUE");
    Ok(sql)
}
