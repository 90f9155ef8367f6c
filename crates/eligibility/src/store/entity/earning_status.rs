//! The values of the column with an earning's status.

use sea_orm::{DeriveActiveEnum, EnumIter};

/// The stored form of whether an earning has been paid. The stored values must not change, because
/// existing rows contain them and the migration of the table lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum EarningStatus {
    /// The earning has no amount to pay.
    #[sea_orm(string_value = "nothing_due")]
    NothingDue,
    /// The amount has not been paid yet.
    #[sea_orm(string_value = "accrued")]
    Accrued,
    /// The payment of the amount was sent, and has not been reversed since.
    #[sea_orm(string_value = "paid")]
    Paid,
}
