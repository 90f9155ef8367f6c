//! The times that both databases store, order and compare correctly.
//!
//! On PostgreSQL a time is a `timestamptz`. On SQLite it is a text in RFC 3339 and UTC, with zero,
//! three or six digits after the seconds: `2026-03-06T08:00:00+00:00`,
//! `2026-03-06T08:00:00.001+00:00`. Such texts sort like their times, although their lengths
//! differ: the text that has fewer digits has `+` in the place of the next one, and `+` sorts
//! before `.` and before all digits. This is so only for years of four digits. A year after 9999 is
//! written with a sign and would sort first.
use sea_orm::{DbErr, Value, prelude::DateTimeUtc};

/// The latest time that can be stored: the last microsecond of the year 9999.
pub const LATEST_TIME: DateTimeUtc = time(253_402_300_799, 999_999_000);

/// The earliest time that can be stored: the beginning of the year 0.
const EARLIEST_TIME: DateTimeUtc = time(-62_167_219_200, 0);

const fn time(seconds: i64, nanoseconds: u32) -> DateTimeUtc {
    match DateTimeUtc::from_timestamp(seconds, nanoseconds) {
        Some(time) => time,
        None => DateTimeUtc::UNIX_EPOCH,
    }
}

/// Returns the time that is stored for `time`. A time after the year 9999 becomes [`LATEST_TIME`],
/// one before the year 0 becomes the beginning of that year.
///
/// Use it for computed times, such as a due time in the far future. Times that a clock shows need
/// no conversion.
#[must_use]
pub fn storable_time(time: DateTimeUtc) -> DateTimeUtc {
    time.clamp(EARLIEST_TIME, LATEST_TIME)
}

/// Returns an error for a time that SQLite would not order correctly.
pub(crate) fn check(value: &Value) -> Result<(), DbErr> {
    if let Value::ChronoDateTimeUtc(Some(time)) = value
        && storable_time(*time) != *time
    {
        return Err(DbErr::Type(format!("the time {time} is not within the years 0 to 9999")));
    }
    Ok(())
}
