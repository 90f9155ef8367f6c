//! This service's section of the configuration.
use std::path::PathBuf;

use cpor_kit::config::Faults;
use serde::{Deserialize, Serialize};

use crate::domain::{GuideError, Guides};

/// `[eligibility]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Program guides beside the one that ships (R52): TOML documents like it. A guide is in force for its effective
    /// period; of several, the one that began last.
    pub guide_files: Vec<PathBuf>,
}

/// Why the configured guides cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuidesError {
    #[error("{file}: {source}", file = .file.display())]
    File { file: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Guide(#[from] GuideError),
}

impl Config {
    /// Every guide can be read.
    pub fn validate(&self, faults: &mut Faults) {
        if let Err(error) = self.guides() {
            faults.add("guide_files", error.to_string());
        }
    }

    /// The shipped guide and the configured ones.
    pub(crate) fn guides(&self) -> Result<Guides, GuidesError> {
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file).map_err(|source| GuidesError::File { file: file.clone(), source })
        };
        let documents = self.guide_files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Guides::read(documents.iter().map(String::as_str))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_that_cannot_be_read_are_a_fault_of_the_configuration() {
        let faults = |files: &[PathBuf]| {
            let mut faults = Faults::default();
            Config { guide_files: files.to_vec() }.validate(&mut faults);
            faults.found().iter().map(|fault| format!("{}: {}", fault.key, fault.problem)).collect::<Vec<_>>()
        };
        assert_eq!(faults(&[]), [""; 0]);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("odd.toml");
        let missing = faults(std::slice::from_ref(&file));
        assert!(missing[0].starts_with("guide_files: ") && missing[0].contains("odd.toml"), "{missing:?}");
        let shipped = include_str!("../guides/2026.toml");
        std::fs::write(&file, shipped.replace("program in partner.enrolled", "program in (")).unwrap();
        let odd = faults(std::slice::from_ref(&file));
        assert!(odd[0].contains("is no CEL expression"), "{odd:?}");
    }
}
