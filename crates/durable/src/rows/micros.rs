//! The column type of times.
use cpor_types::Timestamp;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A time as it is stored: microseconds since 1970 UTC, in a big integer column.
///
/// All tables use this type, because SQLite has no type for times. Times as text would be larger,
/// and texts of different formats do not compare correctly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
pub struct Micros(pub i64);

impl From<Timestamp> for Micros {
    fn from(time: Timestamp) -> Self {
        Self(time.timestamp_micros())
    }
}

impl From<Micros> for Timestamp {
    /// A time beyond the year 262,142, the limit of [`Timestamp`], becomes the latest time.
    fn from(Micros(micros): Micros) -> Self {
        Self::from_timestamp_micros(micros).unwrap_or(Self::MAX_UTC)
    }
}
