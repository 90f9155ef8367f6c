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
