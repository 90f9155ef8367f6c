//! Statements that load the rows of an entity by many keys.
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic as _};
use uuid::Uuid;

use super::{
    Column, ColumnKind, InputRows, Sql,
    model_values::{column_names, primary_key_columns},
};
use crate::{AggregateKey, Tx};

/// Loads the rows of `E` with these keys and locks them until the transaction ends. The rows are
/// locked and returned in the order of owner and id, so that transactions that lock several rows do
/// not deadlock.
///
/// SQLite has no row locks and needs none, because it admits one writer.
///
/// # Errors
/// If the database fails.
pub async fn load_locked<E: EntityTrait>(tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<E::Model>, DbErr> {
    let key_columns = ["owner", "id"];
    let mut models = Vec::with_capacity(keys.len());
    for mut sql in select_by_keys::<E>(tx.get_database_backend(), key_columns, keys)? {
        sql.push(" ORDER BY ").names("", key_columns).for_update();
        models.extend(E::find().from_raw_sql(sql.statement()).all(tx).await?);
    }
    Ok(models)
}

/// Loads the rows of `E` in which the given owner and id columns hold one of `keys`, ordered by
/// primary key.
///
/// Used for child rows of aggregates that [`load_locked`] has locked, and for reads outside the
/// writer.
///
/// # Errors
/// If the database fails.
pub async fn load_children<E: EntityTrait>(
    db: &impl ConnectionTrait,
    [owner, id]: [E::Column; 2],
    keys: &[AggregateKey],
) -> Result<Vec<E::Model>, DbErr> {
    let mut models = Vec::new();
    for mut sql in select_by_keys::<E>(db.get_database_backend(), [owner.as_str(), id.as_str()], keys)? {
        sql.push(" ORDER BY ").names("", primary_key_columns::<E>());
        models.extend(E::find().from_raw_sql(sql.statement()).all(db).await?);
    }
    Ok(models)
}

/// Loads the rows of `E` in which `column` holds one of `ids`, ordered by primary key.
///
/// # Errors
/// If the database fails.
pub async fn load_by_id<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    ids: &[Uuid],
) -> Result<Vec<E::Model>, DbErr> {
    let mut rows = InputRows::new(vec![Column::new("id", ColumnKind::Uuid)]);
    ids.iter().for_each(|id| rows.push([(*id).into()]));
    let mut models = Vec::new();
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        push_select::<E>(&mut sql).names("", [column.as_str()]).push(") IN (SELECT s.id FROM s) ORDER BY ");
        sql.names("", primary_key_columns::<E>());
        models.extend(E::find().from_raw_sql(sql.statement()).all(db).await?);
    }
    Ok(models)
}

/// Appends `SELECT … FROM … WHERE (`.
fn push_select<E: EntityTrait>(sql: &mut Sql) -> &mut Sql {
    sql.push("SELECT ").names("", column_names::<E>());
    sql.push(" FROM \"").push(E::default().table_name()).push("\" WHERE (")
}

/// Returns the statements that select the rows whose two `columns` hold one of `keys`.
fn select_by_keys<E: EntityTrait>(
    backend: DbBackend,
    columns: [&str; 2],
    keys: &[AggregateKey],
) -> Result<Vec<Sql>, DbErr> {
    let mut rows = InputRows::new(vec![Column::new("owner", ColumnKind::Text), Column::new("id", ColumnKind::Uuid)]);
    for AggregateKey { owner, id } in keys {
        rows.push([owner.clone().into(), (*id).into()]);
    }
    rows.chunks()
        .map(|chunk| {
            let mut sql = Sql::with_rows(backend, chunk)?;
            push_select::<E>(&mut sql).names("", columns).push(") IN (SELECT s.owner, s.id FROM s)");
            Ok(sql)
        })
        .collect()
}
