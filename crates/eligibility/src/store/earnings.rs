//! The ledger (R54): lines are added with the answers that they follow from, and read.
use cpor_durable::{Change, Key, Micros, StoreError, Tx, rows};
use cpor_types::{AssociationKey, ClaimId, Month, TenantId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    assessments::Scope,
    entity::earning::{ActiveModel, Column, Entity, Model},
    row,
};
use crate::domain::{Assessment, Earning, Event, PayoutPeriod};

/// Whether a line has been paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It adds nothing.
    NothingDue,
    /// To be paid.
    Accrued,
    /// Paid, or taken back, with the payment of this reference.
    Paid { reference: String, time: Timestamp },
}

/// The words of the statuses, as the column holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusWord {
    NothingDue,
    Accrued,
    Paid,
}

impl StatusWord {
    /// The stable word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NothingDue => "nothing_due",
            Self::Accrued => "accrued",
            Self::Paid => "paid",
        }
    }
}

/// A line of the ledger, and whether it has been paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) line: Earning,
    pub(crate) status: Status,
}

impl Entry {
    /// Where a list goes on after it.
    pub(crate) fn cursor(&self) -> Cursor {
        (self.line.accrue_time.timestamp_micros(), self.line.number.cast_signed(), self.line.id)
    }
}

/// A place in the order of the ledger: microseconds since 1970 UTC, the line's number within its claim, and its id.
pub(crate) type Cursor = (i64, i64, Uuid);

/// Which lines a list is about.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) scope: Scope,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) claim: Option<ClaimId>,
    pub(crate) key: Option<AssociationKey>,
    pub(crate) month: Option<Month>,
    pub(crate) payout_period: Option<PayoutPeriod>,
    pub(crate) status: Option<StatusWord>,
}

impl Wanted {
    fn condition(&self) -> Condition {
        let partner = match &self.scope {
            Scope::Partner(partner) => Some(Column::Partner.eq(partner.as_str())),
            Scope::All => None,
        };
        Condition::all()
            .add_option(partner)
            .add_option(self.tenant.map(|tenant| Column::Owner.eq(tenant.to_string())))
            .add_option(self.claim.map(|claim| Column::Claim.eq(claim.uuid())))
            .add_option(self.key.as_ref().map(|key| Column::Key.eq(key.to_string())))
            .add_option(self.month.map(|month| Column::Month.eq(month.to_string())))
            .add_option(self.payout_period.map(|period| Column::PayoutPeriod.eq(period.to_string())))
            .add_option(self.status.map(|status| Column::Status.eq(status.as_str())))
    }
}

/// Adds the lines that changes of assessments cause.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), StoreError> {
    let booked = changes.iter().flat_map(|change| &change.events).filter_map(|recorded| match &recorded.event {
        Event::Booked(lines) => Some(lines),
        Event::Opened | Event::BecameStale | Event::Assessed(_) | Event::Ended => None,
    });
    let rows = booked.flatten().map(of_line).collect::<Result<Vec<_>, _>>()?;
    Ok(rows::insert::<Entity>(tx, rows).await?)
}

/// The lines that are wanted, in the order in which they were written, beginning after `after`; at most `limit`.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    wanted: &Wanted,
    after: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Entry>, StoreError> {
    let after = after.map(|(time, number, id)| {
        let columns = Expr::tuple([Column::AccrueTime, Column::Number, Column::Id].map(Expr::col));
        columns.gt(Expr::tuple([Expr::val(time), Expr::val(number), Expr::val(id)]))
    });
    let query = Entity::find().filter(wanted.condition().add_option(after));
    let query = query.order_by_asc(Column::AccrueTime).order_by_asc(Column::Number).order_by_asc(Column::Id);
    let query = query.limit(limit);
    query.all(db).await?.into_iter().map(entry).collect()
}

fn of_line(line: &Earning) -> Result<ActiveModel, StoreError> {
    let due = line.amount.is_some_and(|amount| amount.micros != 0);
    let status = if due { StatusWord::Accrued } else { StatusWord::NothingDue };
    Ok(ActiveModel {
        owner: Set(line.tenant.to_string()),
        id: Set(line.id),
        partner: Set(line.claim.partner.as_str().to_owned()),
        claim: Set(line.claim.claim.uuid()),
        key: Set(line.key.to_string()),
        month: Set(line.month.to_string()),
        payout_period: Set(line.payout_period.to_string()),
        accrue_time: Set(line.accrue_time.into()),
        number: Set(row::stored(line.number)?),
        currency: Set(line.amount.map(|amount| amount.currency.to_string())),
        amount_micros: Set(line.amount.map(|amount| amount.micros)),
        line: Set(row::json(line)?),
        status: Set(status.as_str().to_owned()),
        payout: Set(None),
        reference: Set(None),
        pay_time: Set(None),
    })
}

fn entry(row: Model) -> Result<Entry, StoreError> {
    let key = Key::new(row.owner, row.id);
    let inconsistent = |what: &dyn std::fmt::Display| StoreError::inconsistent("earning", &key, what);
    let line = serde_json::from_value(row.line).map_err(|error| inconsistent(&error))?;
    let status = match (row.status.as_str(), row.reference, row.pay_time) {
        ("nothing_due", None, None) => Status::NothingDue,
        ("accrued", None, None) => Status::Accrued,
        ("paid", Some(reference), Some(time)) => Status::Paid { reference, time: Micros::into(time) },
        (other, ..) => return Err(inconsistent(&format_args!("the status {other} and what belongs to it"))),
    };
    Ok(Entry { line, status })
}
