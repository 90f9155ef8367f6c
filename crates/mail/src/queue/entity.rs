use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) recipient: String,
    /// Business time.
    pub(crate) decide_time: Micros,
    pub(crate) data: Json,
    pub(crate) state: String,
    /// Attempts that failed.
    pub(crate) attempts: i64,
    /// Real time.
    pub(crate) next_attempt_time: Micros,
    pub(crate) first_attempt_time: Option<Micros>,
    pub(crate) settle_time: Option<Micros>,
    /// Whoever holds it may settle or postpone the mail, until `lease_until`.
    pub(crate) lease_token: Option<Uuid>,
    pub(crate) lease_until: Option<Micros>,
    pub(crate) last_error: String,
}

impl ActiveModelBehavior for ActiveModel {}
