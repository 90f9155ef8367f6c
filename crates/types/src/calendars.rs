//! The set of known business-day calendars, each read from a TOML document (R46).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{NaiveDate, Weekday};
use serde::Deserialize;
use thiserror::Error;

use crate::{Calendar, Malformed, SystemZones, Zone};

/// All known calendars by id. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Calendars {
    by_id: Arc<BTreeMap<String, Calendar>>,
}

/// The error of an unknown or invalid calendar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// No calendar has this id.
    #[error("the calendar `{id}` does not exist; known calendars: {known}")]
    Unknown {
        /// The requested id.
        id: String,
        /// The known ids, separated by commas.
        known: String,
    },
    /// The document is not TOML, or does not have the structure of a calendar.
    #[error("invalid calendar: {0}")]
    Unreadable(String),
    /// Two of the documents that were parsed together have the same id.
    #[error("the calendar `{0}` is defined more than once")]
    Duplicate(String),
    /// All days of the week belong to the weekend.
    #[error("the calendar `{0}` must have at least one business day in a week")]
    NoBusinessDays(String),
}

/// The TOML document of a calendar.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarDocument {
    id: String,
    /// The version of the data, for example `2026`.
    version: String,
    /// The IANA time zone, for example `Europe/Berlin`.
    zone: String,
    /// The days of the week that are not business days.
    weekend: Vec<Weekday>,
    /// The holidays with their names. The names only document the file.
    holidays: BTreeMap<NaiveDate, String>,
}

impl Calendars {
    /// The TOML documents of the calendars that ship with the product.
    const SHIPPED: [&'static str; 5] = [
        include_str!("../calendars/vendor-us.toml"),
        include_str!("../calendars/us-east.toml"),
        include_str!("../calendars/de.toml"),
        include_str!("../calendars/cz.toml"),
        include_str!("../calendars/utc.toml"),
    ];

    /// Returns the calendars that ship with the product: `vendor-us` (US federal holidays, Pacific
    /// time), which applies to reviews, `us-east` (US federal holidays, Eastern time), `de` and
    /// `cz`, all with holidays from 2025 to 2030, and `utc`, which has no holidays.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Calendars::parse`], but never for the shipped data.
    pub fn shipped() -> Result<Self, CalendarError> {
        Self::parse(Self::SHIPPED)
    }

    /// Returns the shipped calendars and those in the given TOML documents, each of which contains
    /// one calendar. A document replaces the shipped calendar with its id. The rules of time zones
    /// are those of `system` where that database is newer than the compiled one.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Calendars::parse`].
    pub fn shipped_with<'a>(
        documents: impl IntoIterator<Item = &'a str>,
        system: Option<&SystemZones>,
    ) -> Result<Self, CalendarError> {
        let zone = |name: &str| system.map_or_else(|| Zone::compiled(name), |system| Zone::newest(name, system));
        let mut by_id = parse_all(Self::SHIPPED, zone)?;
        by_id.extend(parse_all(documents, zone)?);
        Ok(Self { by_id: Arc::new(by_id) })
    }

    /// Parses one calendar from each TOML document. The rules of time zones are those that are
    /// compiled in.
    ///
    /// # Errors
    ///
    /// Returns a [`CalendarError`] when a document is invalid, when two have the same id, or when
    /// one has no business days.
    pub fn parse<'a>(documents: impl IntoIterator<Item = &'a str>) -> Result<Self, CalendarError> {
        Ok(Self { by_id: Arc::new(parse_all(documents, Zone::compiled)?) })
    }

    /// Returns the calendar with this id.
    ///
    /// # Errors
    ///
    /// Returns [`CalendarError::Unknown`], which lists the known calendars, when the calendar does
    /// not exist.
    pub fn get(&self, id: &str) -> Result<&Calendar, CalendarError> {
        self.by_id.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.ids().collect();
            CalendarError::Unknown { id: id.to_owned(), known: known.join(", ") }
        })
    }

    /// Returns whether a calendar with this id exists.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Returns the ids of all calendars, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }
}

/// Parses one calendar from each TOML document. `zone` returns the time zone with a name.
fn parse_all<'a>(
    documents: impl IntoIterator<Item = &'a str>,
    zone: impl Fn(&str) -> Result<Zone, Malformed>,
) -> Result<BTreeMap<String, Calendar>, CalendarError> {
    let mut by_id = BTreeMap::new();
    for document in documents {
        let calendar = parse_one(document, &zone)?;
        if let Some(earlier) = by_id.insert(calendar.id.clone(), calendar) {
            return Err(CalendarError::Duplicate(earlier.id));
        }
    }
    Ok(by_id)
}

/// Parses the calendar in one TOML document.
fn parse_one(document: &str, zone: impl Fn(&str) -> Result<Zone, Malformed>) -> Result<Calendar, CalendarError> {
    let document: CalendarDocument =
        toml::from_str(document).map_err(|error| CalendarError::Unreadable(error.to_string()))?;
    let zone = zone(&document.zone).map_err(|error| CalendarError::Unreadable(format!("zone {error}")))?;
    let mut weekend = document.weekend;
    weekend.sort_by_key(Weekday::num_days_from_monday);
    weekend.dedup();
    if weekend.len() == 7 {
        return Err(CalendarError::NoBusinessDays(document.id));
    }
    let holidays: BTreeSet<NaiveDate> = document.holidays.into_keys().collect();
    Ok(Calendar { id: document.id, version: document.version, zone, weekend, holidays })
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    fn holidays_of(id: &str, year: i32) -> Vec<String> {
        let calendars = Calendars::shipped().unwrap();
        let holidays = &calendars.get(id).unwrap().holidays;
        holidays.iter().filter(|day| day.year() == year).map(|day| day.format("%m-%d").to_string()).collect()
    }

    fn document(id: &str, weekend: &str) -> String {
        format!("id = \"{id}\"\nversion = \"1\"\nzone = \"Europe/Berlin\"\nweekend = [{weekend}]\n[holidays]\n")
    }

    #[test]
    fn r46_every_shipped_calendar_loads() {
        let calendars = Calendars::shipped().unwrap();
        assert_eq!(calendars.ids().collect::<Vec<_>>(), ["cz", "de", "us-east", "utc", "vendor-us"]);
        assert!(calendars.contains("de") && !calendars.contains("DE"));
        assert_eq!(calendars.get("vendor-us").unwrap().zone.name(), "America/Los_Angeles");
        assert!(calendars.get("utc").unwrap().holidays.is_empty());
    }

    #[test]
    fn r46_federal_holidays_are_on_observed_days() {
        let of_2026 =
            ["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25"];
        assert_eq!(holidays_of("vendor-us", 2026), of_2026);
        assert_eq!(holidays_of("us-east", 2026), of_2026);
        // New Year's Day of 2028 is a Saturday, so it is observed in 2027.
        assert_eq!(holidays_of("vendor-us", 2027).last().unwrap(), "12-31");
        assert_eq!(
            (2025..=2030).map(|year| holidays_of("us-east", year).len()).collect::<Vec<_>>(),
            [11, 11, 12, 10, 11, 11]
        );
    }

    #[test]
    fn r46_movable_feasts_follow_easter() {
        let german = ["01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"];
        assert_eq!(holidays_of("de", 2026), german);
        let good_fridays = ["04-18", "04-03", "03-26", "04-14", "03-30", "04-19"];
        for (year, friday) in (2025..).zip(good_fridays) {
            assert!(holidays_of("de", year).iter().any(|day| day == friday), "{year}");
            assert!(holidays_of("cz", year).iter().any(|day| day == friday), "{year}");
            assert_eq!((holidays_of("de", year).len(), holidays_of("cz", year).len()), (9, 13), "{year}");
        }
    }

    #[test]
    fn an_unknown_calendar_error_lists_the_known_ones() {
        let error = Calendars::shipped().unwrap().get("fr").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the calendar `fr` does not exist; known calendars: cz, de, us-east, utc, vendor-us"
        );
    }

    #[test]
    fn r46_a_document_replaces_a_shipped_calendar() {
        let corrected = "id = \"de\"\nversion = \"2026.2\"\nzone = \"Europe/Berlin\"\nweekend = [\"sun\"]\n[holidays]\n2026-12-28 = \"new\"\n";
        let calendars = Calendars::shipped_with([corrected], None).unwrap();
        let german = calendars.get("de").unwrap();
        assert_eq!((german.version.as_str(), german.holidays.len(), calendars.ids().count()), ("2026.2", 1, 5));
        let twice = Calendars::shipped_with([corrected, corrected], None).unwrap_err();
        assert_eq!(twice, CalendarError::Duplicate("de".to_owned()));
    }

    #[test]
    fn invalid_documents_are_refused() {
        let duplicate = Calendars::parse([document("x", "").as_str(), &document("x", "\"sun\"")]).unwrap_err();
        assert_eq!(duplicate, CalendarError::Duplicate("x".to_owned()));

        let week = "\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"";
        let no_business_days = Calendars::parse([document("x", week).as_str()]).unwrap_err();
        assert_eq!(no_business_days, CalendarError::NoBusinessDays("x".to_owned()));

        let good = document("x", "\"sun\"");
        let typo = good.replace("weekend", "weekends");
        let unknown_zone = good.replace("Europe/Berlin", "Mars/Olympus");
        let invalid_date = format!("{good}2026-02-30 = \"never\"\n");
        for bad in ["", &typo, &unknown_zone, &invalid_date] {
            let error = Calendars::parse([bad]).unwrap_err();
            assert!(matches!(error, CalendarError::Unreadable(_)), "{bad}: {error}");
        }
    }
}
