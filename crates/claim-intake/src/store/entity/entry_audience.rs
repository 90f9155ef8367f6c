//! The column with the audience of a history entry.

use sea_orm::{DeriveActiveEnum, EnumIter};

use cpor_history::Audience;

/// The sides that may see a history entry, as they are stored. The names must not change. The
/// migration of the table lists them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum EntryAudience {
    /// The stored form of [`Audience::All`].
    #[sea_orm(string_value = "all")]
    All,
    /// The stored form of [`Audience::Vendor`].
    #[sea_orm(string_value = "vendor")]
    Vendor,
}

impl From<Audience> for EntryAudience {
    fn from(value: Audience) -> Self {
        match value {
            Audience::All => Self::All,
            Audience::Vendor => Self::Vendor,
        }
    }
}

impl From<EntryAudience> for Audience {
    fn from(value: EntryAudience) -> Self {
        match value {
            EntryAudience::All => Self::All,
            EntryAudience::Vendor => Self::Vendor,
        }
    }
}
