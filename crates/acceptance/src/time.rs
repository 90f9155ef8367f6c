//! Conversions of times.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// Parses an RFC 3339 time to a proto timestamp.
///
/// # Panics
/// Panics if `text` is not a time in the format of RFC 3339.
#[must_use]
#[track_caller]
pub fn timestamp(text: &str) -> Timestamp {
    to_timestamp(text.parse().expect("a time such as 2026-03-16T09:00:00Z"))
}

/// Converts a time to a proto timestamp.
#[must_use]
pub fn to_timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// Converts a proto timestamp to a time.
///
/// # Panics
/// Panics if the timestamp is absent or out of range.
#[must_use]
#[track_caller]
pub fn from_timestamp(time: Option<Timestamp>) -> DateTime<Utc> {
    let time = time.expect("a time");
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).expect("nanoseconds")).expect("a time in range")
}

/// Returns the text that says how a due time was computed: `text`, for example `5 business days,
/// calendar de 2026`, and the version of the time zone database.
///
/// # Panics
/// Panics if the shipped calendars cannot be read.
#[must_use]
pub fn due_rule(text: &str) -> &'static str {
    let calendars = cpor::rules::RulesConfig::default().calendars().expect("the calendars");
    let version = calendars.get("utc").expect("the calendar utc").zone.version();
    format!("{text}, tzdata {version}").leak()
}
