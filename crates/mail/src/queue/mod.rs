//! The rows: one for each mail, in the service's own database.

mod entity;
mod lease;
mod migration;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use cpor_durable::rows::{self, Micros};
use cpor_types::Timestamp;
use sea_orm::{
    ActiveValue, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect as _,
    sea_query::{CaseStatement, Expr, Func},
};
use uuid::Uuid;

pub(crate) use lease::{LeasedMail, end_all_leases, finish, lease_due, postpone};
pub use migration::migration;

use crate::Draft;

/// A mail as it waits.
#[derive(Clone, PartialEq)]
pub struct Mail {
    /// The owner part of its key.
    pub owner: String,
    /// Its id, unique within the owner.
    pub id: Uuid,
    /// What the composer knows it by.
    pub kind: String,
    /// The recipient's address; personal data.
    pub recipient: String,
    /// When it was decided, in business time.
    pub time: Timestamp,
    /// What the composer needs.
    pub data: serde_json::Value,
    /// Attempts that failed so far.
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

/// Where a mail stands, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailState {
    Queued,
    Sent,
    Bounced,
    Withdrawn,
}

impl MailState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Queues mails in the transaction that decides them: they are sent if it commits, and only then. One statement, however many. Wake the
/// [`Sender`](crate::Sender) after the commit.
///
/// # Errors
/// The database's.
pub async fn enqueue(tx: &DatabaseTransaction, mails: impl IntoIterator<Item = Draft>) -> Result<(), DbErr> {
    let rows: Vec<entity::ActiveModel> = mails.into_iter().map(to_row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // One that is there already is one that was enqueued before.
    rows::insert_new::<entity::Entity>(tx, rows).await.map(|_| ())
}

/// Forgets to whom mails went, in the transaction that erases that: what still waits is withdrawn, also from whoever is about to send it. One
/// statement for a thousand ids; those that no mail has are passed over.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &DatabaseTransaction, owner: &str, ids: &[Uuid]) -> Result<(), DbErr> {
    use entity::{Column, Entity};
    let withdrawn = Expr::value(MailState::Withdrawn.as_str());
    let state = Expr::case(Column::State.eq(MailState::Queued.as_str()), withdrawn).finally(Expr::col(Column::State));
    for ids in ids.chunks(1000) {
        Entity::update_many()
            .col_expr(Column::State, state.clone().into())
            .col_expr(Column::Recipient, Expr::value(""))
            .col_expr(Column::LastError, Expr::value(""))
            .col_expr(Column::LeaseToken, Expr::value(None::<Uuid>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .filter(Column::Owner.eq(owner))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn to_row(mail: Draft) -> entity::ActiveModel {
    let Draft { owner, id, kind, recipient, time, data } = mail;
    entity::ActiveModel {
        owner: ActiveValue::Set(owner),
        id: ActiveValue::Set(id),
        kind: ActiveValue::Set(kind.to_owned()),
        recipient: ActiveValue::Set(recipient),
        decide_time: ActiveValue::Set(Micros::from(time)),
        data: ActiveValue::Set(data),
        state: ActiveValue::Set(MailState::Queued.as_str().to_owned()),
        attempts: ActiveValue::Set(0),
        // At once: real time is not known inside a deciding transaction, and need not be.
        next_attempt_time: ActiveValue::Set(Micros(0)),
        first_attempt_time: ActiveValue::Set(None),
        settle_time: ActiveValue::Set(None),
        lease_token: ActiveValue::Set(None),
        lease_until: ActiveValue::Set(None),
        last_error: ActiveValue::Set(String::new()),
    }
}

/// How many mails are not settled: all of them, and those of them that need not wait for their next attempt.
pub(crate) async fn count_queued(db: &impl ConnectionTrait, now: Timestamp) -> Result<(u64, u64), DbErr> {
    let due = CaseStatement::new().case(entity::Column::NextAttemptTime.lte(Micros::from(now)), 1);
    // In one statement: a mail that is settled between two would count in the first and look as if it waited.
    let counts = entity::Entity::find()
        .filter(entity::Column::State.eq(MailState::Queued.as_str()))
        .select_only()
        .expr_as(Func::count(Expr::col(entity::Column::Id)), "queued")
        .expr_as(Func::count(due), "due")
        .into_tuple::<(i64, i64)>()
        .one(db)
        .await?;
    let (queued, due) = counts.unwrap_or_default();
    Ok((queued.unsigned_abs(), due.unsigned_abs()))
}
