//! Times in tests.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A time as the API carries it.
///
/// # Panics
/// When `text` is not RFC 3339.
#[must_use]
#[track_caller]
pub fn at(text: &str) -> Timestamp {
    stamp(text.parse().expect("a time, as 2026-03-16T09:00:00Z"))
}

/// A time for the API.
#[must_use]
pub fn stamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// A time of the API.
///
/// # Panics
/// When it is absent or out of range.
#[must_use]
#[track_caller]
pub fn moment(time: Option<Timestamp>) -> DateTime<Utc> {
    let time = time.expect("a time");
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).expect("nanoseconds")).expect("a time in range")
}
