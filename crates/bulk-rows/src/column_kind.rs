//! The types of values that statements on many rows support.
use sea_orm::{
    ColumnType, DbErr, Value,
    sea_query::{ArrayType, prelude::serde_json},
};

/// The type of a column of input rows. Types of different width, such as the integer types, are one
/// kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    Int,
    Bool,
    Float,
    Uuid,
    Bytes,
    Json,
    Time,
    Date,
}

impl ColumnKind {
    /// Returns the kind for the type of an entity's column, or an error if the type is not
    /// supported.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other types are rejected with their name")]
    pub(crate) fn from_column_type(column_type: &ColumnType) -> Result<Self, DbErr> {
        Ok(match column_type {
            ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text | ColumnType::Enum { .. } => Self::Text,
            ColumnType::TinyInteger
            | ColumnType::SmallInteger
            | ColumnType::Integer
            | ColumnType::BigInteger
            | ColumnType::TinyUnsigned
            | ColumnType::SmallUnsigned
            | ColumnType::Unsigned
            | ColumnType::BigUnsigned => Self::Int,
            ColumnType::Boolean => Self::Bool,
            ColumnType::Float | ColumnType::Double => Self::Float,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Self::Bytes,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Date => Self::Date,
            other => return Err(DbErr::Type(format!("columns of type {other:?} are not supported in input rows"))),
        })
    }

    /// Returns the PostgreSQL array type to which values of this kind are cast.
    pub(crate) fn postgres_array(self) -> &'static str {
        match self {
            Self::Text => "text[]",
            Self::Int => "bigint[]",
            Self::Bool => "boolean[]",
            Self::Float => "double precision[]",
            Self::Uuid => "uuid[]",
            Self::Bytes => "bytea[]",
            Self::Json => "jsonb[]",
            Self::Time => "timestamptz[]",
            Self::Date => "date[]",
        }
    }

    pub(crate) fn array_type(self) -> ArrayType {
        match self {
            Self::Text => ArrayType::String,
            Self::Int => ArrayType::BigInt,
            Self::Bool => ArrayType::Bool,
            Self::Float => ArrayType::Double,
            Self::Uuid => ArrayType::Uuid,
            Self::Bytes => ArrayType::Bytes,
            Self::Json => ArrayType::Json,
            Self::Time => ArrayType::ChronoDateTimeUtc,
            Self::Date => ArrayType::ChronoDate,
        }
    }

    /// Returns the value that an array contains in place of NULL, because the driver's arrays
    /// cannot contain NULL. A second array of booleans says which values are NULL.
    pub(crate) fn null_placeholder(self) -> Value {
        match self {
            Self::Text => String::new().into(),
            Self::Int => 0_i64.into(),
            Self::Bool => false.into(),
            Self::Float => 0_f64.into(),
            Self::Uuid => uuid::Uuid::nil().into(),
            Self::Bytes => Vec::<u8>::new().into(),
            Self::Json => serde_json::Value::Null.into(),
            Self::Time => sea_orm::prelude::DateTimeUtc::UNIX_EPOCH.into(),
            Self::Date => sea_orm::prelude::Date::default().into(),
        }
    }
}

/// Converts a value to the widest type of its kind, because the elements of an array must have one
/// type.
#[expect(clippy::wildcard_enum_match_arm, reason = "values of the other types are not converted")]
pub(crate) fn widen(value: Value) -> Result<Value, DbErr> {
    Ok(match value {
        Value::TinyInt(Some(integer)) => i64::from(integer).into(),
        Value::SmallInt(Some(integer)) => i64::from(integer).into(),
        Value::Int(Some(integer)) => i64::from(integer).into(),
        Value::TinyUnsigned(Some(integer)) => i64::from(integer).into(),
        Value::SmallUnsigned(Some(integer)) => i64::from(integer).into(),
        Value::Unsigned(Some(integer)) => i64::from(integer).into(),
        Value::BigUnsigned(Some(integer)) => {
            i64::try_from(integer).map_err(|_| DbErr::Type(format!("{integer} exceeds bigint")))?.into()
        }
        Value::Float(Some(float)) => f64::from(float).into(),
        Value::Char(Some(character)) => character.to_string().into(),
        Value::ChronoDateTimeWithTimeZone(Some(time)) => time.to_utc().into(),
        other => other,
    })
}
