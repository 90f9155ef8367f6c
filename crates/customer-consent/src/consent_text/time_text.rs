//! Formats points in time for mails and pages, in the customer's language and time zone.

use cpor_types::{Calendar, Timestamp};

use crate::translation::TimeTexts;

/// Formats a time in the zone of the calendar, with date, time, zone and UTC offset. A time that
/// ends a day is written as the end of that day.
pub(crate) fn format_time(texts: &TimeTexts, calendar: &Calendar, time: Timestamp) -> String {
    texts.format(calendar, time)
}

#[cfg(test)]
mod tests {
    use cpor_types::Calendars;

    use super::*;
    use crate::languages::Languages;

    fn in_berlin(time: &str) -> String {
        let calendars = Calendars::shipped().unwrap();
        format_time(&Languages::shipped().unwrap().english().time, calendars.get("de").unwrap(), time.parse().unwrap())
    }

    #[test]
    fn r46_a_deadline_shows_its_time_and_zone() {
        assert_eq!(
            in_berlin("2026-03-11T23:00:00Z"),
            "the end of Wednesday, 11 March 2026: midnight, Europe/Berlin time (UTC+01:00)"
        );
        assert_eq!(
            in_berlin("2026-07-05T22:00:00Z"),
            "the end of Sunday, 5 July 2026: midnight, Europe/Berlin time (UTC+02:00)"
        );
    }

    #[test]
    fn the_first_of_a_month_is_an_ordinal_in_french() {
        let (languages, calendars) = (Languages::shipped().unwrap(), Calendars::shipped().unwrap());
        let texts = &languages.by_tag("fr").unwrap().time;
        let format = |time: &str| format_time(texts, calendars.get("de").unwrap(), time.parse().unwrap());
        assert_eq!(format("2026-12-01T08:30:00Z"), "mardi 1er décembre 2026 à 09:30 (Europe/Berlin, UTC+01:00)");
        assert_eq!(format("2026-12-02T08:30:00Z"), "mercredi 2 décembre 2026 à 09:30 (Europe/Berlin, UTC+01:00)");
    }

    #[test]
    fn other_times_are_shown_to_the_minute() {
        assert_eq!(in_berlin("2026-03-05T08:30:59Z"), "Thursday, 5 March 2026, 09:30 (Europe/Berlin, UTC+01:00)");
        assert_eq!(
            in_berlin("2026-03-11T23:00:00.000001Z"),
            "Thursday, 12 March 2026, 00:00 (Europe/Berlin, UTC+01:00)"
        );
    }
}
