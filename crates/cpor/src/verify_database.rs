//! Verifies the histories of all claims in the database of claim-intake (R56). This needs no
//! running system, and may be done while services write to the database. A *root* is the signed
//! hash of all histories at the end of a day; histories that agree with it have not been changed
//! since.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cpor_auth::ReceiptKeys;
use cpor_claim_intake::history_check::{self, RootSource};
use cpor_database::{DatabaseConfig, Db, sqlite_file};
use cpor_process::config::SecretUrl;
use cpor_types::Service;

/// The result of the verification of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The numbers of verified rows, and the faults.
    pub check: history_check::Report,
    /// Whether the signatures of the roots were verified.
    pub has_keys: bool,
    /// Whether the roots were read from the database. Otherwise they were read from files.
    pub uses_stored_roots: bool,
}

impl Report {
    /// Returns whether no fault was found.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.check.faults.is_empty()
    }
}

/// Reads a database argument: a PostgreSQL URL, a SQLite file, or a data directory.
///
/// # Errors
/// Returns an error if the URL contains a password, because other users of the machine can see the
/// arguments of a process, or if the file does not exist.
pub fn parse_database(argument: &str, schema: Option<&str>) -> anyhow::Result<DatabaseSource> {
    if argument.starts_with("postgres://") || argument.starts_with("postgresql://") {
        let url = SecretUrl::new(argument);
        anyhow::ensure!(
            url.masked() == argument,
            "the URL of the database must not contain a password, because arguments can be seen by others: set PGPASSWORD"
        );
        let schema = schema.map(str::to_owned);
        let config = DatabaseConfig { url: Some(url), schema, connections: 1, ..DatabaseConfig::default() };
        return Ok(DatabaseSource::Configured(config));
    }
    let path = Path::new(argument);
    let file = if path.is_dir() { sqlite_file(path, Service::ClaimIntake) } else { path.to_owned() };
    // Opening a SQLite database creates a missing file.
    anyhow::ensure!(file.is_file(), "{} is not a file", file.display());
    Ok(DatabaseSource::File(file))
}

/// The database that is verified.
#[derive(Clone, Debug)]
pub enum DatabaseSource {
    /// The database that this configuration names for claim-intake.
    Configured(DatabaseConfig),
    /// A SQLite file.
    File(PathBuf),
}

/// Verifies all histories. `roots` is a file or a folder with roots that were kept outside of the
/// database; without it, the roots in the database are used. `keys` are the public keys of the
/// installation, as a JWKS; without them, the signatures of the roots are not verified.
///
/// # Errors
/// Returns an error if the database cannot be opened, or something cannot be read.
pub async fn verify_database(
    database: &DatabaseSource,
    roots: Option<&Path>,
    keys: Option<&str>,
) -> anyhow::Result<Report> {
    let keys = keys.map(ReceiptKeys::parse).transpose().context("the JWKS cannot be read")?;
    // The files are listed before the database is read, so that the database contains every root
    // in them.
    let source = roots.map_or(Ok(RootSource::Stored), |path| root_files(path).map(RootSource::Files))?;
    let db = match database {
        DatabaseSource::Configured(config) => Db::open(config, Service::ClaimIntake).await?,
        DatabaseSource::File(file) => Db::open_sqlite(file).await?,
    };
    let check = history_check::check_histories(db.reader(), &source, keys.as_ref()).await;
    db.close().await?;
    Ok(Report { check: check?, has_keys: keys.is_some(), uses_stored_roots: roots.is_none() })
}

/// Returns the files with roots: the given file, or those of the given folder in the order of their
/// names, which begin with the number of the root.
fn root_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot_read = || format!("cannot read {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot_read)? {
        files.push(entry.with_context(cannot_read)?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    anyhow::ensure!(!files.is_empty(), "{} has no files with roots (*.jsonl)", path.display());
    Ok(files)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let history_check::Report { claims, entries, roots, last_day, faults, further_faults } = &self.check;
        for fault in faults {
            writeln!(f, "{fault}")?;
        }
        if *further_faults > 0 {
            writeln!(f, "and {further_faults} further faults")?;
        }
        writeln!(f, "{claims} histories with {entries} entries, compared with {roots} roots")?;
        match last_day {
            Some(day) => writeln!(f, "  the roots cover every entry up to {day}")?,
            None => writeln!(f, "  THERE IS NO ROOT: histories whose end was cut off are not found")?,
        }
        if self.uses_stored_roots {
            writeln!(f, "  the roots are those of the database: pass the files that you have kept with --roots")?;
        }
        if !self.has_keys {
            writeln!(f, "  THE SIGNATURES WERE NOT CHECKED: pass the public keys of the installation with --keys")?;
        }
        f.write_str(if self.is_valid() { "the histories are valid" } else { "the histories are NOT VALID" })
    }
}
