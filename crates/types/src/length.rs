use std::fmt;

use serde::{Deserialize, Serialize};

/// How long a clock runs (R45), before a calendar turns it into a moment.
///
/// In TOML and JSON: `{ business_days = 5 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// Days that are neither weekend nor holiday of the calendar. 0: the rest of the business day.
    BusinessDays(u32),
    /// Days of any kind. 0: the rest of the day.
    CalendarDays(u32),
}

impl Length {
    /// The number of days, of whichever kind.
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
    fn a_length_reads_as_people_say_it() {
        let said =
            [0, 1, 5].map(|days| (Length::BusinessDays(days).to_string(), Length::CalendarDays(days).to_string()));
        let expected = [
            ("rest of the business day", "rest of the day"),
            ("1 business day", "1 calendar day"),
            ("5 business days", "5 calendar days"),
        ];
        assert_eq!(said, expected.map(|(business, calendar)| (business.to_owned(), calendar.to_owned())));
    }

    #[test]
    fn a_length_is_one_key_and_a_number() {
        let json = serde_json::json!({ "business_days": 5 });
        assert_eq!(serde_json::to_value(Length::BusinessDays(5)).unwrap(), json);
        assert_eq!(serde_json::from_value::<Length>(json).unwrap(), Length::BusinessDays(5));
        assert!(serde_json::from_str::<Length>("{\"hours\": 5}").is_err());
        assert!(serde_json::from_str::<Length>("{\"business_days\": -5}").is_err());
    }
}
