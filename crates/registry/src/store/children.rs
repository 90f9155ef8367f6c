//! Rows that belong to tenants: read, replaced and deleted many at a time. The tenant's own row is locked and guarded,
//! so these need no guard of their own.
use cpor_durable::Tx;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, PrimaryKeyToColumn,
    QueryFilter, Select,
};
use uuid::Uuid;

/// Values that one statement carries at most (SQLite admits 32,766).
const MAX_VALUES: usize = 30_000;

/// The rows of these tenants. One statement text on PostgreSQL, however many tenants.
pub(super) fn of<E: EntityTrait>(db: &impl ConnectionTrait, tenant: E::Column, tenants: &[Uuid]) -> Select<E> {
    let ids = tenants.iter().copied();
    E::find().filter(match db.get_database_backend() {
        DbBackend::Postgres => tenant.eq_any(ids),
        _ => tenant.is_in(ids),
    })
}

/// Inserts rows, or replaces those with the same primary key.
pub(super) async fn upsert<A>(tx: &Tx, rows: Vec<A>) -> Result<(), DbErr>
where
    A: ActiveModelTrait + Send,
{
    let key: Vec<_> = <A::Entity as EntityTrait>::PrimaryKey::iter().map(|key| key.into_column()).collect();
    let is_key = |column: &<A::Entity as EntityTrait>::Column| key.iter().any(|key| key.to_string() == column.to_string());
    let columns: Vec<_> = <A::Entity as EntityTrait>::Column::iter().collect();
    let rest: Vec<_> = columns.iter().copied().filter(|column| !is_key(column)).collect();
    let mut on_conflict = OnConflict::columns(key.iter().copied());
    if rest.is_empty() {
        on_conflict.do_nothing();
    } else {
        on_conflict.update_columns(rest);
    }
    for piece in pieces(rows, columns.len()) {
        A::Entity::insert_many(piece).on_conflict(on_conflict.clone()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Deletes the rows that match any of these conditions, each of `width` values.
pub(super) async fn delete<E: EntityTrait>(tx: &Tx, rows: Vec<Expr>, width: usize) -> Result<(), DbErr> {
    for piece in pieces(rows, width) {
        let any = piece.into_iter().fold(Condition::any(), Condition::add);
        E::delete_many().filter(any).exec(tx).await?;
    }
    Ok(())
}

fn pieces<T>(mut rows: Vec<T>, width: usize) -> impl Iterator<Item = Vec<T>> {
    let most = (MAX_VALUES / width.max(1)).max(1);
    std::iter::from_fn(move || {
        let rest = rows.split_off(rows.len().min(most));
        let piece = std::mem::replace(&mut rows, rest);
        (!piece.is_empty()).then_some(piece)
    })
}
