use std::{path::PathBuf, time::Duration};

use sea_orm::sqlx;

/// Why a database cannot be used. It says where it was looked for, and never a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be opened or created.
    #[error("cannot open {file}: {source}", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The configured URL is none that PostgreSQL understands.
    #[error("database.url cannot be used: {0}")]
    Url(#[source] sqlx::Error),
    /// The PostgreSQL server cannot be reached, or lets nobody in.
    #[error("cannot connect to PostgreSQL at {server}: {}", plain(.cause))]
    Server {
        /// Host, port, database and role.
        server: String,
        /// Why. Not a `source`, whose text would be told beside the plain one.
        cause: sqlx::Error,
    },
    /// Whatever is at the address says nothing.
    #[error("cannot connect to PostgreSQL at {server}: no answer within {patience:?}")]
    Silent {
        /// Host, port, database and role.
        server: String,
        /// How long it was waited for.
        patience: Duration,
    },
}

/// What the server or the system said, without the driver's words around it.
fn plain(error: &sqlx::Error) -> String {
    if let sqlx::Error::Io(error) = error {
        return error.to_string();
    }
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
