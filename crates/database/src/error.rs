//! The errors of opening a database.
use std::{path::PathBuf, time::Duration};

use sea_orm::sqlx;

/// The reason why a database cannot be opened. The text names the file or server and never a
/// password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be opened or created.
    #[error("cannot open {file}: {source}", file = .file.display())]
    File {
        /// The path of the file.
        file: PathBuf,
        /// The error of the driver.
        source: sqlx::Error,
    },
    /// The configured PostgreSQL URL is invalid.
    #[error("database.url is invalid: {0}")]
    Url(#[source] sqlx::Error),
    /// The PostgreSQL server cannot be reached or refuses the connection.
    #[error("cannot connect to PostgreSQL at {server}: {}", cause_message(.cause))]
    Server {
        /// The host, port, database and role.
        server: String,
        /// The error of the driver. It is not named `source`, because its text would then be
        /// printed twice.
        cause: sqlx::Error,
    },
    /// The PostgreSQL server does not respond.
    #[error("cannot connect to PostgreSQL at {server}: no response within {timeout:?}")]
    Timeout {
        /// The host, port, database and role.
        server: String,
        /// The time that the server had to respond.
        timeout: Duration,
    },
}

/// Returns the message of the server or the operating system, without the text that the driver
/// adds.
fn cause_message(error: &sqlx::Error) -> String {
    if let sqlx::Error::Io(error) = error {
        return error.to_string();
    }
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
