//! The table `request_id`: one row for each request id that was used in the last 24 hours.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "request_id")]
pub(crate) struct Model {
    /// The subject of the caller who sent the request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) caller: String,
    /// The method that was called.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) method: String,
    /// The id that the caller gave the request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) request_id: String,
    /// The SHA-256 hash of the request without its request id.
    pub(crate) body_hash: Vec<u8>,
    /// The owner (usually a partner or tenant) of the aggregate (such as a claim) that the request
    /// changed.
    pub(crate) owner: String,
    /// The id of the aggregate that the request changed.
    pub(crate) id: Uuid,
    /// The version of the aggregate after the request.
    pub(crate) version: i64,
    /// The time at which the row was inserted, by the machine's clock. The row is deleted 24 hours
    /// later.
    pub(crate) create_time: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
