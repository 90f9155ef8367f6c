//! The table `earning`, which is the ledger (R54). Earnings are inserted in the transaction of the
//! assessment that causes them.
use std::collections::BTreeMap;

use cpor_durable::{
    AggregateKey, Change, StoreError, Tx, ids, rows,
    watch::{LogPosition, LogQuery},
};
use cpor_listing::{CLAIM_NAME, Cursor, KEY_NAME, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Month, PayoutName, TenantId, TenantKey, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, ExprTrait, QueryFilter,
    QueryTrait, Select, sea_query::Expr,
};
use uuid::Uuid;

pub(crate) use super::entity::earning_status::EarningStatus;

use super::{
    assessments::Scope,
    entity::{
        bodies::EarningBody,
        earning::{ActiveModel, Column, Entity, Model},
        ledger_end,
    },
    payouts,
};
use crate::domain::{Assessment, AssessmentEvent, Earning, PayoutPeriod};

/// The state of an earning's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payment {
    /// The earning has no amount to pay.
    NothingDue,
    /// The amount has not been paid yet. It can be on a payout.
    Accrued,
    /// The amount was paid, or taken back if it is negative. `reference` identifies the payment in
    /// the paying system.
    Paid { reference: String, time: Timestamp },
}

/// An earning, and whether it has been paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LedgerEntry {
    pub(crate) earning: Earning,
    /// The payout that contains the earning now, if there is one.
    pub(crate) payout: Option<PayoutName>,
    pub(crate) payment: Payment,
}

/// The fields by which lists of earnings can be filtered and sorted. The default is the order of
/// recording.
pub(crate) static EARNINGS: TableList<Entity> = TableList {
    fields: &[
        field("claim", FieldType::Id(CLAIM_NAME), Source::ClaimName(Column::Partner, Column::Claim)),
        field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Partner)),
        field("key", FieldType::Id(KEY_NAME), Source::Where(is_of_key)),
        column("month", FieldType::Ordered(MONTH), Column::Month),
        column("payout_period", FieldType::Ordered(PAYOUT_PERIOD), Column::PayoutPeriod),
        column("mpn_id", FieldType::Id(Format::ANY), Column::MpnId),
        field("payout", FieldType::Id(PAYOUT_NAME), Source::Where(is_on_payout)),
        field("status", FieldType::Enum("EARNING_STATUS_", STATUSES), Source::LowercaseEnum(Column::Status)),
        column("currency", FieldType::Id(Format::ANY), Column::Currency),
        column("amount_micros", FieldType::Number, Column::AmountMicros),
        column("accrue_time", FieldType::Time, Column::AccrueTime),
        column("pay_time", FieldType::Time, Column::PayTime),
    ],
    sort_keys: &[("accrue_time", Column::AccrueTime), ("month", Column::Month)],
    default_order: Order { key: Column::AccrueTime, descending: false },
    tie_break: &[Column::Number, Column::Id],
    default_filter: None,
};

/// The key of the only row of the table `ledger_end`.
const ALL_EARNINGS: &str = "*";

/// The accepted values of `status`.
const STATUSES: &[&str] = &["NOTHING_DUE", "ACCRUED", "PAID"];
pub(super) const MONTH: Format = Format::of::<Month>("a month in the format YYYY-MM");
const PAYOUT_NAME: Format = Format::of::<PayoutName>("a payout in the format partners/{partner}/payouts/{payout}");
pub(super) const PAYOUT_PERIOD: Format = Format::of::<PayoutPeriod>("a quarter in the format YYYY-Qn");

/// Returns the condition that an earning is for this workload or subscription.
fn is_of_key(key: &str) -> Condition {
    match key.parse::<TenantKey>() {
        Ok(TenantKey { tenant, key }) => {
            Condition::all().add(Column::Owner.eq(ids::TenantId::from(tenant))).add(Column::Key.eq(key.to_string()))
        }
        // A filter can compare `key` with the empty text, which no earning has.
        Err(_) => Condition::all().add(Column::Key.eq("")),
    }
}

/// Returns the condition that a payout contains an earning, or contained it before it was reversed.
/// The empty name stands for earnings that are on no payout now.
fn is_on_payout(name: &str) -> Condition {
    match name.parse::<PayoutName>() {
        Ok(name) => {
            let key = Expr::tuple([Expr::col(Column::Owner), Expr::col(Column::Id)]);
            Condition::all().add(key.in_subquery(payouts::select_lines(&name).into_query()))
        }
        Err(_) => Condition::all().add(Column::Payout.is_null()),
    }
}

/// The earnings that a list contains, and their order.
#[derive(Clone, Debug)]
pub(crate) struct EarningQuery {
    pub(crate) scope: Scope,
    /// `None` for all tenants.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) query: TableQuery<Entity>,
}

impl EarningQuery {
    /// Selects the earnings that the list may contain.
    fn select(&self) -> Select<Entity> {
        select_in_scope(&self.scope, self.tenant)
    }
}

/// Selects the earnings in a scope of one tenant, or of all tenants.
fn select_in_scope(scope: &Scope, tenant: Option<TenantId>) -> Select<Entity> {
    let partner = match scope {
        Scope::Partner(partner) => Some(Column::Partner.eq(ids::PartnerId::from(partner))),
        Scope::All => None,
    };
    let tenant = tenant.map(|tenant| Column::Owner.eq(ids::TenantId::from(tenant)));
    Entity::find().filter(Condition::all().add_option(partner).add_option(tenant))
}

/// The ledger in the order of commits, as the response streams of `WatchEarnings` read it.
pub(crate) struct Ledger<'db>(LogQuery<'db, Entity>);

impl<'db> Ledger<'db> {
    /// Starts a query for the earnings in a scope of one tenant, or of all tenants.
    pub(crate) fn in_scope(db: &'db DatabaseConnection, scope: &Scope, tenant: Option<TenantId>) -> Self {
        Self(LogQuery::new(db, select_in_scope(scope, tenant), Column::Sequence))
    }

    /// Reads the position after the last earning, with one indexed read. `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached or the row cannot be decoded.
    pub(crate) async fn last_position(self) -> Result<Option<LogPosition>, StoreError> {
        Ok(self.0.last_entry().await?.map(|row| position(&row)))
    }

    /// Reads the position after the earning with this sequence number, with one indexed read.
    /// `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached or the row cannot be decoded.
    pub(crate) async fn position_at(self, sequence: i64) -> Result<Option<LogPosition>, StoreError> {
        Ok(self.0.entry_at(sequence).await?.map(|row| position(&row)))
    }

    /// Reads at most `limit` earnings after a sequence number, the oldest first.
    ///
    /// # Errors
    /// Returns an error if the database cannot be reached or a row cannot be decoded.
    pub(crate) async fn entries_after(
        self,
        sequence: i64,
        limit: u64,
    ) -> Result<Vec<(LogPosition, LedgerEntry)>, StoreError> {
        let rows = self.0.entries_after(sequence, limit).await?;
        rows.into_iter().map(|row| Ok((position(&row), to_ledger_entry(row)?))).collect()
    }
}

/// Returns the position after an earning. Its `mark`, which identifies the earning, is the first
/// eight bytes of the earning's id.
fn position(row: &Model) -> LogPosition {
    let (mark, _) = Uuid::from(row.id).as_u64_pair();
    LogPosition { sequence: row.sequence, mark }
}

/// Inserts the earnings that changes of assessments cause.
///
/// The row of the table `ledger_end` stays locked until the transaction ends. The sequence
/// numbers therefore follow the order of commits and have no gaps.
pub(super) async fn save(tx: &Tx, changes: &[Change<Assessment>]) -> Result<(), StoreError> {
    let events = changes.iter().flat_map(|change| &change.events);
    let earnings = events.filter_map(|recorded| match &recorded.event {
        AssessmentEvent::EarningsRecorded(earnings) => Some(earnings),
        AssessmentEvent::Opened
        | AssessmentEvent::BecameStale
        | AssessmentEvent::MonthAssessed(_)
        | AssessmentEvent::Ended => None,
    });
    let mut rows = earnings.flatten().map(from_earning).collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        return Ok(());
    }
    let counts = BTreeMap::from([(ALL_EARNINGS.to_owned(), rows.len() as u64)]);
    let (owner, last) = (ledger_end::Column::Owner, ledger_end::Column::Last);
    let ends = rows::increment_counters::<ledger_end::Entity>(tx, owner, last, &counts).await?;
    let end = ends.values().copied().next().unwrap_or_default();
    for (row, sequence) in rows.iter_mut().rev().zip((1..=end).rev()) {
        row.sequence = Set(rows::to_bigint(sequence)?);
    }
    Ok(rows::insert::<Entity>(tx, rows).await?)
}

/// Lists at most `limit` earnings, beginning after the cursor `after`, each with its own cursor.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    query: &EarningQuery,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, LedgerEntry)>, StoreError> {
    let rows = query.query.fetch(db, query.select(), after, limit).await?;
    rows.into_iter().map(|(cursor, row)| Ok((cursor, to_ledger_entry(row)?))).collect()
}

fn from_earning(earning: &Earning) -> Result<ActiveModel, StoreError> {
    let is_due = earning.amount.is_some_and(|amount| amount.micros != 0);
    let status = if is_due { EarningStatus::Accrued } else { EarningStatus::NothingDue };
    Ok(ActiveModel {
        owner: Set(earning.tenant.into()),
        id: Set(earning.id.into()),
        partner: Set((&earning.claim.partner).into()),
        mpn_id: Set(earning.mpn_id.clone()),
        claim: Set(earning.claim.claim.into()),
        key: Set(earning.key.to_string()),
        month: Set(earning.month.to_string()),
        payout_period: Set(earning.payout_period.to_string().into()),
        accrue_time: Set(earning.accrue_time),
        number: Set(rows::to_bigint(earning.number)?),
        // `save` sets the sequence number.
        sequence: Set(0),
        currency: Set(earning.amount.map(|amount| amount.currency.to_string())),
        amount_micros: Set(earning.amount.map(|amount| amount.micros)),
        body: Set(EarningBody(earning.clone())),
        status: Set(status),
        payout: Set(None),
        reference: Set(None),
        pay_time: Set(None),
    })
}

fn to_ledger_entry(row: Model) -> Result<LedgerEntry, StoreError> {
    let EarningBody(earning) = row.body;
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
    let partner = earning.claim.partner.clone();
    let payout = row.payout.map(|payout| PayoutName { partner, payout: payout.into() });
    Ok(LedgerEntry { earning, payout, payment })
}
