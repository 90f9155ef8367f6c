//! The values of the column with the solution area of a claim, for filters.

use cpor_types::SolutionArea;
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The solution area of a claim as lists name it. The stored strings must not change: existing rows
/// contain them, and a migration lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum ClaimedArea {
    /// The partner has not chosen an area.
    #[sea_orm(string_value = "UNSPECIFIED")]
    Unspecified,
    #[sea_orm(string_value = "MICROSOFT_365")]
    Microsoft365,
    #[sea_orm(string_value = "BUSINESS_APPLICATIONS")]
    BusinessApplications,
}

impl From<Option<SolutionArea>> for ClaimedArea {
    fn from(area: Option<SolutionArea>) -> Self {
        match area {
            None => Self::Unspecified,
            Some(SolutionArea::Microsoft365) => Self::Microsoft365,
            Some(SolutionArea::BusinessApplications) => Self::BusinessApplications,
        }
    }
}
