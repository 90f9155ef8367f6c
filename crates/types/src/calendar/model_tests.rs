//! R45 and R46 against a model that only ever asks what day it is somewhere, quarter of an hour by quarter of an
//! hour: it knows nothing of midnights, gaps and overlaps.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::select;

use super::Calendar;
use crate::{Length, Timestamp};

/// Every offset and every change of the clocks in these zones, in these years, falls on one.
const STEP: TimeDelta = TimeDelta::minutes(15);

fn counts(calendar: &Calendar, day: NaiveDate) -> bool {
    // 1 January 1970 was a Thursday, the fourth day of a week that begins with Monday.
    let days_since = (day - NaiveDate::default()).num_days();
    let weekday = Weekday::try_from(u8::try_from((days_since + 3).rem_euclid(7)).unwrap()).unwrap();
    calendar.weekend.iter().all(|off| *off != weekday) && calendar.holidays.iter().all(|off| *off != day)
}

/// The days that end from `start` on, with the moment at which each does.
fn day_ends(zone: Tz, start: Timestamp) -> impl Iterator<Item = (NaiveDate, Timestamp)> {
    let day = move |moment: &Timestamp| moment.with_timezone(&zone).date_naive();
    let first = DateTime::from_timestamp(start.timestamp().div_euclid(900) * 900, 0).unwrap();
    std::iter::successors(Some(first), |moment| Some(*moment + STEP)).filter_map(move |moment| {
        let (before, after) = (day(&moment), day(&(moment + STEP)));
        (before != after).then_some((before, moment + STEP))
    })
}

fn due(calendar: &Calendar, start: Timestamp, length: Length) -> Timestamp {
    let mut ends = day_ends(calendar.zone, start);
    let nth = |n: u32| usize::try_from(n).unwrap();
    let (_, end) = match length {
        Length::CalendarDays(n) => ends.nth(nth(n)),
        Length::BusinessDays(0) => ends.find(|(day, _)| counts(calendar, *day)),
        Length::BusinessDays(n) => ends.skip(1).filter(|(day, _)| counts(calendar, *day)).nth(nth(n - 1)),
    }
    .unwrap();
    end
}

fn business_days_between(calendar: &Calendar, from: Timestamp, to: Timestamp) -> u32 {
    let days = day_ends(calendar.zone, from).skip(1).take_while(|(_, end)| *end <= to);
    u32::try_from(days.filter(|(day, _)| counts(calendar, *day)).count()).unwrap()
}

/// Zones whose clocks change at 1, 2 and 3 o'clock and at midnight, by an hour and by half of one, north and south,
/// and one whose offset is no whole hour.
fn zones() -> impl Strategy<Value = Tz> {
    use chrono_tz::{Africa, America, Asia, Australia, Europe};
    select(vec![
        Tz::UTC,
        America::Los_Angeles,
        America::New_York,
        Europe::Berlin,
        Europe::Prague,
        America::Sao_Paulo,
        America::Havana,
        America::Santiago,
        America::Asuncion,
        Asia::Beirut,
        Asia::Kathmandu,
        Africa::Cairo,
        Australia::Lord_Howe,
    ])
}

/// From 2005 to 2034, most of them around the months in which clocks change.
fn starts() -> impl Strategy<Value = Timestamp> {
    let months = prop_oneof![1 => 1_u32..=12, 4 => select(vec![2_u32, 3, 4, 9, 10, 11])];
    (2005..2035, months, 0_u64..31, 0_i64..86_400_000_000).prop_map(|(year, month, day, micros)| {
        let day = NaiveDate::from_ymd_opt(year, month, 1).unwrap() + Days::new(day);
        day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::microseconds(micros)
    })
}

prop_compose! {
    fn calendars_and_starts()(
        zone in zones(),
        start in starts(),
        weekend in select(vec![
            vec![],
            vec![Weekday::Sun],
            vec![Weekday::Fri, Weekday::Sat],
            vec![Weekday::Sat, Weekday::Sun],
        ]),
        off in prop::collection::btree_set(0_u64..30, 0..12),
    ) -> (Calendar, Timestamp) {
        let holidays: BTreeSet<NaiveDate> = off.into_iter().map(|n| start.date_naive() + Days::new(n)).collect();
        (Calendar { id: "any".to_owned(), version: "1".to_owned(), zone, weekend, holidays }, start)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r46_business_days_end_where_the_model_sees_them_end((calendar, start) in calendars_and_starts(), n in 0_u32..15) {
        let length = Length::BusinessDays(n);
        prop_assert_eq!(calendar.due(start, length), due(&calendar, start, length));
    }

    #[test]
    fn r46_calendar_days_end_where_the_model_sees_them_end((calendar, start) in calendars_and_starts(), n in 0_u32..32) {
        let length = Length::CalendarDays(n);
        prop_assert_eq!(calendar.due(start, length), due(&calendar, start, length));
    }

    #[test]
    fn r45_what_is_left_is_what_the_model_counts(
        (calendar, start) in calendars_and_starts(),
        n in 1_u32..12,
        stopped_after in 0.0..1.2,
    ) {
        let due = calendar.due(start, Length::BusinessDays(n));
        let stopped_at = within(start, due, stopped_after);
        let left = calendar.business_days_left(stopped_at, due);
        prop_assert_eq!(left, business_days_between(&calendar, stopped_at, due));
        prop_assert!(left <= n);
    }

    #[test]
    fn r48_a_reminder_ends_a_business_day_and_leaves_as_many_as_it_says(
        (calendar, start) in calendars_and_starts(),
        n in 0_u32..32,
        before in 0_u32..5,
    ) {
        for length in [Length::BusinessDays(n), Length::CalendarDays(n)] {
            let due = calendar.due(start, length);
            let last = calendar.reminder(due, Length::BusinessDays(before)) - TimeDelta::microseconds(1);
            prop_assert!(counts(&calendar, last.with_timezone(&calendar.zone).date_naive()));
            prop_assert_eq!(calendar.business_days_left(last, due), before);
        }
    }

    #[test]
    fn r45_a_clock_that_resumes_as_it_stops_loses_and_gains_nothing(
        (calendar, start) in calendars_and_starts(),
        n in 1_u32..12,
        stopped_after in 0.0..1.0,
    ) {
        let due = calendar.due(start, Length::BusinessDays(n));
        let stopped_at = within(start, due, stopped_after);
        let left = calendar.business_days_left(stopped_at, due);
        prop_assert_eq!(calendar.due(stopped_at, Length::BusinessDays(left)), due);
    }

    #[test]
    fn r46_a_deadline_never_comes_before_its_start_and_never_sooner_for_a_later_start(
        (calendar, start) in calendars_and_starts(),
        n in 0_u32..12,
        seconds in 0_i64..1_000_000,
    ) {
        for length in [Length::BusinessDays(n), Length::CalendarDays(n)] {
            let due = calendar.due(start, length);
            prop_assert!(start < due);
            prop_assert!(due <= calendar.due(start + TimeDelta::seconds(seconds), length));
        }
    }
}

/// The moment `fraction` of the way from `from` to `to`.
fn within(from: Timestamp, to: Timestamp, fraction: f64) -> Timestamp {
    let micros = (to - from).num_microseconds().unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment near it does")]
    let offset = (micros as f64 * fraction) as i64;
    from + TimeDelta::microseconds(offset)
}
