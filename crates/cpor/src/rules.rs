//! The installation's own rules, which are data: policy profiles, which of them is in force when, and calendars.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cpor_kit::config::ValidationErrors;
use cpor_types::{CalendarError, Calendars, PolicyError, PolicyInForce, PolicyProfiles};
use serde::{Deserialize, Serialize};

/// The section `rules`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RulesConfig {
    /// Policy profiles beside the shipped `2020@1`, `2021@1` and `2023@1`: a TOML file each.
    pub policy_files: Vec<PathBuf>,
    /// Which profile is in force from when on; empty: `2021@1`, whenever. A claim keeps the profile that it was submitted under.
    pub policies_in_force: Vec<PolicyInForce>,
    /// Calendars beside the shipped ones: a TOML file each.
    pub calendar_files: Vec<PathBuf>,
}

/// Rules that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file cannot be read.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A policy profile.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl RulesConfig {
    /// The profiles, and which is in force when.
    ///
    /// # Errors
    /// [`RulesError::File`], [`RulesError::Policy`].
    pub fn policies(&self) -> Result<PolicyProfiles, RulesError> {
        let documents = read(&self.policy_files)?;
        Ok(PolicyProfiles::scheduled(documents.iter().map(String::as_str), &self.policies_in_force)?)
    }

    /// The calendars.
    ///
    /// # Errors
    /// [`RulesError::File`], [`RulesError::Calendar`].
    pub fn calendars(&self) -> Result<Calendars, RulesError> {
        let documents = read(&self.calendar_files)?;
        Ok(Calendars::with(documents.iter().map(String::as_str))?)
    }

    pub(crate) fn validate(&self, faults: &mut ValidationErrors) {
        if let Err(error) = self.policies() {
            faults.add("policy_files", error.to_string());
        }
        if let Err(error) = self.calendars() {
            faults.add("calendar_files", error.to_string());
        }
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<String>, RulesError> {
    let read = |file: &PathBuf| {
        let file: &Path = file;
        fs::read_to_string(file).map_err(|error| RulesError::File { file: file.to_owned(), error })
    };
    files.iter().map(read).collect()
}
