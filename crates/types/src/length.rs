//! The lengths of deadlines, in business days or calendar days.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The length of a deadline in days (R45). A [`Calendar`](crate::Calendar) turns it into a due
/// time.
///
/// It is written `{ business_days = 5 }` in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Days that are neither a weekend nor a holiday of the calendar. 0 means the rest of the
    /// current business day.
    BusinessDays(u32),
    /// Days of any kind. 0 means the rest of the current day.
    CalendarDays(u32),
}

impl Length {
    /// Returns the number of days, of either kind.
    #[must_use]
    pub const fn days(self) -> u32 {
        match self {
            Self::BusinessDays(days) | Self::CalendarDays(days) => days,
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BusinessDays(0) => write!(f, "rest of the business day"),
            Self::BusinessDays(1) => write!(f, "1 business day"),
            Self::BusinessDays(days) => write!(f, "{days} business days"),
            Self::CalendarDays(0) => write!(f, "rest of the day"),
            Self::CalendarDays(1) => write!(f, "1 calendar day"),
            Self::CalendarDays(days) => write!(f, "{days} calendar days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_displayed_in_words() {
        let displayed =
            [0, 1, 5].map(|days| (Length::BusinessDays(days).to_string(), Length::CalendarDays(days).to_string()));
        let expected = [
            ("rest of the business day", "rest of the day"),
            ("1 business day", "1 calendar day"),
            ("5 business days", "5 calendar days"),
        ];
        assert_eq!(displayed, expected.map(|(business, calendar)| (business.to_owned(), calendar.to_owned())));
    }

    #[test]
    fn a_length_is_serialized_as_a_map() {
        let json = serde_json::json!({ "business_days": 5 });
        assert_eq!(serde_json::to_value(Length::BusinessDays(5)).unwrap(), json);
        assert_eq!(serde_json::from_value::<Length>(json).unwrap(), Length::BusinessDays(5));
        assert!(serde_json::from_str::<Length>("{\"hours\": 5}").is_err());
        assert!(serde_json::from_str::<Length>("{\"business_days\": -5}").is_err());
    }
}
