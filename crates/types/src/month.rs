use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::text::text_conversions;
use crate::{Malformed, Timestamp};

/// A month of usage (R51), in UTC, written `2026-03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    first_day: NaiveDate,
}

impl Month {
    const EXPECTED: &'static str = "a month: YYYY-MM";

    /// Month 1 to 12 of a year from 0 to 9999; `None` for any other numbers.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let first_day = NaiveDate::from_ymd_opt(year, month, 1)?;
        (0..=9999).contains(&year).then_some(Self { first_day })
    }

    /// The month that `moment` lies in.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        let day = moment.date_naive();
        Self { first_day: day - Days::new(day.day0().into()) }
    }

    /// The first month that lies wholly at or after `moment`: usage is credited from it on (R50).
    #[must_use]
    pub fn first_full_month_after(moment: Timestamp) -> Self {
        let month = Self::of(moment);
        if month.start() == moment { month } else { month.next() }
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.first_day.year()
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn number(self) -> u32 {
        self.first_day.month()
    }

    /// The month after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { first_day: self.first_day + Months::new(1) }
    }

    /// The month before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { first_day: self.first_day - Months::new(1) }
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.first_day.and_time(NaiveTime::MIN).and_utc()
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// Whether `moment` lies in it.
    #[must_use]
    pub fn contains(self, moment: Timestamp) -> bool {
        self == Self::of(moment)
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
            let plain = |part: &str, digits: usize| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            (plain(year, 4) && plain(month, 2)).then_some(())?;
            Self::new(year.parse().ok()?, month.parse().ok()?)
        };
        parse().ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

text_conversions!(Month);

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn month(text: &str) -> Month {
        text.parse().unwrap()
    }

    #[test]
    fn r50_credit_begins_with_the_first_full_month() {
        let full = |text| Month::first_full_month_after(moment(text));
        assert_eq!(full("2026-03-01T00:00:00Z"), month("2026-03"));
        assert_eq!(full("2026-03-01T00:00:00.000001Z"), month("2026-04"));
        assert_eq!(full("2026-12-31T23:59:59.999999Z"), month("2027-01"));
    }

    #[test]
    fn r51_a_month_has_its_moments_and_no_others() {
        let february = month("2028-02");
        assert_eq!(
            (february.start(), february.end()),
            (moment("2028-02-01T00:00:00Z"), moment("2028-03-01T00:00:00Z"))
        );
        assert!(february.contains(moment("2028-02-29T23:59:59.999999Z")));
        assert!(!february.contains(february.end()));
        assert!(!february.contains(moment("2028-01-31T23:59:59.999999Z")));
    }

    #[test]
    fn months_follow_each_other_across_years() {
        let december = month("2026-12");
        assert_eq!(december.next(), month("2027-01"));
        assert_eq!(december.next().previous(), december);
        assert!(december < december.next() && month("2026-02") < month("2026-11"));
    }

    #[test]
    fn months_read_back_and_nothing_else_does() {
        assert_eq!(month("0987-01").to_string(), "0987-01");
        for bad in ["", "2026-13", "2026-00", "26-03", "2026-3", "2026/03", "+026-03", "2026-03-01"] {
            assert_eq!(bad.parse::<Month>().unwrap_err().expected, "a month: YYYY-MM", "{bad}");
        }
        assert_eq!(Month::new(10_000, 1), None);
    }
}
