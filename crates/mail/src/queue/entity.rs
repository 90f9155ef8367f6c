//! The table `mail`: one row for each mail that was ever queued.
//!
//! It has no foreign key: several services have such a table, and only the service that queued a
//! mail knows in which of its tables the partner, tenant or aggregate of the mail is stored.
//!
//! Real times are read from the machine's clock, and business times from the business clock, which
//! can be virtual.

use cpor_durable::ids::MailId;
use sea_orm::entity::prelude::*;

use super::MailState;

/// A row of the table `mail`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mail")]
pub(crate) struct Model {
    /// The partner or tenant that owns the claim or case that the mail is about.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the mail, unique within the owner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: MailId,
    /// The kind of mail, by which the renderer chooses the texts.
    pub(crate) kind: String,
    /// The recipient's e-mail address; empty after it was erased.
    pub(crate) recipient: String,
    /// The business time of the decision to send the mail.
    pub(crate) decide_time: DateTimeUtc,
    /// The data from which the renderer finds what the mail is about. Its form depends on the
    /// service and the kind of mail.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) data: Json,
    /// Queued, or one of the final states.
    pub(crate) state: MailState,
    /// The number of attempts that failed.
    pub(crate) attempts: i64,
    /// The real time before which the mail is not tried again.
    pub(crate) next_attempt_time: DateTimeUtc,
    /// The real time of the first attempt; NULL before it.
    pub(crate) first_attempt_time: Option<DateTimeUtc>,
    /// The real time at which the sender stored the final state of the mail. NULL before that, and
    /// if the mail was withdrawn because its recipient was erased.
    pub(crate) finish_time: Option<DateTimeUtc>,
    /// The id of the current lease: the right of one sender to work on the mail until
    /// `lease_until`. Only this sender may finish or postpone the mail.
    pub(crate) lease_token: Option<Uuid>,
    /// The real time from which on another sender may lease the mail.
    pub(crate) lease_until: Option<DateTimeUtc>,
    /// The reason why the last attempt failed, without personal data.
    pub(crate) last_error: String,
}

impl ActiveModelBehavior for ActiveModel {}
