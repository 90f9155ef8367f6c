//! The values of the column with the state of a document. The *object* of a document contains its
//! bytes.

use sea_orm::{DeriveActiveEnum, EnumIter};

/// The state of a document as it is stored. The stored strings must not change: existing rows
/// contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum DocumentState {
    /// The upload has begun and the document is not on its claim yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The document is on its claim.
    #[sea_orm(string_value = "STORED")]
    Stored,
    /// The document was removed from its draft. Its object remains.
    #[sea_orm(string_value = "REMOVED")]
    Removed,
    /// The upload was abandoned, and its object is about to be deleted.
    #[sea_orm(string_value = "ABANDONED")]
    Abandoned,
    /// The upload was abandoned, and its object is deleted.
    #[sea_orm(string_value = "SWEPT")]
    Swept,
}
