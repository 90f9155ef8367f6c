use std::collections::{BTreeMap, HashSet};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic, Iterable,
    PrimaryKeyToColumn, QueryResult, Value,
};

use uuid::Uuid;

use super::{Column, Kind, Sql, Table, table::widen};
use crate::{Key, StoreError, Tx};

/// Loads the rows of `E` with these keys, locked until the transaction ends, in the order of owner and id, so that no
/// two transactions wait for each other in a circle. (SQLite has one writer; it needs no lock.)
///
/// # Errors
/// The database's.
pub async fn lock<E: EntityTrait>(tx: &Tx, keys: &[Key]) -> Result<Vec<E::Model>, DbErr> {
    let order = ["owner", "id"];
    let mut found = Vec::with_capacity(keys.len());
    for mut sql in select::<E>(tx.get_database_backend(), order, keys)? {
        sql.push(" ORDER BY ").names("", order).for_update();
        found.extend(E::find().from_raw_sql(sql.statement()).all(tx).await?);
    }
    Ok(found)
}

/// Loads the rows of `E` whose columns `owner` and `id` (named in that order) hold one of `keys`, ordered by primary key.
/// For the children of aggregates that [`lock`] has locked, and for reads outside the writer.
///
/// # Errors
/// The database's.
pub async fn children<E: EntityTrait>(
    db: &impl ConnectionTrait,
    [owner, id]: [E::Column; 2],
    keys: &[Key],
) -> Result<Vec<E::Model>, DbErr> {
    let mut found = Vec::new();
    for mut sql in select::<E>(db.get_database_backend(), [owner.as_str(), id.as_str()], keys)? {
        sql.push(" ORDER BY ").names("", primary_key::<E>());
        found.extend(E::find().from_raw_sql(sql.statement()).all(db).await?);
    }
    Ok(found)
}

/// Loads the rows of `E` whose `column` holds one of `ids`, ordered by primary key.
///
/// # Errors
/// The database's.
pub async fn by_id<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    ids: &[Uuid],
) -> Result<Vec<E::Model>, DbErr> {
    let mut table = Table::new(vec![Column::new("id", Kind::Uuid)]);
    ids.iter().for_each(|id| table.push([(*id).into()]));
    let mut found = Vec::new();
    for piece in table.pieces() {
        let mut sql = Sql::with(db.get_database_backend(), piece)?;
        select_from::<E>(&mut sql).names("", [column.as_str()]).push(") IN (SELECT s.id FROM s) ORDER BY ");
        sql.names("", primary_key::<E>());
        found.extend(E::find().from_raw_sql(sql.statement()).all(db).await?);
    }
    Ok(found)
}

fn select_from<E: EntityTrait>(sql: &mut Sql) -> &mut Sql {
    sql.push("SELECT ").names("", E::Column::iter().map(|column| column.as_str()));
    sql.push(" FROM \"").push(E::default().table_name()).push("\" WHERE (")
}

fn select<E: EntityTrait>(backend: DbBackend, columns: [&str; 2], keys: &[Key]) -> Result<Vec<Sql>, DbErr> {
    key_table(keys)
        .pieces()
        .map(|piece| {
            let mut sql = Sql::with(backend, piece)?;
            select_from::<E>(&mut sql).names("", columns).push(") IN (SELECT s.owner, s.id FROM s)");
            Ok(sql)
        })
        .collect()
}

fn key_table(keys: &[Key]) -> Table {
    let mut table = Table::new(vec![Column::new("owner", Kind::Text), Column::new("id", Kind::Uuid)]);
    for Key { owner, id } in keys {
        table.push([owner.clone().into(), (*id).into()]);
    }
    table
}

/// Inserts or updates whole rows of aggregates, each with the version that its stored row must still have (0: there
/// must be none): [`Change::previous_version`](crate::Change::previous_version). Every column of a row must be set.
///
/// # Errors
/// [`StoreError::Lost`] with the keys whose rows have another version by now; the database's.
pub async fn save<E: EntityTrait>(
    tx: &Tx,
    rows: impl IntoIterator<Item = (u64, E::ActiveModel)>,
) -> Result<(), StoreError> {
    // One statement for each distance between old and new version; nearly always there is one.
    let mut groups = BTreeMap::<i64, Vec<E::ActiveModel>>::new();
    for (previous, row) in rows {
        groups.entry(integer(&row, "version")? - stored(previous)?).or_default().push(row);
    }
    let mut lost = Vec::new();
    for (distance, rows) in groups {
        let keys: Vec<Key> = rows.iter().map(key).collect::<Result<_, _>>()?;
        let mut saved = HashSet::new();
        for piece in table::<E>(rows)?.pieces() {
            for row in tx.query_all_raw(guarded_upsert::<E>(tx.get_database_backend(), piece, distance)?).await? {
                saved.insert(Key { owner: row.try_get("", "owner")?, id: row.try_get("", "id")? });
            }
        }
        lost.extend(keys.into_iter().filter(|key| !saved.contains(key)));
    }
    if lost.is_empty() { Ok(()) } else { Err(StoreError::Lost(lost)) }
}

fn guarded_upsert<E: EntityTrait>(backend: DbBackend, rows: Table, distance: i64) -> Result<sea_orm::Statement, DbErr> {
    let entity = E::default();
    let name = entity.table_name();
    let columns: Vec<String> = rows.names().map(str::to_owned).collect();
    let mut sql = insert_select(backend, name, rows)?;
    sql.push(" ON CONFLICT (owner, id) DO UPDATE SET ");
    excluded(&mut sql, columns.iter().filter(|column| !["owner", "id"].contains(&column.as_str())));
    sql.push(&format!(r#" WHERE "{name}".version = excluded.version - "#)).bind(distance);
    sql.push(" RETURNING owner, id");
    Ok(sql.statement())
}

/// Inserts rows, such as history entries. Every column of a row must be set.
///
/// # Errors
/// The database's; a row that is there already is one.
pub async fn insert<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<(), DbErr> {
    let entity = E::default();
    for piece in table::<E>(rows)?.pieces() {
        let sql = insert_select(tx.get_database_backend(), entity.table_name(), piece)?;
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Inserts those rows that no uniqueness rule refuses, and answers the indices of the refused ones, in order: for a
/// store's clashes. Of rows with the same primary key the first is taken. Give the rows in an order that every
/// transaction follows, so that none wait in a circle.
///
/// # Errors
/// The database's.
pub async fn insert_new<E: EntityTrait>(
    tx: &Tx,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<Vec<usize>, DbErr> {
    let (mut first, mut keys, mut new) = (HashSet::new(), Vec::new(), Vec::new());
    for row in rows {
        let key = identity::<E>(&row)?;
        // The second one would not be told from the first by what the database answers.
        let taken = first.insert(key.clone());
        keys.push(taken.then_some(key));
        new.extend(taken.then_some(row));
    }
    let mut inserted = HashSet::with_capacity(new.len());
    for piece in table::<E>(new)?.pieces() {
        let mut sql = insert_select(tx.get_database_backend(), E::default().table_name(), piece)?;
        sql.push(" ON CONFLICT DO NOTHING RETURNING ").names("", primary_key::<E>());
        for row in tx.query_all_raw(sql.statement()).await? {
            inserted.insert(returned_identity::<E>(&row)?);
        }
    }
    let refused = keys.iter().enumerate().filter(|(_, key)| key.as_ref().is_none_or(|key| !inserted.contains(key)));
    Ok(refused.map(|(n, _)| n).collect())
}

/// Inserts or replaces whole rows by their primary key: for children of aggregates, whose own row is locked and guarded.
/// Every column of a row must be set.
///
/// # Errors
/// The database's.
pub async fn upsert<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<(), DbErr> {
    let (entity, key) = (E::default(), primary_key::<E>());
    for piece in table::<E>(rows)?.pieces() {
        let columns: Vec<String> = piece.names().filter(|name| !key.contains(name)).map(str::to_owned).collect();
        let mut sql = insert_select(tx.get_database_backend(), entity.table_name(), piece)?;
        sql.push(" ON CONFLICT (").names("", key.iter().copied());
        sql.push(if columns.is_empty() { ") DO NOTHING" } else { ") DO UPDATE SET " });
        excluded(&mut sql, columns.iter());
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Deletes rows by their primary key, which is all of them that must be set. Answers how many there were.
///
/// # Errors
/// The database's.
pub async fn delete<E: EntityTrait>(tx: &Tx, rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<u64, DbErr> {
    let (entity, key) = (E::default(), primary_key::<E>());
    let columns: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let mut table = Table::new(columns.iter().map(described).collect::<Result<_, _>>()?);
    for row in rows {
        table.push(primary_values::<E>(&row)?);
    }
    let mut deleted = 0;
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("DELETE FROM \"").push(entity.table_name()).push("\" WHERE (").names("", key.iter().copied());
        sql.push(") IN (SELECT ").names("s.", key.iter().copied()).push(" FROM s)");
        deleted += tx.execute_raw(sql.statement()).await?.rows_affected();
    }
    Ok(deleted)
}

fn excluded<'a>(sql: &mut Sql, columns: impl Iterator<Item = &'a String>) {
    for (n, column) in columns.enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        sql.push(&format!(r#"{comma}"{column}" = excluded."{column}""#));
    }
}

fn insert_select(backend: DbBackend, name: &str, rows: Table) -> Result<Sql, DbErr> {
    let columns: Vec<String> = rows.names().map(str::to_owned).collect();
    let names = || columns.iter().map(String::as_str);
    let mut sql = Sql::with(backend, rows)?;
    sql.push("INSERT INTO \"").push(name).push("\" (").names("", names());
    // Without the WHERE, SQLite takes the ON of ON CONFLICT for a join's.
    sql.push(") SELECT ").names("s.", names()).push(" FROM s WHERE TRUE");
    Ok(sql)
}

/// The rows as a table with every column of the entity.
fn table<E: EntityTrait>(rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<Table, DbErr> {
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let mut table = Table::new(columns.iter().map(described).collect::<Result<_, _>>()?);
    for row in rows {
        let values: Vec<Value> = columns.iter().map(|column| value(&row, *column)).collect::<Result<_, _>>()?;
        table.push(values);
    }
    Ok(table)
}

fn described<C: ColumnTrait>(column: &C) -> Result<Column, DbErr> {
    let definition = column.def();
    let kind = Kind::of(definition.get_column_type())?;
    Ok(match definition.is_null() {
        true => Column::nullable(column.as_str(), kind),
        false => Column::new(column.as_str(), kind),
    })
}

fn value<A: ActiveModelTrait>(row: &A, column: <A::Entity as EntityTrait>::Column) -> Result<Value, DbErr> {
    match row.get(column) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Ok(value),
        ActiveValue::NotSet => Err(DbErr::AttrNotSet(column.as_str().to_owned())),
    }
}

fn named<A: ActiveModelTrait>(row: &A, name: &str) -> Result<Value, DbErr> {
    let column = <A::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == name);
    value(row, column.ok_or_else(|| DbErr::Type(format!("the table has no column {name}")))?)
}

fn integer<A: ActiveModelTrait>(row: &A, name: &str) -> Result<i64, DbErr> {
    let value = named(row, name)?;
    let Value::BigInt(Some(n)) = value else {
        return Err(DbErr::Type(format!("column {name} holds {value:?} instead of an i64")));
    };
    Ok(n)
}

fn key<A: ActiveModelTrait>(row: &A) -> Result<Key, DbErr> {
    match (named(row, "owner")?, named(row, "id")?) {
        (Value::String(Some(owner)), Value::Uuid(Some(id))) => Ok(Key { owner, id }),
        other => Err(DbErr::Type(format!("{other:?} is not an owner and an id"))),
    }
}

/// A count as the databases store it.
pub(crate) fn stored(count: u64) -> Result<i64, DbErr> {
    i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))
}

fn primary_key<E: EntityTrait>() -> Vec<&'static str> {
    E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect()
}

fn primary_values<E: EntityTrait>(row: &E::ActiveModel) -> Result<Vec<Value>, DbErr> {
    E::PrimaryKey::iter().map(|key| value(row, key.into_column())).collect()
}

/// A value of a primary key, the same whether we wrote or read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Cell {
    Text(String),
    Int(i64),
    Uuid(Uuid),
}

impl Cell {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the driver's values; all others are no keys of ours")]
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => text.map(Self::Text),
            Value::BigInt(n) => n.map(Self::Int),
            Value::Uuid(id) => id.map(Self::Uuid),
            _ => None,
        }
    }
}

fn identity<E: EntityTrait>(row: &E::ActiveModel) -> Result<Vec<Cell>, DbErr> {
    let values = primary_values::<E>(row)?.into_iter();
    values
        .map(|value| Cell::of(widen(value)?).ok_or_else(|| DbErr::Type("a primary key of another type".to_owned())))
        .collect()
}

fn returned_identity<E: EntityTrait>(row: &QueryResult) -> Result<Vec<Cell>, DbErr> {
    E::PrimaryKey::iter()
        .map(|key| key.into_column())
        .map(|column| {
            let name = column.as_str();
            Ok(match Kind::of(column.def().get_column_type())? {
                Kind::Text => Cell::Text(row.try_get("", name)?),
                Kind::Int => Cell::Int(row.try_get("", name).or_else(|_| row.try_get::<i32>("", name).map(i64::from))?),
                Kind::Uuid => Cell::Uuid(row.try_get("", name)?),
                kind @ (Kind::Bool | Kind::Float | Kind::Bytes | Kind::Json | Kind::Time | Kind::Date) => {
                    return Err(DbErr::Type(format!("{kind:?} in a primary key")));
                }
            })
        })
        .collect()
}
