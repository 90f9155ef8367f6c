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

/// A moment in a zone. One at which a day ends is told by that day: "midnight on Thursday" means Wednesday to some and Friday to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it is; of a moment at which a day ends, a time on that day.
    pub local: DateTime<Tz>,
    /// It is the end of that day.
    pub ends_day: bool,
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

    /// When to remind of what ends at `due`, so that `before` is left (R48): the end of the last (business) day ahead of
    /// that many.
    #[must_use]
    pub fn reminder(&self, due: Timestamp, before: Length) -> Timestamp {
        let last = self.local_day(due - TimeDelta::microseconds(1));
        let ahead = match before {
            Length::CalendarDays(days) => last.checked_sub_days(Days::new(days.into())),
            Length::BusinessDays(days) => {
                let back = std::iter::successors(Some(last), NaiveDate::pred_opt);
                back.filter(|day| self.is_business_day(*day)).nth(usize::try_from(days).unwrap_or(usize::MAX))
            }
        };
        ahead.map_or(Timestamp::MIN_UTC, |day| self.end_of(day))
    }

    /// `moment` as people in the calendar's zone say it.
    #[must_use]
    pub fn moment(&self, moment: Timestamp) -> Moment {
        let local = moment.with_timezone(&self.zone);
        let before = (moment - TimeDelta::microseconds(1)).with_timezone(&self.zone);
        let ends_day = local.time() == NaiveTime::MIN && before.date_naive() != local.date_naive();
        Moment { local: if ends_day { before } else { local }, ends_day }
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

#[cfg(test)]
mod model_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Calendars;

    fn calendar(id: &str) -> Calendar {
        Calendars::shipped().unwrap().get(id).unwrap().clone()
    }

    fn in_zone(zone: Tz) -> Calendar {
        Calendar { zone, ..calendar("utc") }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn r46_five_business_days_skip_weekend_and_holiday() {
        // From a Monday evening in Los Angeles, over Independence Day 2025 (a Friday), to the end of the next Tuesday.
        let deadline =
            calendar("vendor-us").deadline("review_start", at("2025-06-30T20:00:00-07:00"), Length::BusinessDays(5));
        assert_eq!(deadline.due, at("2025-07-09T00:00:00-07:00"));
        assert_eq!(deadline.kind, "review_start");
        assert_eq!(deadline.rule, "5 business days, calendar vendor-us 2026");
    }

    #[test]
    fn r46_the_day_is_that_of_the_calendars_zone() {
        // 23:30 UTC on Monday: in Berlin it is Tuesday already, in New York still Monday.
        let start = at("2026-07-06T23:30:00Z");
        assert_eq!(calendar("de").due(start, Length::BusinessDays(1)), at("2026-07-09T00:00:00+02:00"));
        assert_eq!(calendar("us-east").due(start, Length::BusinessDays(1)), at("2026-07-08T00:00:00-04:00"));
    }

    #[test]
    fn r46_days_across_a_change_of_the_clocks_end_at_local_midnight() {
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
    fn r46_a_day_without_midnight_begins_when_it_begins() {
        // In Beirut the clocks go from 24:00 on 26 March 2022 to 1:00.
        let beirut = in_zone(chrono_tz::Asia::Beirut);
        assert_eq!(beirut.due(at("2022-03-25T10:00:00Z"), Length::CalendarDays(1)), at("2022-03-27T01:00:00+03:00"));
    }

    #[test]
    fn r46_a_day_with_two_midnights_begins_with_the_first() {
        // In Havana the clocks go from 1:00 on 1 November 2026 back to 0:00.
        let havana = in_zone(chrono_tz::America::Havana);
        assert_eq!(havana.due(at("2026-10-31T12:00:00Z"), Length::CalendarDays(0)), at("2026-11-01T00:00:00-04:00"));
    }

    #[test]
    fn r45_what_is_left_begins_the_day_after_the_stop() {
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
    fn r45_nothing_left_is_the_rest_of_the_business_day() {
        let vendor = calendar("vendor-us");
        let rest = Length::BusinessDays(0);
        assert_eq!(vendor.due(at("2026-03-06T23:00:00-08:00"), rest), at("2026-03-07T00:00:00-08:00"));
        assert_eq!(vendor.due(at("2026-03-07T09:00:00-08:00"), rest), at("2026-03-10T00:00:00-07:00"));
    }

    #[test]
    fn r48_a_reminder_leaves_what_it_says() {
        let berlin = calendar("de");
        // Due with Tuesday after Easter 2026: Good Friday and Easter Monday are holidays.
        let due = at("2026-04-08T00:00:00+02:00");
        assert_eq!(berlin.reminder(due, Length::BusinessDays(1)), at("2026-04-03T00:00:00+02:00"));
        assert_eq!(berlin.reminder(due, Length::CalendarDays(1)), at("2026-04-07T00:00:00+02:00"));
        // Due with a Sunday: Friday is the last business day.
        let due = at("2026-04-20T00:00:00+02:00");
        assert_eq!(berlin.reminder(due, Length::BusinessDays(1)), at("2026-04-17T00:00:00+02:00"));
    }

    #[test]
    fn a_length_past_all_calendars_ends_with_them() {
        let due = calendar("utc").due(at("2026-01-01T00:00:00Z"), Length::CalendarDays(u32::MAX));
        assert_eq!(due, Timestamp::MAX_UTC);
    }
}
