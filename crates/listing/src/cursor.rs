//! Cursors: positions in a list, from which the list can be continued.
use cpor_bulk_rows::LATEST_TIME;
use cpor_types::Timestamp;
use sea_orm::{DbErr, Value, sea_query::SimpleExpr};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The position of an entry in a list: the entry's sort key, then the values that sort entries with
/// the same sort key. Page tokens contain a cursor in serialized form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cursor(pub(crate) Vec<CursorValue>);

/// A sort key of an entry, or a value that sorts entries with the same sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the types")]
pub enum CursorValue {
    Text(String),
    Time(Timestamp),
    Number(i64),
    Uuid(Uuid),
}

impl TryFrom<Value> for CursorValue {
    type Error = DbErr;

    /// Converts the value of a column. A time that is NULL counts as the latest time.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no list is sorted by a column of another type")]
    fn try_from(value: Value) -> Result<Self, DbErr> {
        match value {
            Value::String(Some(text)) => Ok(Self::Text(text)),
            Value::ChronoDateTimeUtc(time) => Ok(Self::Time(time.unwrap_or(LATEST_TIME))),
            Value::BigInt(Some(number)) => Ok(Self::Number(number)),
            Value::Uuid(Some(uuid)) => Ok(Self::Uuid(uuid)),
            other => Err(DbErr::Type(format!("a list cannot be sorted by the value {other:?}"))),
        }
    }
}

impl From<&CursorValue> for SimpleExpr {
    fn from(value: &CursorValue) -> Self {
        match value {
            CursorValue::Text(text) => Self::val(text.clone()),
            CursorValue::Time(time) => Self::val(*time),
            CursorValue::Number(number) => Self::val(*number),
            CursorValue::Uuid(uuid) => Self::val(*uuid),
        }
    }
}
