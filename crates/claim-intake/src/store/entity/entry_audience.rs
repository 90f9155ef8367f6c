//! The values of the column with the audience of a history entry: the sides that may see it.

use sea_orm::{DeriveActiveEnum, EnumIter};

use cpor_history::Audience;

/// The sides that may see a history entry, as they are stored. The stored strings must not change:
/// existing rows contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum EntryAudience {
    #[sea_orm(string_value = "all")]
    All,
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
