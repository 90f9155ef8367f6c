use cpor_types::Timestamp;
use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A time as it is stored: microseconds since 1970 UTC, in a big integer column. SQLite has no type for times, and text
/// neither compares across formats nor is small; every table of every service uses this instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
pub struct Micros(pub i64);

impl From<Timestamp> for Micros {
    fn from(time: Timestamp) -> Self {
        Self(time.timestamp_micros())
    }
}

impl From<Micros> for Timestamp {
    /// Beyond the year 262,142 it is the last moment that there is.
    fn from(Micros(micros): Micros) -> Self {
        Self::from_timestamp_micros(micros).unwrap_or(Self::MAX_UTC)
    }
}
