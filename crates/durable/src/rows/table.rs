//! Rows of values as one parameter of a statement: arrays on PostgreSQL, a list of values on SQLite.
use sea_orm::{
    ColumnType, DbErr, Value,
    sea_query::{ArrayType, prelude::serde_json},
};

use super::sql::Sql;

/// What a column holds, as coarsely as sending it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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

impl Kind {
    /// The kind of an entity's column.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other types are refused by name")]
    pub(super) fn of(column: &ColumnType) -> Result<Self, DbErr> {
        Ok(match column {
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
            other => return Err(DbErr::Type(format!("columns of type {other:?} cannot be sent in bulk"))),
        })
    }

    fn postgres_array(self) -> &'static str {
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

    fn array_type(self) -> ArrayType {
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

    /// What stands in an array for NULL, which the driver's arrays cannot hold; a mask beside it says which do.
    fn stand_in(self) -> Value {
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

/// The array's elements must all be of one type, so every width of integer becomes the widest.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is not an integer stays as it is")]
pub(super) fn widen(value: Value) -> Result<Value, DbErr> {
    Ok(match value {
        Value::TinyInt(Some(n)) => i64::from(n).into(),
        Value::SmallInt(Some(n)) => i64::from(n).into(),
        Value::Int(Some(n)) => i64::from(n).into(),
        Value::TinyUnsigned(Some(n)) => i64::from(n).into(),
        Value::SmallUnsigned(Some(n)) => i64::from(n).into(),
        Value::Unsigned(Some(n)) => i64::from(n).into(),
        Value::BigUnsigned(Some(n)) => i64::try_from(n).map_err(|_| DbErr::Type(format!("{n} exceeds bigint")))?.into(),
        Value::Float(Some(x)) => f64::from(x).into(),
        Value::Char(Some(c)) => c.to_string().into(),
        Value::ChronoDateTimeWithTimeZone(Some(time)) => time.to_utc().into(),
        same => same,
    })
}

/// A column of a [`Table`].
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    kind: Kind,
    nullable: bool,
}

impl Column {
    /// A column without NULLs.
    pub(crate) fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, nullable: false }
    }

    /// A column that may hold NULLs.
    pub(crate) fn nullable(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, nullable: true }
    }
}

/// Rows of values with named columns: `s` in the statements of [`Sql::with`].
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    cells: Vec<Value>,
}

/// SQLite admits 32,766 parameters.
const MAX_CELLS: usize = 30_000;

impl Table {
    /// No rows.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// Adds a row: one value for each column.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        self.cells.extend(row);
        debug_assert_eq!(self.cells.len() % self.columns.len(), 0, "a row of another width");
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The rows in pieces that a statement can carry; none when there are no rows.
    pub(crate) fn pieces(self) -> impl Iterator<Item = Self> {
        let rows = (MAX_CELLS / self.columns.len()).max(1);
        let mut rest = self;
        std::iter::from_fn(move || {
            if rest.cells.is_empty() {
                return None;
            }
            let at = rest.cells.len().min(rows * rest.columns.len());
            let tail = rest.cells.split_off(at);
            let piece = Self { columns: rest.columns.clone(), cells: std::mem::replace(&mut rest.cells, tail) };
            Some(piece)
        })
    }

    /// `WITH s AS (SELECT … FROM UNNEST($1::text[], …))`: the same text whatever the number of rows.
    pub(super) fn write_unnest(self, sql: &mut Sql) -> Result<(), DbErr> {
        let Self { columns, cells } = self;
        let mut arrays: Vec<Vec<Value>> = columns.iter().map(|_| Vec::new()).collect();
        let mut masks: Vec<Vec<Value>> = arrays.clone();
        for (n, value) in cells.into_iter().enumerate() {
            let column = n % columns.len();
            let null = value == value.as_null();
            masks[column].push(null.into());
            arrays[column].push(if null { columns[column].kind.stand_in() } else { widen(value)? });
        }
        sql.push("WITH s AS (SELECT ");
        for (n, Column { name, nullable, .. }) in columns.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let item = match nullable {
                true => format!(r#"{comma}CASE WHEN "{name}__null" THEN NULL ELSE "{name}" END AS "{name}""#),
                false => format!(r#"{comma}"{name}""#),
            };
            sql.push(&item);
        }
        sql.push(" FROM UNNEST(");
        let mut names = String::new();
        for ((column, array), mask) in columns.iter().zip(arrays).zip(masks) {
            if !names.is_empty() {
                sql.push(", ");
                names.push_str(", ");
            }
            let kind = column.kind;
            sql.bind(Value::Array(kind.array_type(), Some(Box::new(array)))).push("::").push(kind.postgres_array());
            names.push_str(&format!(r#""{}""#, column.name));
            if column.nullable {
                sql.push(", ").bind(Value::Array(ArrayType::Bool, Some(Box::new(mask)))).push("::boolean[]");
                names.push_str(&format!(r#", "{}__null""#, column.name));
            }
        }
        sql.push(") AS u(").push(&names).push(")) ");
        Ok(())
    }

    /// `WITH s(…) AS (VALUES (?, …), …)`.
    pub(super) fn write_values(self, sql: &mut Sql) {
        let width = self.columns.len();
        sql.push("WITH s(").names("", self.names()).push(") AS (VALUES ");
        for (n, value) in self.cells.into_iter().enumerate() {
            let before = match (n, n % width) {
                (0, _) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            sql.push(before).bind(value);
        }
        sql.push(")) ");
    }
}
