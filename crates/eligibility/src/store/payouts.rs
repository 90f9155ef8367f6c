//! Payouts: recording one marks the lines of the ledger that it pays, in the same transaction.
use std::convert::Infallible;

use cpor_durable::{Change, Key, Micros, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::Money;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    earnings::StatusWord,
    entity::{
        earning,
        payout::{ActiveModel, Entity, Model},
    },
    row,
};
use crate::domain::{Payout, PayoutPeriod};

/// The key of a payout.
pub(crate) fn key(period: PayoutPeriod, id: Uuid) -> Key {
    Key::new(period.to_string(), id)
}

/// How payouts lie in the database.
pub(crate) struct PayoutStore;

impl Store for PayoutStore {
    type Aggregate = Payout;
    /// A period may be paid more than once: each payment finds what is due by then.
    type Clash = Infallible;

    const AGGREGATE: &'static str = "payout";

    fn resource(key: &Key) -> String {
        format!("payouts/{}", key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Payout>)>, StoreError> {
        rows::lock::<Entity>(tx, keys).await?.into_iter().map(read).collect()
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Payout>]) -> Result<Vec<(Key, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), write(change)?)));
        rows::save::<Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        for change in changes {
            pay(tx, &change.after.state).await?;
        }
        Ok(Vec::new())
    }

    fn outgoing(&self, _: &Change<Payout>) -> Vec<Outgoing> {
        Vec::new()
    }
}

/// Marks what is due of the period: the only change that a line of the ledger ever sees.
async fn pay(tx: &Tx, payout: &Payout) -> Result<(), StoreError> {
    use earning::{Column, Entity};
    // Literal, so that the partial index of what is due serves.
    let accrued = Expr::cust(format!("'{}'", StatusWord::Accrued.as_str()));
    let due = Column::PayoutPeriod.eq(payout.period.to_string()).and(Expr::col(Column::Status).eq(accrued));
    Entity::update_many()
        .col_expr(Column::Status, Expr::val(StatusWord::Paid.as_str()))
        .col_expr(Column::Payout, Expr::val(payout.id))
        .col_expr(Column::Reference, Expr::val(payout.reference.as_str()))
        .col_expr(Column::PayTime, Expr::val(Micros::from(payout.pay_time).0))
        .filter(due)
        .exec(tx)
        .await?;
    Ok(())
}

/// How many lines a payout paid, and how much of each currency.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn paid(db: &impl ConnectionTrait, payout: Uuid) -> Result<(u64, Vec<Money>), StoreError> {
    use earning::{Column, Entity};
    let sum = Expr::cust("CAST(SUM(amount_micros) AS BIGINT)");
    let query = Entity::find().select_only().column(Column::Currency).column_as(Column::Id.count(), "lines");
    let query = query.column_as(sum, "micros").filter(Column::Payout.eq(payout));
    let query = query.group_by(Column::Currency).order_by_asc(Column::Currency);
    let (mut lines, mut amounts) = (0, Vec::new());
    for (currency, count, micros) in query.into_tuple::<(String, i64, i64)>().all(db).await? {
        let key = Key::new(String::new(), payout);
        let currency = currency.parse().map_err(|malformed| StoreError::inconsistent("earning", &key, malformed))?;
        lines += count.unsigned_abs();
        amounts.push(Money::new(currency, micros));
    }
    Ok((lines, amounts))
}

fn read(row: Model) -> Result<(Key, Versioned<Payout>), StoreError> {
    let key = Key::new(row.owner, row.id);
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("payout", &key, what);
    let state = serde_json::from_value(row.state).map_err(|error| inconsistent(&error))?;
    let version = u64::try_from(row.version).map_err(|_| inconsistent(&"the version is negative"))?;
    Ok((key, Versioned::new(version, state)))
}

fn write(change: &Change<Payout>) -> Result<ActiveModel, StoreError> {
    let Versioned { version, state } = &change.after;
    let Key { owner, id } = change.key.clone();
    Ok(ActiveModel {
        owner: Set(owner),
        id: Set(id),
        version: Set(row::stored(*version)?),
        state: Set(row::json(state)?),
    })
}
