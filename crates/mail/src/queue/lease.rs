//! Leases on queued mails. A lease is the right of one sender to work on a mail until a given time,
//! so that no two senders send it.

use cpor_database::{Db, Engine};
use cpor_durable::ids::MailId;
use cpor_types::Timestamp;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbErr, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, Statement,
    sea_query::Expr,
};
use uuid::Uuid;

use super::entity::{Column, Entity, Model};
use super::{Mail, MailState};

/// A mail that this sender has leased: no other sender may send it until the lease ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LeasedMail {
    pub(crate) mail: Mail,
    /// The real time of the first attempt to send the mail.
    pub(crate) first_attempt_time: Timestamp,
    /// The real time at which the lease ends.
    pub(crate) until: Timestamp,
    /// The id of the lease, as stored in the row.
    token: Uuid,
}

/// Leases up to `limit` mails whose next attempt is due, from `now` to `until`. `token` becomes the
/// id of the lease. Executes a single statement, which is a transaction of its own.
pub(crate) async fn lease_due(
    db: &Db,
    token: Uuid,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<LeasedMail>, DbErr> {
    let values = [token.into(), until.into(), now.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let backend = db.writer().get_database_backend();
    let rows = db
        .writer()
        .query_all_raw(Statement::from_sql_and_values(backend, lease_statement(db.engine()), values))
        .await?;
    rows.iter().map(|row| to_leased_mail(Model::from_query_result(row, "")?, token, now, until)).collect()
}

/// Ends all leases of queued mails and returns their number. Call it only when a process starts on
/// an SQLite database: only one process uses such a database, so every existing lease belongs to a
/// process that has ended.
pub(crate) async fn end_all_leases(db: &Db) -> Result<u64, DbErr> {
    let result = Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::value(None::<Uuid>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
        .filter(Column::State.eq(MailState::Queued))
        .filter(Column::LeaseToken.is_not_null())
        .exec(db.writer())
        .await?;
    Ok(result.rows_affected)
}

/// Selects up to $4 queued mails that are due at $3 and not leased.
const SELECT_DUE: &str = "SELECT owner, id FROM mail \
    WHERE state = 'queued' AND next_attempt_time <= $3 AND (lease_until IS NULL OR lease_until <= $3) \
    ORDER BY next_attempt_time, owner, id LIMIT $4";
/// Stores the lease with the id $1, which ends at $2, and $3 as the time of the first attempt if
/// there was none before.
const TAKE_LEASE: &str =
    "UPDATE mail SET lease_token = $1, lease_until = $2, first_attempt_time = COALESCE(first_attempt_time, $3)";

/// Builds the statement that leases mails, in the SQL of the engine. It selects, updates and
/// returns rows at once, and skips locked rows on PostgreSQL, which SeaORM cannot express for both
/// engines.
fn lease_statement(engine: Engine) -> String {
    match engine {
        // Without MATERIALIZED the planner may evaluate the LIMIT more than once.
        Engine::Postgres => format!(
            "WITH waiting AS MATERIALIZED ({SELECT_DUE} FOR UPDATE SKIP LOCKED) {TAKE_LEASE} FROM waiting \
             WHERE mail.owner = waiting.owner AND mail.id = waiting.id RETURNING mail.*"
        ),
        Engine::Sqlite => format!("{TAKE_LEASE} WHERE (owner, id) IN ({SELECT_DUE}) RETURNING *").replace('$', "?"),
    }
}

fn to_leased_mail(row: Model, token: Uuid, now: Timestamp, until: Timestamp) -> Result<LeasedMail, DbErr> {
    let first_attempt_time = row.first_attempt_time.unwrap_or(now);
    Ok(LeasedMail { mail: row.try_into()?, first_attempt_time, until, token })
}

/// Sets the final state of a leased mail. Returns whether the lease was still held.
pub(crate) async fn finish(db: &Db, leased: &LeasedMail, state: MailState, now: Timestamp) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::FinishTime, Expr::value(now));
    update_and_release(db, leased, update).await
}

/// Counts a failed attempt, stores its `reason`, and ends the lease. The mail is not leased again
/// before `next_attempt_time`. Returns whether the lease was still held.
pub(crate) async fn postpone(
    db: &Db,
    leased: &LeasedMail,
    next_attempt_time: Timestamp,
    reason: &str,
) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::NextAttemptTime, Expr::value(next_attempt_time))
        .col_expr(Column::LastError, Expr::value(reason));
    update_and_release(db, leased, update).await
}

/// Ends the lease of a mail that was not tried. It is not leased again before `next_attempt_time`,
/// and its first attempt is still to come. Returns whether the lease was still held.
pub(crate) async fn delay(db: &Db, leased: &LeasedMail, next_attempt_time: Timestamp) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::NextAttemptTime, Expr::value(next_attempt_time))
        .col_expr(Column::FirstAttemptTime, Expr::value(None::<Timestamp>));
    update_and_release(db, leased, update).await
}

/// Applies `update` to a leased mail and ends its lease, if the lease is still held. Returns
/// whether the lease was still held.
async fn update_and_release(db: &Db, leased: &LeasedMail, update: sea_orm::UpdateMany<Entity>) -> Result<bool, DbErr> {
    let LeasedMail { mail, token, .. } = leased;
    let result = update
        .col_expr(Column::LeaseToken, Expr::value(None::<Uuid>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<Timestamp>))
        .filter(Column::Owner.eq(mail.owner.as_str()))
        .filter(Column::Id.eq(MailId::from(mail.id)))
        .filter(Column::LeaseToken.eq(*token))
        .exec(db.writer())
        .await?;
    Ok(result.rows_affected == 1)
}
