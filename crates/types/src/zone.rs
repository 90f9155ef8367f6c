//! Time zones (R46). Their rules come from the time zone database that is compiled in or, if the
//! operating system has a newer one, from that.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use crate::{Malformed, Timestamp};

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    compiled: Tz,
    /// The rules of the system's database, if it is newer.
    newer: Option<Arc<tz::TimeZone>>,
    /// The version of the database that the rules are from, for example `2025b`.
    version: Arc<str>,
}

/// The time zone database of the operating system.
pub struct SystemZones {
    /// The version, for example `2026a`.
    pub version: String,
    /// The function that reads the file of a zone.
    pub read: ReadZone,
}

/// Reads the file of the zone with this name, in the format TZif (RFC 9636). Returns `None` if
/// there is none.
pub type ReadZone = Box<dyn Fn(&str) -> Option<Vec<u8>>>;

impl Zone {
    /// Returns the zone with this IANA name, by the rules that are compiled in.
    ///
    /// # Errors
    /// Returns an error if no zone has this name.
    pub fn compiled(name: &str) -> Result<Self, Malformed> {
        let compiled = name.parse().map_err(|_| Malformed::new("a time zone like Europe/Berlin", name))?;
        Ok(Self { compiled, newer: None, version: Arc::from(chrono_tz::IANA_TZDB_VERSION) })
    }

    /// Returns the zone with this IANA name, by the rules of `system` if that database is newer and
    /// has the zone.
    ///
    /// # Errors
    /// Returns an error if no zone has this name.
    pub fn newest(name: &str, system: &SystemZones) -> Result<Self, Malformed> {
        let zone = Self::compiled(name)?;
        if *system.version <= *zone.version {
            return Ok(zone);
        }
        let rules = (system.read)(name).and_then(|file| tz::TimeZone::from_tz_data(&file).ok());
        Ok(match rules {
            Some(rules) => Self { newer: Some(Arc::new(rules)), version: Arc::from(&*system.version), ..zone },
            None => zone,
        })
    }

    /// Returns the IANA name, for example `Europe/Berlin`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.compiled.name()
    }

    /// Returns the version of the time zone database that the rules are from, for example `2025b`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Converts a time to the zone.
    #[must_use]
    pub fn local_time(&self, time: Timestamp) -> DateTime<FixedOffset> {
        let newer = self.newer.as_ref().and_then(|rules| {
            let offset = rules.find_local_time_type(time.timestamp()).ok()?.ut_offset();
            FixedOffset::east_opt(offset)
        });
        let offset = newer.unwrap_or_else(|| self.compiled.offset_from_utc_datetime(&time.naive_utc()).fix());
        time.with_timezone(&offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in the format TZif, version 2, without transitions and with these rules as a POSIX
    /// string.
    fn tzif(rules: &str) -> Vec<u8> {
        let header = |version: u8| {
            let counts: [u32; 6] = [0, 0, 0, 0, 1, 4];
            let counts = counts.into_iter().flat_map(u32::to_be_bytes);
            [b"TZif".as_slice(), &[version], &[0; 15], &counts.collect::<Vec<_>>()].concat()
        };
        let body = [0_u32.to_be_bytes().as_slice(), &[0, 0], b"UTC\0"].concat();
        [header(b'2'), body.clone(), header(b'2'), body, format!("\n{rules}\n").into_bytes()].concat()
    }

    fn zone(version: &str, file: Option<Vec<u8>>) -> Zone {
        let read = Box::new(move |name: &str| file.clone().filter(|_| name == "Europe/Berlin"));
        Zone::newest("Europe/Berlin", &SystemZones { version: version.to_owned(), read }).unwrap()
    }

    #[test]
    fn r46_a_newer_database_of_the_system_decides() {
        let summer = "2030-07-01T12:00:00Z".parse().unwrap();
        let shown = |zone: &Zone| (zone.local_time(summer).to_rfc3339(), zone.version().to_owned());
        let compiled = ("2030-07-01T14:00:00+02:00".to_owned(), chrono_tz::IANA_TZDB_VERSION.to_owned());
        // Germany has abolished summer time.
        let rules = tzif("CET-1");
        let newer = zone("2999a", Some(rules.clone()));
        assert_eq!(shown(&newer), ("2030-07-01T13:00:00+01:00".to_owned(), "2999a".to_owned()));
        assert_eq!(newer.name(), "Europe/Berlin");
        for other in [zone("2001a", Some(rules)), zone("2999a", None), zone("2999a", Some(b"torn".to_vec()))] {
            assert_eq!(shown(&other), compiled);
        }
        assert!(Zone::compiled("Mars/Olympus").is_err());
    }
}
