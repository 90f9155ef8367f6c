//! Statements that load the rows of an entity by many keys. Each begins with `WITH s AS (…)`, which
//! makes the keys available as the table `s`.
use sea_orm::{ConnectionTrait, EntityTrait, Iterable as _, Value};

use crate::{InputRows, LoadError, Sql, fetch::decode_row};

/// Loads the rows of `E` in which `columns` hold one of `keys`, ordered by primary key. A key has
/// one value for each column.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn load<E: EntityTrait>(
    db: &impl ConnectionTrait,
    columns: &[E::Column],
    keys: impl IntoIterator<Item = impl IntoIterator<Item = Value>>,
) -> Result<Vec<E::Model>, LoadError> {
    select::<E>(db, columns, keys, |sql| sql.push(" ORDER BY ").primary_key::<E>("")).await
}

/// Loads rows as [`load`] does and locks them until the transaction ends. They are locked and
/// returned in the order of `columns`, so that transactions that lock several rows do not deadlock.
///
/// SQLite has no row locks and needs none, because it allows one writing transaction at a time.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn load_and_lock<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    columns: &[E::Column],
    keys: impl IntoIterator<Item = impl IntoIterator<Item = Value>>,
) -> Result<Vec<E::Model>, LoadError> {
    select::<E>(tx, columns, keys, |sql| sql.push(" ORDER BY ").columns("", columns.iter().copied()).for_update()).await
}

/// Loads the rows of `E` in which `columns` hold one of `keys`. `finish` appends the end of each
/// statement.
async fn select<E: EntityTrait>(
    db: &impl ConnectionTrait,
    columns: &[E::Column],
    keys: impl IntoIterator<Item = impl IntoIterator<Item = Value>>,
    finish: impl Fn(&mut Sql) -> &mut Sql,
) -> Result<Vec<E::Model>, LoadError> {
    let mut statements = Vec::new();
    let mut rows = InputRows::new(columns.iter().copied())?;
    keys.into_iter().for_each(|key| rows.push(key));
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        sql.push("SELECT ").columns("", E::Column::iter()).push(" FROM ").table::<E>();
        sql.push(" WHERE (").columns("", columns.iter().copied());
        sql.push(") IN (SELECT ").columns("s.", columns.iter().copied()).push(" FROM s)");
        finish(&mut sql);
        statements.push(sql.statement());
    }
    let mut models = Vec::new();
    for statement in statements {
        for row in db.query_all_raw(statement).await? {
            models.push(decode_row::<E>(&row)?);
        }
    }
    Ok(models)
}
