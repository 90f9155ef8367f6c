//! The values of the column with the kind of a pending decision.
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The kind of a pending decision. The stored names must not change. The migration of the table
/// lists them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum DecisionKind {
    /// The approval of a case (R23).
    #[sea_orm(string_value = "approval")]
    Approval,
    /// A review lead's decision between competing claims (R37).
    #[sea_orm(string_value = "arbitration")]
    Arbitration,
}
