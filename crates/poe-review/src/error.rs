//! Errors that are not refusals of the domain: the service cannot be built, or a decision could not
//! be completed yet.
use cpor_mail::SetupError;
use cpor_registry_client::RegistryError;
use cpor_types::CalendarError;
use sea_orm::DbErr;

/// The reason why the service cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configured calendar does not exist.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The mail sender cannot be set up.
    #[error("poe-review: {0}")]
    Mail(#[from] SetupError),
    /// The database cannot be used, for example because its migrations have not run.
    #[error("poe-review's database: {0}")]
    Database(#[from] DbErr),
}

/// The reason why an approval, or an arbitration between competing claims, is not complete yet. It
/// is retried in the background.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IncompleteDecision {
    /// The call to the registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A case or arbitration could not be read, or the registry's answer could not be committed.
    #[error("the registry's answer could not be committed: {0}")]
    Storage(String),
}

impl IncompleteDecision {
    /// Creates [`Self::Storage`] from an error of the database.
    pub(crate) fn storage(cause: impl std::fmt::Display) -> Self {
        Self::Storage(cause.to_string())
    }
}
