//! Business days (R46): which days count, and the moment at which the nth of them ends.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::{GapInfo, Tz};

use crate::{Deadline, Length, Timestamp};

/// Whose days count: a zone, a weekend and holidays. One version never changes, so that a deadline can be
/// recomputed from the rule that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// What parties name it by: `vendor-us`.
    pub id: String,
    /// Which edition of the data: `2026`.
    pub version: String,
    /// Where its days begin and end.
    pub zone: Tz,
    /// Days of the week that never count.
    pub weekend: Vec<Weekday>,
    /// Days that do not count.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// Whether `day` counts as a business day.
    #[must_use]
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// The end of the nth (business) day after the local day of `start` (R46), which is the first moment of the day
    /// after it. Of 0 days it is the end of that local day itself, or of the next business day where business days
    /// are counted and it is none.
    #[must_use]
    pub fn due(&self, start: Timestamp, length: Length) -> Timestamp {
        let today = self.local_day(start);
        let last = match length {
            Length::CalendarDays(days) => today.checked_add_days(Days::new(days.into())),
            Length::BusinessDays(0) => today.iter_days().find(|day| self.is_business_day(*day)),
            Length::BusinessDays(days) => {
                let nth = usize::try_from(days - 1).unwrap_or(usize::MAX);
                today.iter_days().skip(1).filter(|day| self.is_business_day(*day)).nth(nth)
            }
        };
        last.map_or(Timestamp::MAX_UTC, |day| self.end_of(day))
    }

    /// What is left when a clock that was to end at `due` stops (R45): the business days after the local day of
    /// `stopped_at`, the day of `due` included. Resume with [`Length::BusinessDays`] of it.
    #[must_use]
    pub fn business_days_left(&self, stopped_at: Timestamp, due: Timestamp) -> u32 {
        // A due moment is the first one after its day.
        let last = self.local_day(due - TimeDelta::microseconds(1));
        let after = self.local_day(stopped_at).iter_days().skip(1);
        let left = after.take_while(|day| *day <= last).filter(|day| self.is_business_day(*day)).count();
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// The rule for people: `5 business days, calendar vendor-us 2026`.
    #[must_use]
    pub fn rule(&self, length: Length) -> String {
        format!("{length}, calendar {} {}", self.id, self.version)
    }

    /// The deadline `kind` of a clock that starts at `start`: [`Calendar::due`] with the [`Calendar::rule`] it
    /// comes from.
    #[must_use]
    pub fn deadline(&self, kind: impl Into<Cow<'static, str>>, start: Timestamp, length: Length) -> Deadline {
        Deadline { due: self.due(start, length), kind: kind.into(), rule: self.rule(length) }
    }

    fn local_day(&self, moment: Timestamp) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    fn end_of(&self, day: NaiveDate) -> Timestamp {
        day.succ_opt().map_or(Timestamp::MAX_UTC, |next| self.first_moment_of(next))
    }

    /// Local midnight, but for days that begin later because the clocks go ahead at midnight.
    fn first_moment_of(&self, day: NaiveDate) -> Timestamp {
        let midnight = day.and_time(NaiveTime::MIN);
        let first = match self.zone.from_local_datetime(&midnight) {
            MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => Some(moment),
            MappedLocalTime::None => GapInfo::new(&midnight, &self.zone).and_then(|gap| gap.end),
        };
        // Every gap of the zone data has an end.
        first.map_or_else(|| midnight.and_utc(), |moment: DateTime<Tz>| moment.with_timezone(&Utc))
    }
}
