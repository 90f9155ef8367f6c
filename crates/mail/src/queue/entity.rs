//! The table `mail`: one row for each mail that was ever queued.

use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// A row of the table `mail`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub(crate) struct Model {
    /// The owner (partner or tenant) of the aggregate that the mail belongs to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the mail, unique within the owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The kind of mail, by which the renderer chooses the texts.
    pub(crate) kind: String,
    /// The recipient's e-mail address; empty after it was erased.
    pub(crate) recipient: String,
    /// The business time of the decision to send the mail.
    pub(crate) decide_time: Micros,
    /// The data from which the renderer finds what the mail is about.
    pub(crate) data: Json,
    /// The name of the [`MailState`](super::MailState).
    pub(crate) state: String,
    /// The number of attempts that failed.
    pub(crate) attempts: i64,
    /// The real time before which the mail is not tried again.
    pub(crate) next_attempt_time: Micros,
    /// The real time of the first attempt, if there was one.
    pub(crate) first_attempt_time: Option<Micros>,
    /// The real time at which the sender stored the final state of the mail.
    pub(crate) settle_time: Option<Micros>,
    /// The id of the current lease. Only its holder may finish or postpone the mail, and only until
    /// `lease_until`.
    pub(crate) lease_token: Option<Uuid>,
    /// The real time at which the lease ends.
    pub(crate) lease_until: Option<Micros>,
    /// The reason why the last attempt failed, without personal data.
    pub(crate) last_error: String,
}

impl ActiveModelBehavior for ActiveModel {}
