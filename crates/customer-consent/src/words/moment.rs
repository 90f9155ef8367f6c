use chrono::{DateTime, Datelike, Offset};
use chrono_tz::Tz;
use cpor_types::{Calendar, Moment, Timestamp};

use crate::texts::TimeTexts;

/// A moment in the calendar's zone, whole enough to be read anywhere.
pub(super) fn shown(texts: &TimeTexts, calendar: &Calendar, moment: Timestamp) -> String {
    let Moment { local: day, ends_day } = calendar.moment(moment);
    let text = if ends_day { &texts.end_of_day } else { &texts.moment };
    text.fill(&[
        ("weekday", name(&texts.weekdays, day.weekday().num_days_from_monday())),
        ("day", &day.day().to_string()),
        ("month", name(&texts.months, day.month0())),
        ("year", &day.year().to_string()),
        ("clock", &day.format("%H:%M").to_string()),
        ("zone", calendar.zone.name()),
        ("offset", &offset(&day)),
    ])
}

fn name(names: &[String], index: u32) -> &str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).map_or("", String::as_str)
}

fn offset(moment: &DateTime<Tz>) -> String {
    moment.offset().fix().to_string()
}

#[cfg(test)]
mod tests {
    use cpor_types::Calendars;

    use super::*;
    use crate::languages::Languages;

    fn berlin(moment: &str) -> String {
        let calendars = Calendars::shipped().unwrap();
        shown(&Languages::shipped().unwrap().english().time, calendars.get("de").unwrap(), moment.parse().unwrap())
    }

    #[test]
    fn r46_a_deadline_is_shown_with_its_absolute_time_and_zone() {
        assert_eq!(
            berlin("2026-03-11T23:00:00Z"),
            "the end of Wednesday, 11 March 2026: midnight, Europe/Berlin time (UTC+01:00)"
        );
        assert_eq!(
            berlin("2026-07-05T22:00:00Z"),
            "the end of Sunday, 5 July 2026: midnight, Europe/Berlin time (UTC+02:00)"
        );
    }

    #[test]
    fn other_moments_are_shown_to_the_minute() {
        assert_eq!(berlin("2026-03-05T08:30:59Z"), "Thursday, 5 March 2026, 09:30 (Europe/Berlin, UTC+01:00)");
        assert_eq!(berlin("2026-03-11T23:00:00.000001Z"), "Thursday, 12 March 2026, 00:00 (Europe/Berlin, UTC+01:00)");
    }
}
