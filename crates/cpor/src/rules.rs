//! The configuration section `rules`. It names policy profiles (sets of the values that the rules
//! leave to policy, R61) and business-day calendars (R46) that an installation adds to the built-in
//! ones.

use std::{fs, io, path::PathBuf};

use cpor_process::config::ValidationErrors;
use cpor_types::{CalendarError, Calendars, PolicyError, PolicyInForce, PolicyProfiles, SystemZones};
use serde::{Deserialize, Serialize};

/// The configuration section `rules`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesConfig {
    /// TOML files with one policy profile each, in addition to the built-in `2020@1`, `2021@1` and
    /// `2023@1`.
    pub policy_files: Vec<PathBuf>,
    /// The profiles and the times from which they are in force. If empty, `2021@1` is always in
    /// force. A claim keeps the profile that was in force when it was submitted.
    pub policies_in_force: Vec<PolicyInForce>,
    /// TOML files with one calendar each, in addition to the built-in ones. A file replaces the
    /// built-in calendar with its id. Deadlines that are running keep their due times.
    pub calendar_files: Vec<PathBuf>,
}

/// An error in the configured policy profiles or calendars.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file cannot be read.
    #[error("{}: {error}", file.display())]
    File {
        /// The path of the file.
        file: PathBuf,
        /// The error of the file system.
        error: io::Error,
    },
    /// A policy profile is invalid, or the schedule names a profile that does not exist.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A calendar is invalid.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl RulesConfig {
    /// Reads the policy profiles and their schedule.
    ///
    /// # Errors
    /// Returns [`RulesError::File`] if a file cannot be read, and [`RulesError::Policy`] if a
    /// profile or the schedule is invalid.
    pub fn policies(&self) -> Result<PolicyProfiles, RulesError> {
        let documents = read_files(&self.policy_files)?;
        Ok(PolicyProfiles::scheduled(documents.iter().map(String::as_str), &self.policies_in_force)?)
    }

    /// Reads the calendars.
    ///
    /// # Errors
    /// Returns [`RulesError::File`] if a file cannot be read, and [`RulesError::Calendar`] if a
    /// calendar is invalid.
    pub fn calendars(&self) -> Result<Calendars, RulesError> {
        let documents = read_files(&self.calendar_files)?;
        Ok(Calendars::shipped_with(documents.iter().map(String::as_str), system_zones().as_ref())?)
    }

    /// Adds an error for each configuration key whose files cannot be used.
    pub(crate) fn validate(&self, errors: &mut ValidationErrors) {
        if let Err(error) = self.policies() {
            errors.add("policy_files", error.to_string());
        }
        if let Err(error) = self.calendars() {
            errors.add("calendar_files", error.to_string());
        }
    }
}

/// Returns the contents of the files.
fn read_files(files: &[PathBuf]) -> Result<Vec<String>, RulesError> {
    let read_file =
        |file: &PathBuf| fs::read_to_string(file).map_err(|error| RulesError::File { file: file.to_owned(), error });
    files.iter().map(read_file).collect()
}

/// Returns the time zone database of the system: the folder that the variable `TZDIR` names, or the
/// usual folder. Returns `None` if its version is not known.
fn system_zones() -> Option<SystemZones> {
    let folder = std::env::var_os("TZDIR").map_or_else(|| PathBuf::from("/usr/share/zoneinfo"), PathBuf::from);
    let first_line = |file: &str| Some(fs::read_to_string(folder.join(file)).ok()?.lines().next()?.to_owned());
    let version = first_line("tzdata.zi").and_then(|line| Some(line.strip_prefix("# version ")?.to_owned()));
    let version = version.or_else(|| first_line("+VERSION"))?.trim().to_owned();
    Some(SystemZones { version, read: Box::new(move |name| fs::read(folder.join(name)).ok()) })
}
