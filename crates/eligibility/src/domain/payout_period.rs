//! Payout periods (R54): the calendar quarters whose earnings are paid together.
use std::{fmt, str::FromStr, time::Duration};

use chrono::NaiveDate;
use cpor_types::{Malformed, Month, Timestamp};
use serde::{Deserialize, Serialize};

/// The calendar quarter, in UTC, in which an earning was recorded, for example `2026-Q2`. A
/// correction of an earlier month is paid with the quarter in which the correction was recorded, so
/// that the earnings of a past quarter never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PayoutPeriod {
    first_month: Month,
}

impl PayoutPeriod {
    /// The expected format, for parse errors.
    const EXPECTED: &'static str = "a payout period: YYYY-Q1 to YYYY-Q4";

    /// Returns the period that contains an instant.
    pub(crate) fn containing(instant: Timestamp) -> Self {
        let mut first_month = Month::containing(instant);
        while first_month.number() % 3 != 1 {
            first_month = first_month.previous();
        }
        Self { first_month }
    }

    /// Returns the first instant after the period.
    pub(crate) fn end(self) -> Timestamp {
        self.first_month.next().next().end()
    }

    pub(crate) fn last_day(self) -> NaiveDate {
        (self.end() - Duration::from_micros(1)).date_naive()
    }
}

impl fmt::Display for PayoutPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.first_month.year(), self.first_month.number().div_ceil(3))
    }
}

impl FromStr for PayoutPeriod {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parse = || {
            let (year, quarter) = text.split_once("-Q")?;
            let first_months = [("1", 1), ("2", 4), ("3", 7), ("4", 10)];
            let (_, month) = first_months.into_iter().find(|(digit, _)| *digit == quarter)?;
            (year.len() == 4).then(|| format!("{year}-{month:02}").parse().ok())?
        };
        parse().map(|first_month| Self { first_month }).ok_or_else(|| Malformed::new(Self::EXPECTED, text))
    }
}

impl TryFrom<String> for PayoutPeriod {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<PayoutPeriod> for String {
    fn from(period: PayoutPeriod) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r54_the_payout_period_is_the_quarter_of_accrual() {
        let period = |instant: &str| PayoutPeriod::containing(instant.parse().unwrap()).to_string();
        assert_eq!(period("2026-01-01T00:00:00Z"), "2026-Q1");
        assert_eq!(period("2026-03-31T23:59:59.999999Z"), "2026-Q1");
        assert_eq!(period("2026-04-01T00:00:00Z"), "2026-Q2");
        assert_eq!(period("2026-12-31T23:59:59Z"), "2026-Q4");
        let fourth: PayoutPeriod = "2026-Q4".parse().unwrap();
        assert_eq!((fourth.to_string(), fourth.end()), ("2026-Q4".to_owned(), "2027-01-01T00:00:00Z".parse().unwrap()));
        for bad in ["", "2026", "2026-Q0", "2026-Q5", "26-Q1", "2026-Q11", "2026-q1", "2026-Q1 "] {
            assert!(bad.parse::<PayoutPeriod>().is_err(), "{bad}");
        }
    }
}
