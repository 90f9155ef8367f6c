//! The column with the state of a document. The sweeper is the background task that removes
//! abandoned uploads.

use sea_orm::{DeriveActiveEnum, EnumIter};

/// The state of a document as it is stored. The names must not change. The migration of the table
/// lists them too.
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
    /// The sweeper is about to delete the object of the upload.
    #[sea_orm(string_value = "ABANDONED")]
    Abandoned,
    /// The sweeper has deleted the object of the upload.
    #[sea_orm(string_value = "SWEPT")]
    Swept,
}
