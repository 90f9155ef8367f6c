//! Business-day calendars (R46): which days count as business days, and when a deadline of n days
//! is due.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Weekday};

use crate::{Deadline, Length, Timestamp, Zone};

/// A business-day calendar: a time zone, a weekend and holidays.
///
/// The data of one version never changes, so that the due time of a deadline can be recomputed from
/// the text that [`Calendar::rule`] returned for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The id by which partner locations and tenants refer to the calendar, for example
    /// `vendor-us`.
    pub id: String,
    /// The version of the data, for example `2026`.
    pub version: String,
    /// The time zone that determines when a day begins and ends.
    pub zone: Zone,
    /// The days of the week that are not business days.
    pub weekend: Vec<Weekday>,
    /// The dates that are not business days.
    pub holidays: BTreeSet<NaiveDate>,
}

/// A time in the zone of a calendar, for display to users.
///
/// The start of a day is shown as the end of the day before, because "midnight on Thursday" can be
/// understood in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The local time. If the time is the end of a day, this is the last microsecond of that day.
    pub local: DateTime<FixedOffset>,
    /// Whether the time is the end of the day of `local`.
    pub is_end_of_day: bool,
}

impl Calendar {
    /// Returns whether `day` counts as a business day.
    #[must_use]
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day)
    }

    /// Returns the due time of a deadline that starts at `start` (R46): the end of the nth calendar
    /// day or business day after the local day of `start`. The end of a day is the first time of
    /// the next day.
    ///
    /// With 0 calendar days, the due time is the end of the local day of `start`. With 0 business
    /// days, it is the end of that day or, if that is not a business day, of the next business day.
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

    /// Returns the number of business days that are left when a review clock (a deadline of a
    /// review that can be stopped) stops at `stopped_at` and would have been due at `due` (R45).
    ///
    /// Counts the business days after the local day of `stopped_at`, up to the last day of the
    /// deadline. When the clock resumes, this number is its new length.
    #[must_use]
    pub fn business_days_left(&self, stopped_at: Timestamp, due: Timestamp) -> u32 {
        // The due time is the first time after the last day of the deadline.
        let last = self.local_day(due - TimeDelta::microseconds(1));
        let later_days = self.local_day(stopped_at).iter_days().skip(1);
        let left = later_days.take_while(|day| *day <= last).filter(|day| self.is_business_day(*day)).count();
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// Returns the time at which the reminder of a deadline is sent (R48): the end of the day that
    /// is `before` (a number of days) before the last day of the deadline. `due` is the due time.
    #[must_use]
    pub fn reminder(&self, due: Timestamp, before: Length) -> Timestamp {
        let last = self.local_day(due - TimeDelta::microseconds(1));
        let reminder_day = match before {
            Length::CalendarDays(days) => last.checked_sub_days(Days::new(days.into())),
            Length::BusinessDays(days) => {
                let days_backwards = std::iter::successors(Some(last), NaiveDate::pred_opt);
                days_backwards.filter(|day| self.is_business_day(*day)).nth(usize::try_from(days).unwrap_or(usize::MAX))
            }
        };
        reminder_day.map_or(Timestamp::MIN_UTC, |day| self.end_of(day))
    }

    /// Converts a time to the zone of the calendar, for display to users.
    #[must_use]
    pub fn local_time(&self, time: Timestamp) -> LocalTime {
        let local = self.zone.local_time(time);
        let before = self.zone.local_time(time - TimeDelta::microseconds(1));
        // A day does not begin at midnight if the clocks are put forward then.
        let is_end_of_day = before.date_naive() < local.date_naive();
        LocalTime { local: if is_end_of_day { before } else { local }, is_end_of_day }
    }

    /// Returns the text that says how a due time was computed, for example `5 business days,
    /// calendar vendor-us 2026, tzdata 2025b`.
    #[must_use]
    pub fn rule(&self, length: Length) -> String {
        format!("{length}, calendar {} {}, tzdata {}", self.id, self.version, self.zone.version())
    }

    /// Returns the deadline of the given kind that starts at `start`, with the due time of
    /// [`Calendar::due`] and the text of [`Calendar::rule`].
    #[must_use]
    pub fn deadline(&self, kind: impl Into<Cow<'static, str>>, start: Timestamp, length: Length) -> Deadline {
        Deadline { due: self.due(start, length), kind: kind.into(), rule: self.rule(length) }
    }

    /// Returns the date of a time in the zone of the calendar.
    fn local_day(&self, time: Timestamp) -> NaiveDate {
        self.zone.local_time(time).date_naive()
    }

    /// Returns the end of a day, which is the first time of the next day.
    fn end_of(&self, day: NaiveDate) -> Timestamp {
        day.succ_opt().map_or(Timestamp::MAX_UTC, |next| self.start_of(next))
    }

    /// Returns the start of a day: the first time at which the clocks show midnight or, on days on
    /// which they are put forward at midnight, a later time.
    fn start_of(&self, day: NaiveDate) -> Timestamp {
        let midnight = day.and_time(NaiveTime::MIN);
        let has_started = |seconds| {
            Timestamp::from_timestamp(seconds, 0)
                .is_none_or(|time| self.zone.local_time(time).naive_local() >= midnight)
        };
        // The start lies between these times in every zone.
        let (mut before, mut start) = (midnight.and_utc().timestamp() - DAY, midnight.and_utc().timestamp() + DAY);
        while start - before > 1 {
            let middle = before.midpoint(start);
            if has_started(middle) { start = middle } else { before = middle }
        }
        Timestamp::from_timestamp(start, 0).unwrap_or(Timestamp::MAX_UTC)
    }
}

/// The seconds of a day. No zone differs from UTC by more.
const DAY: i64 = 86_400;

#[cfg(test)]
mod model_tests;

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::Calendars;

    fn calendar(id: &str) -> Calendar {
        Calendars::shipped().unwrap().get(id).unwrap().clone()
    }

    fn calendar_in(zone: Tz) -> Calendar {
        Calendar { zone: Zone::compiled(zone.name()).unwrap(), ..calendar("utc") }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn r46_five_business_days_skip_weekend_and_holiday() {
        // From a Monday evening in Los Angeles, over Independence Day 2025 (a Friday), to the end
        // of the next Tuesday.
        let deadline =
            calendar("vendor-us").deadline("review_start", at("2025-06-30T20:00:00-07:00"), Length::BusinessDays(5));
        assert_eq!(deadline.due, at("2025-07-09T00:00:00-07:00"));
        assert_eq!(deadline.kind, "review_start");
        let tzdata = chrono_tz::IANA_TZDB_VERSION;
        assert_eq!(deadline.rule, format!("5 business days, calendar vendor-us 2026, tzdata {tzdata}"));
    }

    #[test]
    fn r46_days_are_those_of_the_calendars_zone() {
        // 23:30 UTC on Monday: in Berlin it is Tuesday already, in New York still Monday.
        let start = at("2026-07-06T23:30:00Z");
        assert_eq!(calendar("de").due(start, Length::BusinessDays(1)), at("2026-07-09T00:00:00+02:00"));
        assert_eq!(calendar("us-east").due(start, Length::BusinessDays(1)), at("2026-07-08T00:00:00-04:00"));
    }

    #[test]
    fn r46_days_end_at_local_midnight_across_clock_changes() {
        let berlin = calendar("de");
        // Summer time begins on 29 March 2026 and ends on 25 October.
        assert_eq!(
            berlin.due(at("2026-03-26T12:00:00+01:00"), Length::CalendarDays(7)),
            at("2026-04-03T00:00:00+02:00")
        );
        assert_eq!(
            berlin.due(at("2026-10-22T12:00:00+02:00"), Length::CalendarDays(7)),
            at("2026-10-30T00:00:00+01:00")
        );
    }

    #[test]
    fn r46_a_day_without_midnight_starts_later() {
        // In Beirut the clocks were put forward from midnight to 1:00 at the end of 26 March 2022.
        let beirut = calendar_in(chrono_tz::Asia::Beirut);
        assert_eq!(beirut.due(at("2022-03-25T10:00:00Z"), Length::CalendarDays(1)), at("2022-03-27T01:00:00+03:00"));
    }

    #[test]
    fn r46_a_day_ends_although_midnight_does_not_exist() {
        // In Cairo the clocks are put forward from midnight to 1:00 at the end of 29 April 2027.
        let cairo = calendar_in(chrono_tz::Africa::Cairo);
        let due = cairo.due(at("2027-04-22T09:00:00Z"), Length::CalendarDays(7));
        assert_eq!(due, at("2027-04-29T22:00:00Z"));
        let LocalTime { local, is_end_of_day } = cairo.local_time(due);
        assert_eq!((local.to_string(), is_end_of_day), ("2027-04-29 23:59:59.999999 +02:00".to_owned(), true));
        assert!(!cairo.local_time(at("2027-04-29T21:00:00Z")).is_end_of_day);
    }

    #[test]
    fn r46_a_day_with_two_midnights_starts_at_the_first() {
        // In Havana the clocks are put back from 1:00 to 0:00 on 1 November 2026.
        let havana = calendar_in(chrono_tz::America::Havana);
        assert_eq!(havana.due(at("2026-10-31T12:00:00Z"), Length::CalendarDays(0)), at("2026-11-01T00:00:00-04:00"));
    }

    #[test]
    fn r45_the_day_of_the_stop_is_not_left() {
        let vendor = calendar("vendor-us");
        let monday = at("2026-03-02T10:00:00-08:00");
        let due = vendor.due(monday, Length::BusinessDays(5));
        assert_eq!(due, at("2026-03-10T00:00:00-07:00"));
        assert_eq!(vendor.business_days_left(at("2026-03-04T23:59:59-08:00"), due), 3);
        assert_eq!(vendor.business_days_left(at("2026-03-07T12:00:00-08:00"), due), 1);
        assert_eq!(vendor.business_days_left(at("2026-03-09T00:00:00-07:00"), due), 0);
        assert_eq!(vendor.business_days_left(at("2026-03-20T00:00:00-07:00"), due), 0);
    }

    #[test]
    fn r45_zero_days_left_is_the_rest_of_the_day() {
        let vendor = calendar("vendor-us");
        let rest = Length::BusinessDays(0);
        assert_eq!(vendor.due(at("2026-03-06T23:00:00-08:00"), rest), at("2026-03-07T00:00:00-08:00"));
        assert_eq!(vendor.due(at("2026-03-07T09:00:00-08:00"), rest), at("2026-03-10T00:00:00-07:00"));
    }

    #[test]
    fn r48_a_reminder_leaves_the_given_length() {
        let berlin = calendar("de");
        // Due at the end of the Tuesday after Easter 2026. Good Friday and Easter Monday are
        // holidays.
        let due = at("2026-04-08T00:00:00+02:00");
        assert_eq!(berlin.reminder(due, Length::BusinessDays(1)), at("2026-04-03T00:00:00+02:00"));
        assert_eq!(berlin.reminder(due, Length::CalendarDays(1)), at("2026-04-07T00:00:00+02:00"));
        // Due at the end of a Sunday. The last business day is the Friday before.
        let due = at("2026-04-20T00:00:00+02:00");
        assert_eq!(berlin.reminder(due, Length::BusinessDays(1)), at("2026-04-17T00:00:00+02:00"));
    }

    #[test]
    fn a_too_long_deadline_ends_at_the_latest_time() {
        let due = calendar("utc").due(at("2026-01-01T00:00:00Z"), Length::CalendarDays(u32::MAX));
        assert_eq!(due, Timestamp::MAX_UTC);
    }
}
