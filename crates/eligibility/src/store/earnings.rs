//! The table `earning`, which is the ledger (R54). An earning is an amount that a line of a claim
//! earns in a month. Earnings are inserted in the transaction of the assessment that causes them.
use cpor_bulk_rows::fetch_all;
use cpor_durable::{AggregateKey, Change, StoreError, Tx, ids, rows};
use cpor_types::{AssociationKey, ClaimId, Month, TenantId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

pub(crate) use super::entity::earning_status::EarningStatus;

use super::{
    assessments::Scope,
    entity::{
        bodies::EarningBody,
        earning::{ActiveModel, Column, Entity, Model},
    },
};
use crate::domain::{Assessment, AssessmentEvent, Earning, PayoutPeriod};

/// Whether an earning has been paid, with the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    /// The earning has no amount to pay.
    NothingDue,
    /// The amount has not been paid yet.
    Accrued,
    /// The amount was paid, or taken back if it is negative. `reference` identifies the payment in
    /// the paying system.
    Paid { reference: String, time: Timestamp },
}

/// An earning, and whether it has been paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerEntry {
    pub(crate) earning: Earning,
    pub(crate) payment: Payment,
}

impl LedgerEntry {
    /// Returns the cursor with which a list continues after this entry.
    pub(crate) fn cursor(&self) -> Cursor {
        let Earning { accrue_time, number, id, .. } = &self.earning;
        (*accrue_time, number.cast_signed(), *id)
    }
}

/// A position in the ledger: the accrue time, the number of the earning within its claim, and its
/// id.
pub(crate) type Cursor = (Timestamp, i64, Uuid);

/// The earnings that a list contains. A field that is `None` does not restrict the list.
#[derive(Clone, Debug)]
pub(crate) struct EarningQuery {
    pub(crate) scope: Scope,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) claim: Option<ClaimId>,
    pub(crate) key: Option<AssociationKey>,
    pub(crate) month: Option<Month>,
    pub(crate) payout_period: Option<PayoutPeriod>,
    pub(crate) status: Option<EarningStatus>,
}

impl EarningQuery {
    /// Returns the database condition for the earnings in the list.
    fn condition(&self) -> Condition {
        let partner = match &self.scope {
            Scope::Partner(partner) => Some(Column::Partner.eq(ids::PartnerId::from(partner))),
            Scope::All => None,
        };
        Condition::all()
            .add_option(partner)
            .add_option(self.tenant.map(|tenant| Column::Owner.eq(ids::TenantId::from(tenant))))
            .add_option(self.claim.map(|claim| Column::Claim.eq(ids::ClaimId::from(claim))))
            .add_option(self.key.as_ref().map(|key| Column::Key.eq(key.to_string())))
            .add_option(self.month.map(|month| Column::Month.eq(month.to_string())))
            .add_option(
                self.payout_period.map(|period| Column::PayoutPeriod.eq(ids::PayoutPeriodId::from(period.to_string()))),
            )
            .add_option(self.status.map(|status| Column::Status.eq(status)))
    }
}

/// Inserts the earnings that changes of assessments cause.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), StoreError> {
    let events = changes.iter().flat_map(|change| &change.events);
    let earnings = events.filter_map(|recorded| match &recorded.event {
        AssessmentEvent::EarningsRecorded(earnings) => Some(earnings),
        AssessmentEvent::Opened
        | AssessmentEvent::BecameStale
        | AssessmentEvent::MonthAssessed(_)
        | AssessmentEvent::Ended => None,
    });
    let rows = earnings.flatten().map(from_earning).collect::<Result<Vec<_>, _>>()?;
    Ok(rows::insert::<Entity>(tx, rows).await?)
}

/// Lists at most `limit` earnings in the order of their recording, beginning after the position
/// `after`.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    query: &EarningQuery,
    after: Option<Cursor>,
    limit: u64,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let is_after = after.map(|(time, number, id)| {
        let columns = Expr::tuple([Column::AccrueTime, Column::Number, Column::Id].map(Expr::col));
        columns.gt(Expr::tuple([Expr::val(time), Expr::val(number), Expr::val(id)]))
    });
    let select = Entity::find().filter(query.condition().add_option(is_after));
    let select = select.order_by_asc(Column::AccrueTime).order_by_asc(Column::Number).order_by_asc(Column::Id);
    let select = select.limit(limit);
    fetch_all(db, select).await?.into_iter().map(to_ledger_entry).collect()
}

fn from_earning(earning: &Earning) -> Result<ActiveModel, StoreError> {
    let is_due = earning.amount.is_some_and(|amount| amount.micros != 0);
    let status = if is_due { EarningStatus::Accrued } else { EarningStatus::NothingDue };
    Ok(ActiveModel {
        owner: Set(earning.tenant.into()),
        id: Set(earning.id.into()),
        partner: Set((&earning.claim.partner).into()),
        claim: Set(earning.claim.claim.into()),
        key: Set(earning.key.to_string()),
        month: Set(earning.month.to_string()),
        payout_period: Set(earning.payout_period.to_string().into()),
        accrue_time: Set(earning.accrue_time),
        number: Set(rows::to_bigint(earning.number)?),
        currency: Set(earning.amount.map(|amount| amount.currency.to_string())),
        amount_micros: Set(earning.amount.map(|amount| amount.micros)),
        // The column `line` contains the complete earning.
        line: Set(EarningBody(earning.clone())),
        status: Set(status),
        payout: Set(None),
        reference: Set(None),
        pay_time: Set(None),
    })
}

fn to_ledger_entry(row: Model) -> Result<LedgerEntry, StoreError> {
    let EarningBody(earning) = row.line;
    let payment = match (row.status, row.reference, row.pay_time) {
        (EarningStatus::NothingDue, None, None) => Payment::NothingDue,
        (EarningStatus::Accrued, None, None) => Payment::Accrued,
        (EarningStatus::Paid, Some(reference), Some(time)) => Payment::Paid { reference, time },
        (other, ..) => {
            let key = AggregateKey::new(row.owner, row.id.into());
            let what = format_args!("the status {other:?} does not match the payment columns");
            return Err(StoreError::inconsistent("earning", &key, what));
        }
    };
    Ok(LedgerEntry { earning, payment })
}
