//! The table `virtual_clock`: it has one row if the business clock is virtual (moved by an
//! operator), and no row otherwise.
use sea_orm::entity::prelude::*;

/// The id of the only row.
pub(crate) const ID: i64 = 1;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "virtual_clock")]
pub(crate) struct Model {
    /// Always [`ID`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: i64,
    /// The business time that the clock shows.
    pub(crate) time: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
