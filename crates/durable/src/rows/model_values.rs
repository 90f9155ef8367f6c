//! The values of an entity's rows: as input rows of a statement, and as primary keys that can be
//! compared.
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IdenStatic as _, Iterable as _,
    PrimaryKeyToColumn as _, QueryResult, Value,
};
use uuid::Uuid;

use super::{Column, ColumnKind, InputRows, input_rows::widen};
use crate::AggregateKey;

/// Converts a count or a version to the big integer in which the databases store it.
///
/// # Errors
/// If the count is greater than a big integer can be.
pub fn to_bigint(count: u64) -> Result<i64, DbErr> {
    i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))
}

/// Converts a value to the content of a JSON column.
///
/// # Errors
/// If the value has no form in JSON.
pub fn to_json(value: &impl serde::Serialize) -> Result<sea_orm::JsonValue, DbErr> {
    serde_json::to_value(value).map_err(|error| DbErr::Json(error.to_string()))
}

/// Returns the names of all columns of `E`.
pub(super) fn column_names<E: EntityTrait>() -> impl Iterator<Item = &'static str> {
    E::Column::iter().map(|column| column.as_str())
}

/// Returns the names of the columns of `E`'s primary key.
pub(super) fn primary_key_columns<E: EntityTrait>() -> Vec<&'static str> {
    E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect()
}

/// Converts rows to input rows with every column of the entity.
pub(super) fn input_rows<E: EntityTrait>(rows: impl IntoIterator<Item = E::ActiveModel>) -> Result<InputRows, DbErr> {
    input_rows_of::<E>(E::Column::iter().collect(), rows)
}

/// Converts rows to input rows with the columns of the primary key only.
pub(super) fn primary_key_rows<E: EntityTrait>(
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<InputRows, DbErr> {
    input_rows_of::<E>(E::PrimaryKey::iter().map(|key| key.into_column()).collect(), rows)
}

fn input_rows_of<E: EntityTrait>(
    columns: Vec<E::Column>,
    rows: impl IntoIterator<Item = E::ActiveModel>,
) -> Result<InputRows, DbErr> {
    let mut input_rows = InputRows::new(columns.iter().map(input_column).collect::<Result<_, _>>()?);
    for row in rows {
        let values: Vec<Value> = columns.iter().map(|column| value(&row, *column)).collect::<Result<_, _>>()?;
        input_rows.push(values);
    }
    Ok(input_rows)
}

fn input_column<C: ColumnTrait>(column: &C) -> Result<Column, DbErr> {
    let definition = column.def();
    let kind = ColumnKind::from_column_type(definition.get_column_type())?;
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

fn value_by_name<A: ActiveModelTrait>(row: &A, name: &str) -> Result<Value, DbErr> {
    let column = <A::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == name);
    value(row, column.ok_or_else(|| DbErr::Type(format!("the table has no column {name}")))?)
}

/// Returns the value of a big integer column.
pub(super) fn integer_value<A: ActiveModelTrait>(row: &A, column: &str) -> Result<i64, DbErr> {
    let value = value_by_name(row, column)?;
    let Value::BigInt(Some(integer)) = value else {
        return Err(DbErr::Type(format!("column {column} must be an i64; it is {value:?}")));
    };
    Ok(integer)
}

/// Returns the key in the columns `owner` and `id` of an aggregate's row.
pub(super) fn aggregate_key<A: ActiveModelTrait>(row: &A) -> Result<AggregateKey, DbErr> {
    match (value_by_name(row, "owner")?, value_by_name(row, "id")?) {
        (Value::String(Some(owner)), Value::Uuid(Some(id))) => Ok(AggregateKey { owner, id }),
        other => Err(DbErr::Type(format!("columns owner and id must be a text and a UUID; they are {other:?}"))),
    }
}

/// One value of a primary key. It compares equal whether it comes from a row to be written or from
/// a row that was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum PrimaryKeyValue {
    Text(String),
    Int(i64),
    Uuid(Uuid),
}

impl PrimaryKeyValue {
    #[expect(clippy::wildcard_enum_match_arm, reason = "values of the other types do not occur in primary keys")]
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => text.map(Self::Text),
            Value::BigInt(integer) => integer.map(Self::Int),
            Value::Uuid(id) => id.map(Self::Uuid),
            _ => None,
        }
    }
}

/// Returns the primary key of a row to be written.
pub(super) fn primary_key<E: EntityTrait>(row: &E::ActiveModel) -> Result<Vec<PrimaryKeyValue>, DbErr> {
    let unsupported = || DbErr::Type("a column of a primary key must be a text, an integer or a UUID".to_owned());
    E::PrimaryKey::iter()
        .map(|key| value(row, key.into_column()))
        .map(|value| PrimaryKeyValue::from_value(widen(value?)?).ok_or_else(unsupported))
        .collect()
}

/// Returns the primary key of a row that the database returned.
pub(super) fn primary_key_from_row<E: EntityTrait>(row: &QueryResult) -> Result<Vec<PrimaryKeyValue>, DbErr> {
    E::PrimaryKey::iter()
        .map(|key| key.into_column())
        .map(|column| {
            let name = column.as_str();
            Ok(match ColumnKind::from_column_type(column.def().get_column_type())? {
                ColumnKind::Text => PrimaryKeyValue::Text(row.try_get("", name)?),
                ColumnKind::Int => PrimaryKeyValue::Int(
                    row.try_get("", name).or_else(|_| row.try_get::<i32>("", name).map(i64::from))?,
                ),
                ColumnKind::Uuid => PrimaryKeyValue::Uuid(row.try_get("", name)?),
                kind @ (ColumnKind::Bool
                | ColumnKind::Float
                | ColumnKind::Bytes
                | ColumnKind::Json
                | ColumnKind::Time
                | ColumnKind::Date) => {
                    return Err(DbErr::Type(format!("a primary key must not contain a column of kind {kind:?}")));
                }
            })
        })
        .collect()
}
