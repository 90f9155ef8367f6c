//! The queue: the table `mail` in the database of the service, one row for each mail.

mod entity;
mod lease;
mod migration;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use cpor_durable::{ids::MailId, rows};
use cpor_types::Timestamp;
use sea_orm::{
    ActiveValue, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr, DeriveActiveEnum, EntityTrait,
    EnumIter, QueryFilter, QuerySelect as _,
    sea_query::{CaseStatement, Expr, ExprTrait as _, Func},
};
use uuid::Uuid;

pub(crate) use lease::{LeasedMail, delay, end_all_leases, finish, lease_due, postpone};
pub use migration::migrations;

use crate::NewMail;

/// A mail in the queue.
#[derive(Clone, PartialEq)]
pub struct Mail {
    /// The partner or tenant that owns the claim or case that the mail is about. It is the first
    /// part of the row's primary key.
    pub owner: String,
    /// The id of the mail, unique within the owner.
    pub id: Uuid,
    /// The kind of mail, by which the renderer chooses the texts.
    pub kind: String,
    /// The recipient's e-mail address (personal data).
    pub recipient: String,
    /// The time of the decision to send the mail, by the business clock (which deadlines use and
    /// which can be virtual).
    pub time: Timestamp,
    /// The data from which the renderer finds what the mail is about, for example the id of the
    /// claim.
    pub data: serde_json::Value,
    /// The number of attempts that have failed so far.
    pub attempts: u32,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { owner, id, kind, recipient: _, time: _, data: _, attempts } = self;
        f.debug_struct("Mail")
            .field("owner", owner)
            .field("id", id)
            .field("kind", kind)
            .field("attempts", attempts)
            .finish_non_exhaustive()
    }
}

impl TryFrom<entity::Model> for Mail {
    type Error = DbErr;

    fn try_from(row: entity::Model) -> Result<Self, DbErr> {
        let entity::Model { owner, id, kind, recipient, decide_time, data, attempts, .. } = row;
        let id = Uuid::from(id);
        let attempts =
            u32::try_from(attempts).map_err(|_| DbErr::Type(format!("mail {id} has {attempts} attempts")))?;
        Ok(Self { owner, id, kind, recipient, time: decide_time, data, attempts })
    }
}

/// The stored state of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub(crate) enum MailState {
    /// The mail waits to be sent.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// The mail system accepted the mail.
    #[sea_orm(string_value = "sent")]
    Sent,
    /// The mail system refused the mail permanently.
    #[sea_orm(string_value = "bounced")]
    Bounced,
    /// The mail was not sent, because its reason no longer existed or its recipient was erased.
    #[sea_orm(string_value = "withdrawn")]
    Withdrawn,
}

/// Queues mails in the transaction that decides to send them, with one statement. They are sent if
/// and only if the transaction commits. Mails whose id was enqueued before are ignored. Call
/// [`Sender::wake`](crate::Sender::wake) after the commit.
///
/// # Errors
/// Returns the error of the database.
pub async fn enqueue(tx: &DatabaseTransaction, mails: impl IntoIterator<Item = NewMail>) -> Result<(), DbErr> {
    let rows: Vec<entity::ActiveModel> = mails.into_iter().map(to_row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // The existing row of a mail that was enqueued before stays as it is.
    rows::insert_new::<entity::Entity>(tx, rows).await.map(|_| ())
}

/// Finds the mail with this id, in any state. It executes one statement.
///
/// # Errors
/// Returns the error of the database.
pub async fn find(db: &impl ConnectionTrait, owner: &str, id: Uuid) -> Result<Option<Mail>, DbErr> {
    let row = entity::Entity::find_by_id((owner.to_owned(), MailId::from(id))).one(db).await?;
    row.map(Mail::try_from).transpose()
}

/// Erases the recipients of the mails with these ids and withdraws those that are still queued. A
/// sender that holds a lease on such a mail loses the lease. Call this function in the transaction
/// that erases the personal data. It executes one statement per thousand ids. Ids without a mail
/// are ignored.
///
/// # Errors
/// Returns the error of the database.
pub async fn withdraw_and_erase(tx: &DatabaseTransaction, owner: &str, ids: &[Uuid]) -> Result<(), DbErr> {
    use entity::{Column, Entity};
    let withdrawn = Expr::value(MailState::Withdrawn);
    let state = Expr::case(Column::State.eq(MailState::Queued), withdrawn).finally(Expr::col(Column::State));
    for ids in ids.chunks(1000) {
        Entity::update_many()
            .col_expr(Column::State, state.clone().into())
            .col_expr(Column::Recipient, Expr::value(""))
            .col_expr(Column::LastError, Expr::value(""))
            .col_expr(Column::LeaseToken, Expr::value(None::<Uuid>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
            .filter(Column::Owner.eq(owner))
            .filter(Column::Id.is_in(ids.iter().copied().map(MailId::from)))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Builds the row of a mail that is queued and due at once.
fn to_row(mail: NewMail) -> entity::ActiveModel {
    let NewMail { owner, id, kind, recipient, time, data } = mail;
    entity::ActiveModel {
        owner: ActiveValue::Set(owner),
        id: ActiveValue::Set(id.into()),
        kind: ActiveValue::Set(kind.to_owned()),
        recipient: ActiveValue::Set(recipient),
        decide_time: ActiveValue::Set(time),
        data: ActiveValue::Set(data),
        state: ActiveValue::Set(MailState::Queued),
        attempts: ActiveValue::Set(0),
        // The mail is due at once, because the beginning of 1970 has passed. The current real time
        // is not known here.
        next_attempt_time: ActiveValue::Set(Timestamp::UNIX_EPOCH),
        first_attempt_time: ActiveValue::Set(None),
        finish_time: ActiveValue::Set(None),
        lease_token: ActiveValue::Set(None),
        lease_until: ActiveValue::Set(None),
        last_error: ActiveValue::Set(String::new()),
    }
}

/// Numbers of mails in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueCounts {
    /// The mails that are neither sent, bounced nor withdrawn.
    pub(crate) queued: u64,
    /// The queued mails whose next attempt is due.
    pub(crate) due: u64,
}

/// Counts the queued mails with one statement.
pub(crate) async fn count_queued(db: &impl ConnectionTrait, now: Timestamp) -> Result<QueueCounts, DbErr> {
    let counted_if_due = CaseStatement::new().case(entity::Column::NextAttemptTime.lte(now), 1);
    // One statement returns both counts. With two statements, a mail that is finished in between
    // would be counted as queued but not due. The state is a literal and not a parameter, because
    // only then the database can use the partial index.
    let is_queued = Expr::col(entity::Column::State).eq(Expr::Constant(MailState::Queued.into()));
    let counts = entity::Entity::find()
        .filter(is_queued)
        .select_only()
        .expr_as(Func::count(Expr::col(entity::Column::Id)), "queued")
        .expr_as(Func::count(counted_if_due), "due")
        .into_tuple::<(i64, i64)>()
        .one(db)
        .await?;
    let (queued, due) = counts.unwrap_or_default();
    Ok(QueueCounts { queued: queued.unsigned_abs(), due: due.unsigned_abs() })
}
