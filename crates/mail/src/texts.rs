//! The texts of mails in several languages: texts with placeholders, and points in time. A service
//! declares its texts with [`text_sections!`](crate::text_sections) and reads one file for each
//! language.

use chrono::Datelike;
use cpor_types::{Calendar, LocalTime, Timestamp};
use serde::Deserialize;

/// One text, with placeholders in braces.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Returns a text that has no placeholders.
    #[must_use]
    pub fn plain(&self) -> String {
        self.0.clone()
    }

    /// Replaces each placeholder `{name}` with its value. Values are not searched for placeholders.
    /// If a value ends with a full stop, as `Litware Inc.` does, a full stop that follows in the
    /// text is left out.
    #[must_use]
    pub fn fill(&self, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(self.0.len() * 2);
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            rest = match after.split_once('}') {
                Some((name, after_placeholder)) => {
                    match values.iter().find(|(placeholder, _)| *placeholder == name) {
                        Some((_, value)) => filled.push_str(value),
                        None => filled.extend(["{", name, "}"]),
                    }
                    if filled.ends_with('.') {
                        after_placeholder.strip_prefix('.').unwrap_or(after_placeholder)
                    } else {
                        after_placeholder
                    }
                }
                None => {
                    filled.push('{');
                    after
                }
            };
        }
        filled + rest
    }
}

/// The reason why a translation file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the translation {file} cannot be used: {reason}")]
pub struct TranslationError {
    /// The name of the file.
    pub file: &'static str,
    /// The error in the file.
    pub reason: String,
}

/// Defines a section of a translation file as a struct with one [`Text`](crate::texts::Text) for
/// each key. A file with a missing or an unknown key does not load.
#[macro_export]
macro_rules! text_sections {
    ($($(#[$doc:meta])* $section:ident { $($(#[$key_doc:meta])* $key:ident),+ $(,)? })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $section { $($(#[$key_doc])* pub(crate) $key: $crate::texts::Text),+ })+
    };
}

/// The formats of points in time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeTexts {
    /// The names of the days of the week, from Monday.
    weekdays: [String; 7],
    /// The names of the months, from January.
    months: [String; 12],
    /// The first day of a month: `1`, or an ordinal number.
    first_of_month: String,
    /// Date, time, zone and UTC offset of a point in time.
    moment: Text,
    /// The end of a day, with date, zone and UTC offset.
    end_of_day: Text,
}

impl TimeTexts {
    /// Formats a time in the zone of the calendar, with date, time, zone and UTC offset. A time
    /// that ends a day is written as the end of that day.
    #[must_use]
    pub fn format(&self, calendar: &Calendar, time: Timestamp) -> String {
        let is_end_of_day = calendar.local_time(time).is_end_of_day;
        self.format_as(if is_end_of_day { &self.end_of_day } else { &self.moment }, calendar, time)
    }

    /// Formats a time in the zone of the calendar by a text with the placeholders `{weekday}`,
    /// `{day}`, `{month}`, `{year}`, `{clock}`, `{zone}` and `{offset}`.
    #[must_use]
    pub fn format_as(&self, text: &Text, calendar: &Calendar, time: Timestamp) -> String {
        let LocalTime { local, .. } = calendar.local_time(time);
        let day = if local.day() == 1 { self.first_of_month.clone() } else { local.day().to_string() };
        text.fill(&[
            ("weekday", name_at(&self.weekdays, local.weekday().num_days_from_monday())),
            ("day", &day),
            ("month", name_at(&self.months, local.month0())),
            ("year", &local.year().to_string()),
            ("clock", &local.format("%H:%M").to_string()),
            ("zone", calendar.zone.name()),
            ("offset", &local.offset().to_string()),
        ])
    }
}

/// Returns the name of the day or month at this index, or an empty text if there is none.
fn name_at(names: &[String], index: u32) -> &str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let text = Text("{a} and {b} and {a}; {unknown}; {open".into());
        assert_eq!(text.fill(&[("a", "{b}"), ("b", "x")]), "{b} and x and {b}; {unknown}; {open");
    }

    #[test]
    fn no_second_full_stop_after_an_abbreviation() {
        let text = Text("It is for {customer}. {customer}, {partner}.".into());
        let filled = text.fill(&[("customer", "Litware Inc."), ("partner", "Contoso")]);
        assert_eq!(filled, "It is for Litware Inc. Litware Inc., Contoso.");
    }
}
