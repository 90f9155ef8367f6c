//! The table `earning`, which is the ledger (R54). Earnings are inserted in the transaction of the
//! assessment that causes them.
use cpor_durable::{AggregateKey, Change, StoreError, Tx, ids, rows};
use cpor_listing::{CLAIM_NAME, Cursor, KEY_NAME, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Month, TenantId, TenantKey, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};

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

/// The list of earnings, in the order of their recording.
pub(crate) static EARNINGS: TableList<Entity> = TableList {
    fields: &[
        field("claim", FieldType::Id(CLAIM_NAME), Source::ClaimName(Column::Partner, Column::Claim)),
        field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Partner)),
        field("key", FieldType::Id(KEY_NAME), Source::Where(is_of_key)),
        column("month", FieldType::Ordered(MONTH), Column::Month),
        column("payout_period", FieldType::Ordered(PAYOUT_PERIOD), Column::PayoutPeriod),
        field("status", FieldType::Enum("EARNING_STATUS_", STATUSES), Source::Lowercase(Column::Status)),
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

/// The accepted values of `status`.
const STATUSES: &[&str] = &["NOTHING_DUE", "ACCRUED", "PAID"];
/// The format of months.
pub(super) const MONTH: Format = Format::of::<Month>("a month in the format YYYY-MM");
/// The format of `payout_period`.
const PAYOUT_PERIOD: Format = Format::of::<PayoutPeriod>("a quarter in the format YYYY-Qn");

/// The condition for the earnings of a workload or subscription.
fn is_of_key(key: &str) -> Condition {
    match key.parse::<TenantKey>() {
        Ok(TenantKey { tenant, key }) => {
            Condition::all().add(Column::Owner.eq(ids::TenantId::from(tenant))).add(Column::Key.eq(key.to_string()))
        }
        // The empty text: every earning has a key.
        Err(_) => Condition::all().add(Column::Key.eq("")),
    }
}

/// Which earnings a list contains, and in which order.
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
        let partner = match &self.scope {
            Scope::Partner(partner) => Some(Column::Partner.eq(ids::PartnerId::from(partner))),
            Scope::All => None,
        };
        let tenant = self.tenant.map(|tenant| Column::Owner.eq(ids::TenantId::from(tenant)));
        Entity::find().filter(Condition::all().add_option(partner).add_option(tenant))
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
