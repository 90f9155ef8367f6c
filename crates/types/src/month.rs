//! Calendar months. The usage of workloads and subscriptions is recorded by month.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::text::text_conversions;
use crate::{Malformed, Timestamp};

/// A calendar month in UTC, written `2026-03`. Usage is recorded by month (R51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    first_day: NaiveDate,
}

impl Month {
    /// The expected form in parse errors.
    const EXPECTED: &'static str = "a month in the form YYYY-MM";

    /// Creates a month from a year of 0 to 9999 and a month of 1 to 12. Returns `None` for other
    /// numbers.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let first_day = NaiveDate::from_ymd_opt(year, month, 1)?;
        (0..=9999).contains(&year).then_some(Self { first_day })
    }

    /// Returns the month that contains a time.
    #[must_use]
    pub fn containing(time: Timestamp) -> Self {
        let day = time.date_naive();
        Self { first_day: day - Days::new(day.day0().into()) }
    }

    /// Returns the first month that starts at or after a time. If a partner's association becomes
    /// official at that time, usage is credited to the partner from this month on (R50).
    #[must_use]
    pub fn first_full_month_after(time: Timestamp) -> Self {
        let month = Self::containing(time);
        if month.start() == time { month } else { month.next() }
    }

    /// Returns the year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.first_day.year()
    }

    /// Returns the number of the month in its year, 1 to 12.
    #[must_use]
    pub fn number(self) -> u32 {
        self.first_day.month()
    }

    /// Returns the month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first_day: self.first_day + Months::new(1) }
    }

    /// Returns the month before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first_day: self.first_day - Months::new(1) }
    }

    /// Returns the time at which the month starts.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.first_day.and_time(NaiveTime::MIN).and_utc()
    }

    /// Returns the end of the month, which is the time at which the next month starts.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// Returns whether the month contains a time.
    #[must_use]
    pub fn contains(self, time: Timestamp) -> bool {
        self == Self::containing(time)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number())
    }
}

impl FromStr for Month {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let has_digits =
                |part: &str, digits: usize| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            (has_digits(year, 4) && has_digits(month, 2)).then_some(())?;
            Self::new(year.parse().ok()?, month.parse().ok()?)
        };
        parse().ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

text_conversions!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn r50_credit_begins_with_the_first_full_month() {
        let full = |text| Month::first_full_month_after(time(text));
        assert_eq!(full("2026-03-01T00:00:00Z"), month("2026-03"));
        assert_eq!(full("2026-03-01T00:00:00.000001Z"), month("2026-04"));
        assert_eq!(full("2026-12-31T23:59:59.999999Z"), month("2027-01"));
    }

    #[test]
    fn r51_a_month_contains_its_times_only() {
        let february = month("2028-02");
        assert_eq!((february.start(), february.end()), (time("2028-02-01T00:00:00Z"), time("2028-03-01T00:00:00Z")));
        assert!(february.contains(time("2028-02-29T23:59:59.999999Z")));
        assert!(!february.contains(february.end()));
        assert!(!february.contains(time("2028-01-31T23:59:59.999999Z")));
    }

    #[test]
    fn months_follow_each_other_across_years() {
        let december = month("2026-12");
        assert_eq!(december.next(), month("2027-01"));
        assert_eq!(december.next().previous(), december);
        assert!(december < december.next() && month("2026-02") < month("2026-11"));
    }

    #[test]
    fn only_valid_months_are_parsed() {
        assert_eq!(month("0987-01").to_string(), "0987-01");
        for bad in ["", "2026-13", "2026-00", "26-03", "2026-3", "2026/03", "+026-03", "2026-03-01"] {
            assert_eq!(bad.parse::<Month>().unwrap_err().expected, "a month in the form YYYY-MM", "{bad}");
        }
        assert_eq!(Month::new(10_000, 1), None);
    }
}
