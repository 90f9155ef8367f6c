//! Reads the values of an entity's rows: for the input rows of a statement, and as primary keys
//! that can be compared.
use std::fmt;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IdenStatic as _, Iterable as _,
    PrimaryKeyToColumn as _, QueryResult, Value,
};
use uuid::Uuid;

use crate::column_kind::{ColumnKind, widen};

/// Converts a count or a version to the big integer in which the databases store it.
///
/// # Errors
/// Returns an error if the count is greater than the largest 64-bit signed integer.
pub fn to_bigint(count: u64) -> Result<i64, DbErr> {
    i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))
}

/// Returns the columns of `E`'s primary key.
pub(crate) fn primary_key<E: EntityTrait>() -> impl Iterator<Item = E::Column> {
    E::PrimaryKey::iter().map(|key| key.into_column())
}

/// Returns the value of a column, which must be set.
pub(crate) fn value<A: ActiveModelTrait>(row: &A, column: <A::Entity as EntityTrait>::Column) -> Result<Value, DbErr> {
    match row.get(column) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Ok(value),
        ActiveValue::NotSet => Err(DbErr::AttrNotSet(column.as_str().to_owned())),
    }
}

/// Returns the value of a big integer column.
pub(crate) fn integer_value<A: ActiveModelTrait>(
    row: &A,
    column: <A::Entity as EntityTrait>::Column,
) -> Result<i64, DbErr> {
    let value = value(row, column)?;
    let Value::BigInt(Some(integer)) = value else {
        return Err(DbErr::Type(format!("column {} must be an i64; it is {value:?}", column.as_str())));
    };
    Ok(integer)
}

/// One value of a primary key. Values that come from a row to be written and from a row that was
/// read can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// A text.
    Text(String),
    /// An integer of any width.
    Int(i64),
    /// A UUID.
    Uuid(Uuid),
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Int(integer) => integer.fmt(f),
            Self::Uuid(id) => id.fmt(f),
        }
    }
}

impl From<KeyValue> for Value {
    fn from(value: KeyValue) -> Self {
        match value {
            KeyValue::Text(text) => text.into(),
            KeyValue::Int(integer) => integer.into(),
            KeyValue::Uuid(id) => id.into(),
        }
    }
}

impl KeyValue {
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
pub(crate) fn primary_key_of<E: EntityTrait>(row: &E::ActiveModel) -> Result<Vec<KeyValue>, DbErr> {
    let unsupported = || DbErr::Type("a column of a primary key must be a text, an integer or a UUID".to_owned());
    primary_key::<E>().map(|column| KeyValue::from_value(widen(value(row, column)?)?).ok_or_else(unsupported)).collect()
}

/// Returns the primary key of a row that the database returned.
pub(crate) fn primary_key_from_row<E: EntityTrait>(row: &QueryResult) -> Result<Vec<KeyValue>, DbErr> {
    primary_key::<E>()
        .map(|column| {
            let name = column.as_str();
            Ok(match ColumnKind::from_column_type(column.def().get_column_type())? {
                ColumnKind::Text => KeyValue::Text(row.try_get("", name)?),
                ColumnKind::Int => {
                    KeyValue::Int(row.try_get("", name).or_else(|_| row.try_get::<i32>("", name).map(i64::from))?)
                }
                ColumnKind::Uuid => KeyValue::Uuid(row.try_get("", name)?),
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
