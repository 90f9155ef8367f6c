//! The tables `payout` and `payout_line` (R54a). A line of a payout is an earning that it pays.
//! When a payout is saved, the earnings that it contains are marked in the same transaction.
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, ids, rows};
use cpor_listing::{
    Cursor, PARTNER_NAME, Source, TableList, TableQuery, column, field,
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Money, PayoutName, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select, UpdateMany, prelude::Date, sea_query::Expr,
};

use super::{
    assessments::Scope,
    earnings::{EarningStatus, PAYOUT_PERIOD},
    entity::{
        bodies::PayoutBody,
        earning,
        payout::{ActiveModel, Column, Entity, Model},
        payout_line,
        payout_state::PayoutState,
    },
};
use crate::domain::{Payee, Payout, PayoutPeriod, PayoutStateKind};
use std::collections::BTreeSet;

/// Returns the primary key of a payout.
pub(crate) fn payout_key(name: &PayoutName) -> AggregateKey {
    AggregateKey::new(name.partner.as_str(), name.payout.uuid())
}

/// The reason why a payout cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PayoutConflict {
    /// No unpaid earning belongs to the payout.
    NothingDue,
    /// The payee has a payout for the period that was not reversed.
    Exists,
    /// This payout of the payee has or had the reference.
    ReferenceTaken(PayoutName),
}

/// The number of lines of a payout, and their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PayoutTotals {
    pub(crate) line_count: u64,
    pub(crate) amount: Money,
}

/// A payout with its version and the totals of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPayout {
    pub(crate) version: u64,
    pub(crate) payout: Payout,
    pub(crate) totals: PayoutTotals,
}

/// The fields by which lists of payouts can be filtered and sorted. By default the latest is first.
pub(crate) static PAYOUTS: TableList<Entity> = TableList {
    fields: &[
        field("state", FieldType::Enum("PAYOUT_STATE_", STATES), Source::LowercaseEnum(Column::State)),
        field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Owner)),
        column("mpn_id", FieldType::Id(Format::ANY), Column::MpnId),
        column("currency", FieldType::Id(Format::ANY), Column::Currency),
        column("reference", FieldType::Id(Format::ANY), Column::Reference),
        column("payout_period", FieldType::Ordered(PAYOUT_PERIOD), Column::Period),
        column("estimated_date", FieldType::Ordered(DATE), Column::EstimatedDate),
        column("actual_date", FieldType::Ordered(DATE), Column::ActualDate),
        column("amount_micros", FieldType::Number, Column::AmountMicros),
        column("create_time", FieldType::Time, Column::CreateTime),
    ],
    sort_keys: &[("create_time", Column::CreateTime), ("payout_period", Column::Period)],
    default_order: Order { key: Column::CreateTime, descending: true },
    tie_break: &[Column::Id],
    default_filter: None,
};

/// The accepted values of `state`.
const STATES: &[&str] = &["UPCOMING", "PROCESSING", "SENT", "REVERSED"];
const DATE: Format = Format::of::<Date>("a date in the format YYYY-MM-DD");

/// Loads and saves payouts for the writer, the task that commits commands.
pub(crate) struct PayoutStore;

impl Store for PayoutStore {
    type Aggregate = Payout;
    type Conflict = PayoutConflict;

    const AGGREGATE: &'static str = "payout";

    fn resource(key: &AggregateKey) -> String {
        format!("partners/{}/payouts/{}", key.owner, key.id)
    }

    /// Loads payouts. First locks all payouts of their partners in a fixed order, because a change
    /// of a payout also depends on the other payouts of its payee. Earnings are locked after
    /// payouts, so that transactions do not deadlock.
    async fn load(&self, tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<(AggregateKey, Versioned<Payout>)>, StoreError> {
        let partners: BTreeSet<&str> = keys.iter().map(|key| key.owner.as_str()).collect();
        let payouts_of_partners = Entity::find().select_only().columns([Column::Owner, Column::Id]);
        let payouts_of_partners = payouts_of_partners.filter(Column::Owner.is_in(partners));
        let in_order = payouts_of_partners.order_by_asc(Column::Owner).order_by_asc(Column::Id);
        in_order.lock_exclusive().into_tuple::<(ids::PartnerId, ids::PayoutId)>().all(tx).await?;
        let found = rows::load_locked::<Entity>(tx, keys).await?;
        let with_key = |row: Model| {
            let key = AggregateKey::new(row.owner.clone(), row.id.into());
            let StoredPayout { version, payout, .. } = to_payout(row)?;
            Ok((key, Versioned::new(version, payout)))
        };
        found.into_iter().map(with_key).collect()
    }

    /// Executes a few statements for each payout, because a payout changes rarely and can have many
    /// lines. New payouts lock their earnings in the order of their payees.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Payout>],
    ) -> Result<Vec<(AggregateKey, PayoutConflict)>, StoreError> {
        let mut changes: Vec<_> = changes.iter().collect();
        changes.sort_by_key(|change| &change.after.state.payee);
        let mut conflicts = Vec::new();
        for change in changes {
            let saved = match &change.before {
                None => create(tx, change).await?,
                Some(before) => update(tx, change, &before.state).await?,
            };
            conflicts.extend(saved.map(|conflict| (change.key.clone(), conflict)));
        }
        Ok(conflicts)
    }

    fn outgoing(&self, _: &Change<Payout>) -> Vec<OutgoingEvent> {
        Vec::new()
    }
}

/// Saves a new payout with its lines. Returns a conflict, if there is one, instead.
///
/// The lock on the earnings makes concurrent payouts of the same payee wait, also the first ones of
/// a partner. The later one then finds the earnings on the earlier payout.
async fn create(tx: &Tx, change: &Change<Payout>) -> Result<Option<PayoutConflict>, StoreError> {
    let payout = &change.after.state;
    let due = select_due_earnings(&payout.payee, payout.period);
    let due = due.order_by_asc(earning::Column::Owner).order_by_asc(earning::Column::Id);
    let earnings: Vec<earning::Model> = fetch_all(tx, due.lock_exclusive()).await?;
    if let Some(conflict) = find_conflict(tx, payout, true).await? {
        return Ok(Some(conflict));
    }
    if earnings.is_empty() {
        return Ok(Some(PayoutConflict::NothingDue));
    }
    let micros = earnings.iter().filter_map(|earning| earning.amount_micros).fold(0, i64::saturating_add);
    let totals = (rows::to_bigint(earnings.len() as u64)?, micros);
    rows::save::<Entity>(tx, [(0, from_payout(change, totals)?)]).await?;
    let line = |earning: &earning::Model| payout_line::ActiveModel {
        owner: Set(earning.partner.clone()),
        payout: Set(payout.id.into()),
        tenant: Set(earning.owner.clone()),
        earning: Set(earning.id),
    };
    rows::insert::<payout_line::Entity>(tx, earnings.iter().map(line)).await?;
    let key = Expr::tuple([Expr::col(earning::Column::Owner), Expr::col(earning::Column::Id)]);
    let marked = earning::Entity::update_many()
        .col_expr(earning::Column::Payout, Expr::val(ids::PayoutId::from(payout.id)))
        .filter(key.in_subquery(select_lines(&payout.name()).into_query()));
    marked.exec(tx).await?;
    if payout.state.kind() == PayoutStateKind::Sent {
        mark_earnings(tx, payout).await?;
    }
    Ok(None)
}

/// Saves a change of a payout, and marks its earnings if they are paid or unpaid now. Returns a
/// conflict, if there is one, instead.
async fn update(tx: &Tx, change: &Change<Payout>, before: &Payout) -> Result<Option<PayoutConflict>, StoreError> {
    let Versioned { state: payout, .. } = &change.after;
    if payout.reference != before.reference
        && let Some(conflict) = find_conflict(tx, payout, false).await?
    {
        return Ok(Some(conflict));
    }
    let row = fetch_one(tx, Entity::find_by_id((change.key.owner.as_str().into(), payout.id.into()))).await?;
    let totals = row.map(|row| (row.line_count, row.amount_micros)).unwrap_or_default();
    rows::save::<Entity>(tx, [(change.previous_version(), from_payout(change, totals)?)]).await?;
    if payout.state.kind() != before.state.kind() {
        mark_earnings(tx, payout).await?;
    }
    Ok(None)
}

/// Returns the reason why another payout of the payee excludes this one, which is new or has a new
/// reference. In a transaction, [`PayoutStore::load`] has locked the payouts of the payee, so that
/// concurrent changes of their references wait.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn find_conflict(
    db: &impl ConnectionTrait,
    payout: &Payout,
    is_new: bool,
) -> Result<Option<PayoutConflict>, StoreError> {
    let others = select_payouts(&payout.payee).filter(Column::Id.ne(ids::PayoutId::from(payout.id)));
    let others = fetch_all(db, others.order_by_asc(Column::Id)).await?;
    let excludes_payout =
        |other: &Payout| other.period == payout.period && other.state.kind() != PayoutStateKind::Reversed;
    if is_new && others.iter().any(|other| excludes_payout(&other.body.0)) {
        return Ok(Some(PayoutConflict::Exists));
    }
    let has_reference = |other: &&Model| payout.reference.is_some() && other.reference == payout.reference;
    Ok(others.iter().find(has_reference).map(|other| PayoutConflict::ReferenceTaken(other.body.0.name())))
}

/// Sets the payment columns of the earnings on a payout to match the payout's state.
async fn mark_earnings(tx: &Tx, payout: &Payout) -> Result<(), StoreError> {
    use earning::Column::{PayTime, Payout as OnPayout, Reference, Status};
    let update: UpdateMany<earning::Entity> =
        earning::Entity::update_many().filter(OnPayout.eq(ids::PayoutId::from(payout.id)));
    let update = match (payout.state.kind(), payout.state.sent()) {
        (PayoutStateKind::Sent, Some(sent)) => update
            .col_expr(Status, Expr::val(EarningStatus::Paid))
            .col_expr(Reference, Expr::val(payout.reference.clone()))
            .col_expr(PayTime, Expr::val(sent.time)),
        (PayoutStateKind::Reversed, _) => update
            .col_expr(Status, Expr::val(EarningStatus::Accrued))
            .col_expr(OnPayout, Expr::val(None::<ids::PayoutId>))
            .col_expr(Reference, Expr::val(None::<String>))
            .col_expr(PayTime, Expr::val(None::<Timestamp>)),
        (PayoutStateKind::Upcoming | PayoutStateKind::Processing | PayoutStateKind::Sent, _) => return Ok(()),
    };
    update.exec(tx).await?;
    Ok(())
}

/// Selects the keys of the earnings that a payout contains or contained.
pub(super) fn select_lines(name: &PayoutName) -> Select<payout_line::Entity> {
    use payout_line::Column;
    payout_line::Entity::find()
        .select_only()
        .columns([Column::Tenant, Column::Earning])
        .filter(Column::Owner.eq(ids::PartnerId::from(&name.partner)))
        .filter(Column::Payout.eq(ids::PayoutId::from(name.payout)))
}

/// Returns the condition that an earning is to be paid and is on no payout. The status is a
/// constant and not a parameter, so that the databases can use the partial index `earning_due`.
fn is_due() -> Expr {
    let is_accrued = Expr::col(earning::Column::Status).eq(Expr::Constant(EarningStatus::Accrued.into()));
    is_accrued.and(earning::Column::Payout.is_null())
}

/// Selects the earnings of a payee that a payout for this period would contain.
fn select_due_earnings(payee: &Payee, period: PayoutPeriod) -> Select<earning::Entity> {
    use earning::Column;
    earning::Entity::find()
        .filter(Column::Partner.eq(ids::PartnerId::from(&payee.partner)))
        .filter(Column::MpnId.eq(payee.mpn_id.as_str()))
        .filter(Column::Currency.eq(payee.currency.to_string()))
        .filter(Column::PayoutPeriod.lte(ids::PayoutPeriodId::from(period.to_string())))
        .filter(is_due())
}

/// Returns the totals that a payout of a payee for this period would have now, or `None` if nothing
/// is due.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn load_totals_due(
    db: &impl ConnectionTrait,
    payee: &Payee,
    period: PayoutPeriod,
) -> Result<Option<PayoutTotals>, StoreError> {
    use earning::Column;
    let sum = Expr::col(Column::AmountMicros).sum().cast_as("BIGINT");
    let query = select_due_earnings(payee, period).select_only().column_as(Column::Id.count(), "lines");
    let (lines, micros) =
        query.column_as(sum, "micros").into_tuple::<(i64, Option<i64>)>().one(db).await?.unwrap_or_default();
    let amount = Money::new(payee.currency, micros.unwrap_or_default());
    Ok((lines > 0).then_some(PayoutTotals { line_count: lines.unsigned_abs(), amount }))
}

/// Lists at most two payees that have unpaid earnings from this period or earlier. The caller only
/// needs to know whether there are none, one or several.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_two_payees(db: &impl ConnectionTrait, period: PayoutPeriod) -> Result<Vec<Payee>, StoreError> {
    use earning::Column;
    let columns = [Column::Partner, Column::MpnId, Column::Currency];
    let query = earning::Entity::find().select_only().columns(columns).distinct();
    let query = query.filter(Column::PayoutPeriod.lte(ids::PayoutPeriodId::from(period.to_string()))).filter(is_due());
    let found = query.limit(2).into_tuple::<(String, String, String)>().all(db).await?;
    let payee = |(partner, mpn_id, currency): (String, String, String)| {
        let key = AggregateKey::new(partner.clone(), uuid::Uuid::nil());
        let inconsistent = |malformed| StoreError::inconsistent("earning", &key, malformed);
        Ok(Payee {
            partner: partner.parse().map_err(inconsistent)?,
            mpn_id: mpn_id.parse().map_err(inconsistent)?,
            currency: currency.parse().map_err(inconsistent)?,
        })
    };
    found.into_iter().map(payee).collect()
}

/// Returns the payout with this name, or `None` if it does not exist.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn get(db: &impl ConnectionTrait, name: &PayoutName) -> Result<Option<StoredPayout>, StoreError> {
    let key = (ids::PartnerId::from(&name.partner), ids::PayoutId::from(name.payout));
    fetch_one(db, Entity::find_by_id(key)).await?.map(to_payout).transpose()
}

/// Returns the payout that a row of an import is about. A row with a reference is about the payout
/// of the payee that has the reference, in any period, or otherwise about the one of the period
/// that was not reversed. A row without a reference is about the first payout of the period, also
/// after it was reversed.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    payee: &Payee,
    period: PayoutPeriod,
    reference: Option<&str>,
) -> Result<Option<StoredPayout>, StoreError> {
    let of_period = select_payouts(payee).filter(Column::Period.eq(ids::PayoutPeriodId::from(period.to_string())));
    let found = match reference {
        Some(reference) => match fetch_one(db, select_payouts(payee).filter(Column::Reference.eq(reference))).await? {
            Some(row) => Some(row),
            None => fetch_one(db, of_period.filter(Column::State.ne(PayoutState::Reversed))).await?,
        },
        None => fetch_one(db, of_period.order_by_asc(Column::CreateTime).order_by_asc(Column::Id)).await?,
    };
    found.map(to_payout).transpose()
}

fn select_payouts(payee: &Payee) -> Select<Entity> {
    Entity::find()
        .filter(Column::Owner.eq(ids::PartnerId::from(&payee.partner)))
        .filter(Column::MpnId.eq(payee.mpn_id.as_str()))
        .filter(Column::Currency.eq(payee.currency.to_string()))
}

/// Lists at most `limit` payouts in the scope that match a query, in its order. The list begins
/// after the cursor `after`. Each payout comes with its own cursor.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    query: &TableQuery<Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, StoredPayout)>, StoreError> {
    let select = match scope {
        Scope::Partner(partner) => Entity::find().filter(Column::Owner.eq(ids::PartnerId::from(partner))),
        Scope::All => Entity::find(),
    };
    let found = query.fetch(db, select, after, limit).await?;
    found.into_iter().map(|(cursor, row)| Ok((cursor, to_payout(row)?))).collect()
}

fn to_payout(row: Model) -> Result<StoredPayout, StoreError> {
    let key = AggregateKey::new(row.owner, row.id.into());
    let negative = |_| StoreError::inconsistent("payout", &key, "the version or the number of lines is negative");
    let PayoutBody(payout) = row.body;
    let totals = PayoutTotals {
        line_count: u64::try_from(row.line_count).map_err(negative)?,
        amount: Money::new(payout.payee.currency, row.amount_micros),
    };
    Ok(StoredPayout { version: u64::try_from(row.version).map_err(negative)?, payout, totals })
}

/// Returns the row of the payout after `change`. `totals` are the number of its lines and their
/// sum.
fn from_payout(change: &Change<Payout>, totals: (i64, i64)) -> Result<ActiveModel, StoreError> {
    to_row(&change.after, totals)
}

/// Returns the row of a payout, with the number of its lines and their sum.
pub(super) fn to_row(
    Versioned { version, state: payout }: &Versioned<Payout>,
    (line_count, amount_micros): (i64, i64),
) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        owner: Set((&payout.payee.partner).into()),
        id: Set(payout.id.into()),
        version: Set(rows::to_bigint(*version)?),
        mpn_id: Set(payout.payee.mpn_id.to_string()),
        currency: Set(payout.payee.currency.to_string()),
        period: Set(payout.period.to_string().into()),
        state: Set(payout.state.kind().into()),
        reference: Set(payout.reference.clone()),
        estimated_date: Set(payout.estimated_date.to_string()),
        actual_date: Set(payout.state.sent().map(|sent| sent.date.to_string())),
        create_time: Set(payout.create_time),
        amount_micros: Set(amount_micros),
        line_count: Set(line_count),
        body: Set(PayoutBody(payout.clone())),
    })
}
