//! Property tests of R45 and R46 against a simple model. The model steps through time in quarters
//! of an hour and only asks for the local date, so that it needs no code for midnights, gaps and
//! overlaps.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::select;

use super::Calendar;
use crate::{Length, Timestamp, Zone};

/// The step of the model. All offsets and clock changes of the tested zones are at multiples of it.
const STEP: TimeDelta = TimeDelta::minutes(15);

/// Whether a day is a business day.
fn is_business_day(calendar: &Calendar, day: NaiveDate) -> bool {
    // 1 January 1970 was a Thursday, the fourth day of a week that begins with Monday.
    let days_since = (day - NaiveDate::default()).num_days();
    let weekday = Weekday::try_from(u8::try_from((days_since + 3).rem_euclid(7)).unwrap()).unwrap();
    calendar.weekend.iter().all(|off| *off != weekday) && calendar.holidays.iter().all(|off| *off != day)
}

/// The days that end after `start`, each with the time at which it ends.
fn day_ends(zone: &Zone, start: Timestamp) -> impl Iterator<Item = (NaiveDate, Timestamp)> {
    let day = move |moment: &Timestamp| zone.local_time(*moment).date_naive();
    let first = DateTime::from_timestamp(start.timestamp().div_euclid(900) * 900, 0).unwrap();
    std::iter::successors(Some(first), |moment| Some(*moment + STEP)).filter_map(move |moment| {
        let (before, after) = (day(&moment), day(&(moment + STEP)));
        (before != after).then_some((before, moment + STEP))
    })
}

/// The due time according to the model.
fn due(calendar: &Calendar, start: Timestamp, length: Length) -> Timestamp {
    let mut ends = day_ends(&calendar.zone, start);
    let nth = |n: u32| usize::try_from(n).unwrap();
    let (_, end) = match length {
        Length::CalendarDays(n) => ends.nth(nth(n)),
        Length::BusinessDays(0) => ends.find(|(day, _)| is_business_day(calendar, *day)),
        Length::BusinessDays(n) => ends.skip(1).filter(|(day, _)| is_business_day(calendar, *day)).nth(nth(n - 1)),
    }
    .unwrap();
    end
}

fn business_days_between(calendar: &Calendar, from: Timestamp, to: Timestamp) -> u32 {
    let days = day_ends(&calendar.zone, from).skip(1).take_while(|(_, end)| *end <= to);
    u32::try_from(days.filter(|(day, _)| is_business_day(calendar, *day)).count()).unwrap()
}

/// Zones in both hemispheres whose clocks change at midnight and at 1, 2 and 3 o'clock, by an hour
/// and by half an hour, and one whose offset is not a whole hour.
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

/// Start times from 2005 to 2034. Most are in months in which clocks change.
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
        let zone = Zone::compiled(zone.name()).unwrap();
        (Calendar { id: "any".to_owned(), version: "1".to_owned(), zone, weekend, holidays }, start)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r46_business_days_agree_with_the_model((calendar, start) in calendars_and_starts(), n in 0_u32..15) {
        let length = Length::BusinessDays(n);
        prop_assert_eq!(calendar.due(start, length), due(&calendar, start, length));
    }

    #[test]
    fn r46_calendar_days_agree_with_the_model((calendar, start) in calendars_and_starts(), n in 0_u32..32) {
        let length = Length::CalendarDays(n);
        prop_assert_eq!(calendar.due(start, length), due(&calendar, start, length));
    }

    #[test]
    fn r45_days_left_agree_with_the_model(
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
    fn r48_a_reminder_leaves_the_given_business_days(
        (calendar, start) in calendars_and_starts(),
        n in 0_u32..32,
        before in 0_u32..5,
    ) {
        for length in [Length::BusinessDays(n), Length::CalendarDays(n)] {
            let due = calendar.due(start, length);
            let last = calendar.reminder(due, Length::BusinessDays(before)) - TimeDelta::microseconds(1);
            prop_assert!(is_business_day(&calendar, calendar.zone.local_time(last).date_naive()));
            prop_assert_eq!(calendar.business_days_left(last, due), before);
        }
    }

    #[test]
    fn r45_a_resumed_clock_keeps_its_due_time(
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
    fn r46_a_later_start_never_gives_an_earlier_due_time(
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

/// The time that lies the given fraction of the way from `from` to `to`.
fn within(from: Timestamp, to: Timestamp, fraction: f64) -> Timestamp {
    let micros = (to - from).num_microseconds().unwrap();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "an approximate time is sufficient"
    )]
    let offset = (micros as f64 * fraction) as i64;
    from + TimeDelta::microseconds(offset)
}
