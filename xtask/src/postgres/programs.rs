//! Finding PostgreSQL's server programs, which packages like to keep off the PATH.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::shell::{command, on_path, path_folders, read};

/// The oldest major version that the services are written for.
const OLDEST: u32 = 14;
const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// A folder with `initdb`, `pg_ctl` and `postgres`, all of one version.
#[derive(Clone)]
pub(crate) struct Programs {
    pub(crate) folder: PathBuf,
    /// As the server says it: `postgres (PostgreSQL) 15.18`.
    pub(crate) version: String,
}

impl Programs {
    /// The newest on this machine, if any; `CPOR_TEST_POSTGRES_BIN` names the folder to use instead.
    pub(crate) fn find() -> Result<Option<Self>> {
        if let Some(folder) = env::var_os("CPOR_TEST_POSTGRES_BIN") {
            let told = Self::at(Path::new(&folder));
            return told.map(Some).context("CPOR_TEST_POSTGRES_BIN holds no initdb, pg_ctl and postgres, 14 or newer");
        }
        Ok(candidates().iter().filter_map(|folder| Self::at(folder)).max_by_key(Self::major))
    }

    /// Those in one folder, where they are all there and new enough.
    pub(crate) fn at(folder: &Path) -> Option<Self> {
        if !NEEDED.iter().all(|program| folder.join(program).is_file()) {
            return None;
        }
        let version = read(command(folder.join("postgres")).arg("--version")).ok()?;
        let found = Self { folder: folder.to_path_buf(), version };
        (found.major() >= OLDEST).then_some(found)
    }

    fn major(&self) -> u32 {
        major(&self.version)
    }
}

/// Everywhere that the usual packages put them: the PATH, Debian, Red Hat, Homebrew, Postgres.app, and what `pg_config` says.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = path_folders().collect();
    folders.extend(children("/usr/lib/postgresql", "", "bin"));
    folders.extend(children("/usr", "pgsql-", "bin"));
    folders.extend(children("/opt/homebrew/opt", "postgresql", "bin"));
    folders.extend(children("/usr/local/opt", "postgresql", "bin"));
    folders.extend(children("/Applications/Postgres.app/Contents/Versions", "", "bin"));
    let told = on_path("pg_config").and_then(|program| read(command(program).arg("--bindir")).ok());
    folders.extend(told.map(PathBuf::from));
    folders
}

/// `<parent>/<prefix…>/<inner>` for every such child.
fn children(parent: &str, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let matching = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    matching.map(|entry| entry.path().join(inner)).collect()
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian …)`; 0 where there is none.
fn major(version: &str) -> u32 {
    let number = version.split(") ").nth(1).unwrap_or_default();
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_what_the_server_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), 15);
        assert_eq!(major("postgres (PostgreSQL) 19beta2"), 19);
        assert_eq!(major("something else"), 0);
    }
}
