//! Finds the server programs of PostgreSQL, which many packages install outside of the PATH.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::shell::{command, find_on_path, path_directories, read_output};

/// The oldest major version that the services support.
const OLDEST_MAJOR_VERSION: u32 = 14;
const REQUIRED_PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The programs `initdb`, `pg_ctl` and `postgres` of one version.
#[derive(Clone)]
pub(crate) struct Programs {
    /// The directory that contains the programs.
    pub(crate) directory: PathBuf,
    /// The output of `postgres --version`, for example `postgres (PostgreSQL) 15.18`.
    pub(crate) version: String,
}

impl Programs {
    /// Returns the programs in the directory `CPOR_TEST_POSTGRES_BIN`, or else the newest ones on
    /// this machine, if there are any.
    ///
    /// # Errors
    /// Returns an error if `CPOR_TEST_POSTGRES_BIN` is set to a directory that lacks the programs.
    pub(crate) fn find() -> Result<Option<Self>> {
        if let Some(directory) = env::var_os("CPOR_TEST_POSTGRES_BIN") {
            let programs = Self::in_directory(Path::new(&directory));
            return programs
                .map(Some)
                .context("CPOR_TEST_POSTGRES_BIN: must be a directory with initdb, pg_ctl and postgres, 14 or newer");
        }
        let programs = candidate_directories().into_iter().filter_map(|directory| Self::in_directory(&directory));
        Ok(programs.max_by_key(Self::major_version))
    }

    /// Returns the programs in a directory, if it contains all of them and they are new enough.
    pub(crate) fn in_directory(directory: &Path) -> Option<Self> {
        if !REQUIRED_PROGRAMS.iter().all(|program| directory.join(program).is_file()) {
            return None;
        }
        let version = read_output(command(directory.join("postgres")).arg("--version")).ok()?;
        let programs = Self { directory: directory.to_path_buf(), version };
        (programs.major_version() >= OLDEST_MAJOR_VERSION).then_some(programs)
    }

    fn major_version(&self) -> u32 {
        parse_major_version(&self.version)
    }
}

/// Returns the directories in which the programs can be: those of the PATH, of the packages of
/// Debian, Red Hat, Homebrew and Postgres.app, and the one that `pg_config` prints.
fn candidate_directories() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = path_directories().collect();
    directories.extend(children("/usr/lib/postgresql", "", "bin"));
    directories.extend(children("/usr", "pgsql-", "bin"));
    directories.extend(children("/opt/homebrew/opt", "postgresql", "bin"));
    directories.extend(children("/usr/local/opt", "postgresql", "bin"));
    directories.extend(children("/Applications/Postgres.app/Contents/Versions", "", "bin"));
    let bindir = find_on_path("pg_config").and_then(|program| read_output(command(program).arg("--bindir")).ok());
    directories.extend(bindir.map(PathBuf::from));
    directories
}

/// Returns `<parent>/<child>/<inner>` for each child whose name begins with the prefix.
fn children(parent: &str, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let matching = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    matching.map(|entry| entry.path().join(inner)).collect()
}

/// Returns 15 for `postgres (PostgreSQL) 15.18 (Debian …)`, and 0 if there is no version.
fn parse_major_version(version: &str) -> u32 {
    let number = version.split(") ").nth(1).unwrap_or_default();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_parsed() {
        assert_eq!(parse_major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), 15);
        assert_eq!(parse_major_version("postgres (PostgreSQL) 19beta2"), 19);
        assert_eq!(parse_major_version("something else"), 0);
    }
}
