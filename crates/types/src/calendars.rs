use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::Deserialize;
use thiserror::Error;

use crate::Calendar;

/// The calendars that a system knows, by id. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Calendars {
    by_id: Arc<BTreeMap<String, Calendar>>,
}

/// Why a calendar cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// No calendar has this id.
    #[error("there is no calendar `{id}`; known are {known}")]
    Unknown {
        /// The id asked for.
        id: String,
        /// The ids that there are, with commas between.
        known: String,
    },
    /// The document is no calendar.
    #[error("not a calendar: {0}")]
    Unreadable(String),
    /// Two documents have the same id.
    #[error("there are two calendars `{0}`")]
    Twice(String),
    /// No day of the week is left for business.
    #[error("calendar `{0}` has no business days")]
    NoBusinessDays(String),
}

/// A calendar as it is written down, in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    version: String,
    zone: String,
    weekend: Vec<Weekday>,
    /// The name is for whoever reads or edits the file.
    holidays: BTreeMap<NaiveDate, String>,
}

impl Calendars {
    const SHIPPED: [&'static str; 5] = [
        include_str!("../calendars/vendor-us.toml"),
        include_str!("../calendars/us-east.toml"),
        include_str!("../calendars/de.toml"),
        include_str!("../calendars/cz.toml"),
        include_str!("../calendars/utc.toml"),
    ];

    /// The calendars that come with the product: `vendor-us`, `us-east`, `de`, `cz`, with holidays from 2025 to
    /// 2030, and `utc`, which has none.
    ///
    /// # Errors
    ///
    /// As [`Calendars::parse`], which the shipped data does not meet.
    pub fn shipped() -> Result<Self, CalendarError> {
        Self::parse(Self::SHIPPED)
    }

    /// The calendars that these TOML documents describe, one each.
    ///
    /// # Errors
    ///
    /// [`CalendarError::Unreadable`], [`CalendarError::Twice`], [`CalendarError::NoBusinessDays`].
    pub fn parse<'a>(documents: impl IntoIterator<Item = &'a str>) -> Result<Self, CalendarError> {
        let mut by_id = BTreeMap::new();
        for document in documents {
            let calendar = parse_one(document)?;
            if let Some(earlier) = by_id.insert(calendar.id.clone(), calendar) {
                return Err(CalendarError::Twice(earlier.id));
            }
        }
        Ok(Self { by_id: Arc::new(by_id) })
    }

    /// The calendar `id`.
    ///
    /// # Errors
    ///
    /// [`CalendarError::Unknown`], which names those that there are.
    pub fn get(&self, id: &str) -> Result<&Calendar, CalendarError> {
        self.by_id.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.ids().collect();
            CalendarError::Unknown { id: id.to_owned(), known: known.join(", ") }
        })
    }

    /// Whether there is a calendar `id`.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The ids of all calendars, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }
}

fn parse_one(document: &str) -> Result<Calendar, CalendarError> {
    let document: Document = toml::from_str(document).map_err(|error| CalendarError::Unreadable(error.to_string()))?;
    let zone: Tz = document
        .zone
        .parse()
        .map_err(|_| CalendarError::Unreadable(format!("`{}` is not a time zone like Europe/Berlin", document.zone)))?;
    let mut weekend = document.weekend;
    weekend.sort_by_key(Weekday::num_days_from_monday);
    weekend.dedup();
    if weekend.len() == 7 {
        return Err(CalendarError::NoBusinessDays(document.id));
    }
    let holidays: BTreeSet<NaiveDate> = document.holidays.into_keys().collect();
    Ok(Calendar { id: document.id, version: document.version, zone, weekend, holidays })
}
