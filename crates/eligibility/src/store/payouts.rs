//! The table `payout`. When a payout is saved, the earnings that it pays are marked in the same
//! transaction.
use std::convert::Infallible;

use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, ids, rows};
use cpor_types::Money;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    earnings::EarningStatus,
    entity::{
        bodies::PayoutBody,
        earning,
        payout::{ActiveModel, Entity, Model},
    },
};
use crate::domain::{Payout, PayoutPeriod};

/// Returns the primary key of a payout.
pub(crate) fn payout_key(period: PayoutPeriod, id: Uuid) -> AggregateKey {
    AggregateKey::new(period.to_string(), id)
}

/// Loads and saves payouts for the writer.
pub(crate) struct PayoutStore;

impl Store for PayoutStore {
    type Aggregate = Payout;
    /// A period may have several payouts. Each one pays the earnings that are unpaid at its time.
    type Conflict = Infallible;

    const AGGREGATE: &'static str = "payout";

    fn resource(key: &AggregateKey) -> String {
        format!("payouts/{}", key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<(AggregateKey, Versioned<Payout>)>, StoreError> {
        rows::load_locked::<Entity>(tx, keys).await?.into_iter().map(to_payout).collect()
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Payout>]) -> Result<Vec<(AggregateKey, Infallible)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), from_payout(change)?)));
        rows::save::<Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        for change in changes {
            mark_as_paid(tx, &change.after.state).await?;
        }
        Ok(Vec::new())
    }

    fn outgoing(&self, _: &Change<Payout>) -> Vec<OutgoingEvent> {
        Vec::new()
    }
}

/// Marks the unpaid earnings of the payout's period as paid. This is the only change of an earning.
async fn mark_as_paid(tx: &Tx, payout: &Payout) -> Result<(), StoreError> {
    use earning::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Status, Expr::val(EarningStatus::Paid))
        .col_expr(Column::Payout, Expr::val(ids::PayoutId::from(payout.id)))
        .col_expr(Column::Reference, Expr::val(payout.reference.as_str()))
        .col_expr(Column::PayTime, Expr::val(payout.pay_time))
        .filter(is_due(payout.period))
        .exec(tx)
        .await?;
    Ok(())
}

/// Selects the accrued earnings of a period. It contains the condition of the partial index
/// `earning_due`, which a parameter does not match.
fn is_due(period: PayoutPeriod) -> Expr {
    let is_accrued = Expr::col(earning::Column::Status).eq(Expr::Constant(EarningStatus::Accrued.into()));
    earning::Column::PayoutPeriod.eq(ids::PayoutPeriodId::from(period.to_string())).and(is_accrued)
}

/// Returns how many earnings a payout paid, and their sum in each currency.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn totals(db: &impl ConnectionTrait, payout: Uuid) -> Result<(u64, Vec<Money>), StoreError> {
    sum(db, payout, earning::Column::Payout.eq(ids::PayoutId::from(payout))).await
}

/// Returns how many earnings `payout`, which is not saved, would pay, and their sum in each
/// currency.
///
/// # Errors
/// The database failed, or a row is inconsistent.
pub(crate) async fn totals_due(db: &impl ConnectionTrait, payout: &Payout) -> Result<(u64, Vec<Money>), StoreError> {
    sum(db, payout.id, is_due(payout.period)).await
}

async fn sum(db: &impl ConnectionTrait, payout: Uuid, earnings: Expr) -> Result<(u64, Vec<Money>), StoreError> {
    use earning::{Column, Entity};
    let sum = Expr::col(Column::AmountMicros).sum().cast_as("BIGINT");
    let query = Entity::find().select_only().column(Column::Currency).column_as(Column::Id.count(), "earnings");
    let query = query.column_as(sum, "micros").filter(earnings);
    let query = query.group_by(Column::Currency).order_by_asc(Column::Currency);
    let (mut count, mut amounts) = (0, Vec::new());
    for (currency, in_currency, micros) in query.into_tuple::<(String, i64, i64)>().all(db).await? {
        let key = AggregateKey::new(String::new(), payout);
        let currency = currency.parse().map_err(|malformed| StoreError::inconsistent("earning", &key, malformed))?;
        count += in_currency.unsigned_abs();
        amounts.push(Money::new(currency, micros));
    }
    Ok((count, amounts))
}

fn to_payout(row: Model) -> Result<(AggregateKey, Versioned<Payout>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let PayoutBody(state) = row.state;
    let negative = |_| StoreError::inconsistent("payout", &key, "the version is negative");
    let version = u64::try_from(row.version).map_err(negative)?;
    Ok((key, Versioned::new(version, state)))
}

fn from_payout(change: &Change<Payout>) -> Result<ActiveModel, StoreError> {
    let Versioned { version, state } = &change.after;
    let AggregateKey { owner, id } = change.key.clone();
    Ok(ActiveModel {
        owner: Set(owner.into()),
        id: Set(id.into()),
        version: Set(rows::to_bigint(*version)?),
        state: Set(PayoutBody(state.clone())),
    })
}
