//! Statements that insert, update and delete many rows of an entity. Each begins with `WITH s AS
//! (…)`, which makes the given rows available as the table `s`.
use std::collections::{BTreeMap, HashSet};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic as _, Iterable as _, Statement};

use crate::{
    InputRows, KeyValue, Sql, to_bigint,
    values::{integer_value, primary_key, primary_key_from_row, primary_key_of},
};

/// Inserts or updates whole rows, each only if the stored row has an expected version. Every column
/// of a row must be set. Returns the primary keys of the rows that were not saved, because the
/// stored row has another version.
///
/// Each row comes with the version that the stored row must still have (0: there must be no row).
/// `version` is a big integer column.
///
/// # Errors
/// Returns an error if the database fails.
pub async fn save_versioned<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    version: E::Column,
    rows: impl IntoIterator<Item = (u64, E::ActiveModel)>,
) -> Result<Vec<Vec<KeyValue>>, DbErr> {
    // One statement saves all rows with the same difference between new and previous version.
    // Nearly always there is only one such difference.
    let mut groups = BTreeMap::<i64, Vec<E::ActiveModel>>::new();
    for (previous, row) in rows {
        groups.entry(integer_value(&row, version)? - to_bigint(previous)?).or_default().push(row);
    }
    let mut not_saved = Vec::new();
    for (difference, rows) in groups {
        let keys = rows.iter().map(primary_key_of::<E>).collect::<Result<Vec<_>, _>>()?;
        let mut saved = HashSet::new();
        for chunk in InputRows::with_all_columns::<E>(rows)?.chunks() {
            let upsert = versioned_upsert::<E>(tx.get_database_backend(), version, chunk, difference)?;
            for row in tx.query_all_raw(upsert).await? {
                saved.insert(primary_key_from_row::<E>(&row)?);
            }
        }
        not_saved.extend(keys.into_iter().filter(|key| !saved.contains(key)));
    }
    Ok(not_saved)
}

/// Returns the statement that inserts or updates `rows`. It updates a stored row only if the row's
/// version is lower than the new version by exactly `difference`.
fn versioned_upsert<E: EntityTrait>(
    backend: DbBackend,
    version: E::Column,
    rows: InputRows,
    difference: i64,
) -> Result<Statement, DbErr> {
    let mut sql = Sql::insert::<E>(backend, rows)?;
    sql.push(" ON CONFLICT (").primary_key::<E>("").push(") DO UPDATE SET ");
    push_assignments::<E>(&mut sql);
    sql.push(" WHERE ").table::<E>().push(".").columns("", [version]);
    sql.push(" = ").columns("excluded.", [version]).push(" - ").bind(difference);
    sql.push(" RETURNING ").primary_key::<E>("");
    Ok(sql.statement())
}

/// Inserts rows. Every column of a row must be set.
///
/// # Errors
/// Returns an error if the database fails or one of the rows exists already.
pub async fn insert<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<(), DbErr> {
    for chunk in InputRows::with_all_columns::<E>(rows)?.chunks() {
        tx.execute_raw(Sql::insert::<E>(tx.get_database_backend(), chunk)?.statement()).await?;
    }
    Ok(())
}

/// Inserts the rows that break no uniqueness rule, and returns the indices of the other rows, in
/// order.
///
/// Of several rows with the same primary key, the first is inserted. The caller must order the rows
/// in the same way in every transaction, so that transactions do not deadlock.
///
/// # Errors
/// Returns an error if the database fails.
pub async fn insert_new<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<Vec<usize>, DbErr> {
    let (mut seen, mut keys, mut first_rows) = (HashSet::new(), Vec::new(), Vec::new());
    for row in rows {
        let key = primary_key_of::<E>(&row)?;
        // The database returns only the keys of inserted rows, and a duplicate has the same key. So
        // a duplicate is not sent.
        let is_first = seen.insert(key.clone());
        keys.push(is_first.then_some(key));
        first_rows.extend(is_first.then_some(row));
    }
    let mut inserted = HashSet::with_capacity(first_rows.len());
    for chunk in InputRows::with_all_columns::<E>(first_rows)?.chunks() {
        let mut sql = Sql::insert::<E>(tx.get_database_backend(), chunk)?;
        sql.push(" ON CONFLICT DO NOTHING RETURNING ").primary_key::<E>("");
        for row in tx.query_all_raw(sql.statement()).await? {
            inserted.insert(primary_key_from_row::<E>(&row)?);
        }
    }
    let is_inserted = |key: &Option<_>| key.as_ref().is_some_and(|key| inserted.contains(key));
    Ok(keys.iter().enumerate().filter(|(_, key)| !is_inserted(key)).map(|(index, _)| index).collect())
}

/// Inserts or replaces whole rows by their primary key. Every column of a row must be set.
///
/// # Errors
/// Returns an error if the database fails.
pub async fn upsert<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<(), DbErr> {
    for chunk in InputRows::with_all_columns::<E>(rows)?.chunks() {
        let mut sql = Sql::insert::<E>(tx.get_database_backend(), chunk)?;
        sql.push(" ON CONFLICT (").primary_key::<E>("");
        if other_columns::<E>().next().is_none() {
            sql.push(") DO NOTHING");
        } else {
            sql.push(") DO UPDATE SET ");
            push_assignments::<E>(&mut sql);
        }
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Updates some columns of existing rows, which their primary keys identify. Only the columns of
/// the primary key and `columns` must be set. A database role that may change only these columns
/// can execute it, in contrast to [`upsert`].
///
/// # Errors
/// Returns an error if the database fails.
pub async fn update_columns<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    columns: &[E::Column],
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<(), DbErr> {
    let sent = primary_key::<E>().chain(columns.iter().copied());
    for chunk in InputRows::from_models::<E>(sent, rows)?.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("UPDATE ").table::<E>().push(" SET ");
        for (index, column) in columns.iter().enumerate() {
            sql.push(if index > 0 { ", " } else { "" }).columns("", [*column]).push(" = ").columns("s.", [*column]);
        }
        sql.push(" FROM s WHERE ");
        for (index, column) in primary_key::<E>().enumerate() {
            sql.push(if index > 0 { " AND " } else { "" }).table::<E>().push(".").columns("", [column]);
            sql.push(" = ").columns("s.", [column]);
        }
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Deletes rows by their primary key and returns the number of deleted rows. Only the columns of
/// the primary key must be set.
///
/// # Errors
/// Returns an error if the database fails.
pub async fn delete<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<u64, DbErr> {
    let mut deleted = 0;
    for chunk in InputRows::from_models::<E>(primary_key::<E>(), rows)?.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("DELETE FROM ").table::<E>().push(" WHERE (").primary_key::<E>("");
        sql.push(") IN (SELECT ").primary_key::<E>("s.").push(" FROM s)");
        deleted += tx.execute_raw(sql.statement()).await?.rows_affected();
    }
    Ok(deleted)
}

/// Returns the columns of `E` that are not part of its primary key.
fn other_columns<E: EntityTrait>() -> impl Iterator<Item = E::Column> {
    let key: Vec<&str> = primary_key::<E>().map(|column| column.as_str()).collect();
    E::Column::iter().filter(move |column| !key.contains(&column.as_str()))
}

/// Appends `"column" = excluded."column"` for each column outside of the primary key.
fn push_assignments<E: EntityTrait>(sql: &mut Sql) {
    for (index, column) in other_columns::<E>().enumerate() {
        sql.push(if index > 0 { ", " } else { "" }).columns("", [column]).push(" = ").columns("excluded.", [column]);
    }
}
