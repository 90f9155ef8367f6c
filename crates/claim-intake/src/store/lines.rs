//! Stores the live lines of claims. A *line* is the part of a claim that is about one *key*: one
//! workload or subscription of a tenant. A line is *live* while its claim is open or approved and
//! its association has not ended. A unique index on these rows enforces R38: a company may have a
//! key for one activity in only one open or approved claim. An *association* puts the partner on
//! record for the workload or subscription of a line.
//!
//! A line is *reinstated* if its association was reported as ended and turns out to be on record
//! after all (R47). The company may have claimed the same key anew in the meantime. The newer line
//! then *yields*: its row remains, but does not count for the unique index until the reinstated
//! line ends.
use super::entity::{claim_line as line, line_activity::LineActivity};
use crate::domain::{Claim, EventKind, Violation, ViolationReason};
use cpor_bulk_rows::fetch_all;
use cpor_durable::{AggregateKey, Change, StoreError, Tx, ids, rows};
use cpor_types::{Activity, AssociationKey, ClaimId, LineId, PartnerId, TenantId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait as _, QueryFilter, QueryOrder,
    sea_query::Expr,
};
use std::collections::{BTreeMap, BTreeSet};

/// The conflict of R38: one violation for each line that another open or approved claim of the same
/// company already has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlreadyClaimed(pub(crate) Vec<Violation>);

/// One live line of a claim for one activity: one row of the unique index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LiveLine {
    tenant: TenantId,
    /// The key of the line in the form in which it is stored.
    key: String,
    activity: Activity,
    /// The id of the line.
    line: LineId,
    /// The index of the line in the claim.
    index: usize,
}

impl LiveLine {
    /// Returns the live lines of a claim, one item for each line and activity.
    fn of_claim(claim: &Claim) -> Vec<Self> {
        let Some(submission) = claim.state.submission() else { return Vec::new() };
        let lines = claim.live_lines().filter_map(|(index, line)| Some((index, line.id, line.key()?.to_string())));
        let lines_and_activities =
            lines.flat_map(|line| claim.content.activities.iter().map(move |activity| (line.clone(), *activity)));
        let tenant = submission.tenant;
        lines_and_activities.map(|((index, line, key), activity)| Self { tenant, key, activity, line, index }).collect()
    }

    /// Returns whether `self` and `other` have the same row. The index in the claim may differ.
    fn has_same_row(&self, other: &Self) -> bool {
        let Self { tenant, key, activity, line, index: _ } = other;
        (self.tenant, &self.key, self.activity, self.line) == (*tenant, key, *activity, *line)
    }

    /// Converts the line to a row of the claim with this aggregate key.
    fn to_row(&self, key: &AggregateKey) -> line::ActiveModel {
        line::ActiveModel {
            owner: Set(key.owner.clone().into()),
            claim_id: Set(key.id.into()),
            line_id: Set(self.line.into()),
            activity: Set(self.activity.into()),
            tenant: Set(self.tenant.into()),
            key: Set(self.key.clone()),
            current: Set(Some(true)),
        }
    }
}

/// The difference between the live lines of a claim before and after a change.
struct LineChanges<'c> {
    /// The aggregate key of the claim: its partner and its id.
    key: &'c AggregateKey,
    /// The lines that are no longer live.
    closed: Vec<LiveLine>,
    /// The lines that have become live.
    opened: Vec<LiveLine>,
    /// The lines whose associations are on record after all (R47).
    reinstated: BTreeSet<LineId>,
    /// Whether all lines that were live before are closed.
    closes_all: bool,
}

impl<'c> LineChanges<'c> {
    fn of_change(change: &'c Change<Claim>) -> Self {
        let before = change.before.as_ref().map(|before| LiveLine::of_claim(&before.state)).unwrap_or_default();
        let after = LiveLine::of_claim(&change.after.state);
        let without = |lines: &[LiveLine], others: &[LiveLine]| -> Vec<LiveLine> {
            lines.iter().filter(|line| !others.iter().any(|other| other.has_same_row(line))).cloned().collect()
        };
        let (closed, opened) = (without(&before, &after), without(&after, &before));
        let closes_all = closed.len() == before.len();
        let reinstated = change.events.iter().flat_map(|recorded| reinstated_lines(&recorded.event.kind)).copied();
        Self { key: &change.key, closed, opened, reinstated: reinstated.collect(), closes_all }
    }
}

/// Returns the lines that an event of this kind reinstates (R47).
fn reinstated_lines(kind: &EventKind) -> &[LineId] {
    if let EventKind::LinesReinstated { lines, .. } = kind { lines } else { &[] }
}

/// Deletes the rows of lines that are no longer live and inserts the rows of lines that have become
/// live. Returns the conflicts of the changes that the unique index refuses.
pub(super) async fn save(
    tx: &Tx,
    changes: &[Change<Claim>],
) -> Result<Vec<(AggregateKey, AlreadyClaimed)>, StoreError> {
    let line_changes: Vec<LineChanges<'_>> = changes.iter().map(LineChanges::of_change).collect();
    delete_closed(tx, &line_changes).await?;
    restore_yielded(tx, &line_changes).await?;
    insert_opened(tx, &line_changes).await
}

/// Deletes the rows of closed lines. The claims that close all their lines share one statement;
/// each other claim needs one statement.
async fn delete_closed(tx: &Tx, changes: &[LineChanges<'_>]) -> Result<(), StoreError> {
    let of_claim = |AggregateKey { owner, id }: &AggregateKey| {
        let of_owner = line::Column::Owner.eq(ids::PartnerId::from(owner.as_str()));
        of_owner.and(line::Column::ClaimId.eq(ids::ClaimId::from(*id)))
    };
    let (complete, partial): (Vec<_>, Vec<_>) =
        changes.iter().filter(|change| !change.closed.is_empty()).partition(|change| change.closes_all);
    let of_complete = complete.iter().fold(Condition::any(), |any, change| any.add(of_claim(change.key)));
    if !of_complete.is_empty() {
        line::Entity::delete_many().filter(of_complete).exec(tx).await?;
    }
    for LineChanges { key, closed, .. } in partial {
        let lines = line::Column::LineId.is_in(closed.iter().map(|live| ids::LineId::from(live.line)));
        line::Entity::delete_many().filter(of_claim(key)).filter(lines).exec(tx).await?;
    }
    Ok(())
}

/// Inserts the rows of opened lines with one statement. Returns the conflicts by claim.
///
/// A reinstated line never conflicts with another line: the other line yields to it.
async fn insert_opened(
    tx: &Tx,
    changes: &[LineChanges<'_>],
) -> Result<Vec<(AggregateKey, AlreadyClaimed)>, StoreError> {
    // Each line with the aggregate key of its claim, and whether the line is reinstated.
    let mut lines: Vec<(AggregateKey, LiveLine, bool)> = Vec::new();
    for LineChanges { key, opened, reinstated, .. } in changes {
        let with_key = |live: &LiveLine| ((*key).clone(), live.clone(), reinstated.contains(&live.line));
        lines.extend(opened.iter().map(with_key));
    }
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    // The rows are inserted in the order of the index, so that transactions cannot deadlock.
    lines.sort_by(|(key, live, _), (other_key, other, _)| {
        (&key.owner, live, key.id).cmp(&(&other_key.owner, other, other_key.id))
    });
    let rows: Vec<_> = lines.iter().map(|(key, live, _)| live.to_row(key)).collect();
    let mut conflicts: Vec<(AggregateKey, AlreadyClaimed)> = Vec::new();
    for refused_index in rows::insert_new::<line::Entity>(tx, rows).await? {
        let Some((key, live, is_reinstated)) = lines.get(refused_index) else { continue };
        if *is_reinstated {
            replace_row(tx, key, live).await?;
            continue;
        }
        let violation = ViolationReason::AlreadyClaimed.violation(format!("lines[{}]", live.index));
        match conflicts.iter_mut().find(|(conflict_key, _)| conflict_key == key) {
            Some((_, AlreadyClaimed(violations))) => violations.push(violation),
            None => conflicts.push((key.clone(), AlreadyClaimed(vec![violation]))),
        }
    }
    Ok(conflicts)
}

/// Inserts the row of a reinstated line. The line of another claim of the company with the same key
/// and activity yields to it.
async fn replace_row(tx: &Tx, key: &AggregateKey, live: &LiveLine) -> Result<(), StoreError> {
    line::Entity::update_many()
        .col_expr(line::Column::Current, Expr::value(None::<bool>))
        .filter(line::Column::Owner.eq(ids::PartnerId::from(key.owner.as_str())))
        .filter(line::Column::Tenant.eq(ids::TenantId::from(live.tenant)))
        .filter(line::Column::Key.eq(live.key.as_str()))
        .filter(line::Column::Activity.eq(LineActivity::from(live.activity)))
        .exec(tx)
        .await?;
    rows::insert_new::<line::Entity>(tx, [live.to_row(key)]).await?;
    Ok(())
}

/// Lets the lines that had yielded to closed lines count again (R38, R47). Costs one read if a line
/// is closed, and one write for each line that counts again.
async fn restore_yielded(tx: &Tx, changes: &[LineChanges<'_>]) -> Result<(), StoreError> {
    let of_change = |change: &LineChanges<'_>| -> Vec<_> {
        let owner = ids::PartnerId::from(change.key.owner.as_str());
        let of_line =
            |live: &LiveLine| (owner.clone(), ids::TenantId::from(live.tenant), live.key.clone(), live.activity);
        change.closed.iter().map(of_line).collect()
    };
    let closed: BTreeSet<_> = changes.iter().flat_map(of_change).collect();
    if closed.is_empty() {
        return Ok(());
    }
    // A condition with a term for each key would be too deep for SQLite. This one also finds other
    // combinations of the values, which are left out below.
    let owners: BTreeSet<_> = closed.iter().map(|(owner, ..)| owner.clone()).collect();
    let tenants: BTreeSet<_> = closed.iter().map(|(_, tenant, ..)| tenant.clone()).collect();
    let keys: BTreeSet<_> = closed.iter().map(|(_, _, key, _)| key.as_str()).collect();
    let query = line::Entity::find()
        .filter(line::Column::Owner.is_in(owners))
        .filter(line::Column::Tenant.is_in(tenants))
        .filter(line::Column::Key.is_in(keys))
        .order_by_asc(line::Column::ClaimId);
    let mut lines = BTreeMap::<_, Vec<line::Model>>::new();
    for row in fetch_all(tx, query).await? {
        let activity: Activity = row.activity.into();
        let key = (row.owner.clone(), row.tenant.clone(), row.key.clone(), activity);
        if closed.contains(&key) {
            lines.entry(key).or_default().push(row);
        }
    }
    for same_key in lines.into_values().filter(|lines| lines.iter().all(|line| line.current.is_none())) {
        for row in same_key {
            if give_back(tx, row).await? {
                break;
            }
        }
    }
    Ok(())
}

/// Lets the line of this row count for the unique index again. Returns `false` if the row does not
/// exist any more, because another transaction has closed the line meanwhile.
pub(super) async fn give_back(tx: &Tx, row: line::Model) -> Result<bool, StoreError> {
    let update = line::Entity::update_many()
        .col_expr(line::Column::Current, Expr::value(Some(true)))
        .filter(line::Column::Owner.eq(row.owner))
        .filter(line::Column::ClaimId.eq(row.claim_id))
        .filter(line::Column::LineId.eq(row.line_id))
        .filter(line::Column::Activity.eq(row.activity));
    Ok(update.exec(tx).await?.rows_affected > 0)
}

/// A key of a tenant, and the activity for which it is claimed. A company may have this combination
/// in only one open or approved claim (R38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClaimedKey {
    /// The tenant that the key belongs to.
    pub(crate) tenant: TenantId,
    /// The claimed workload or subscription.
    pub(crate) key: AssociationKey,
    /// The activity for which the key is claimed.
    pub(crate) activity: Activity,
}

/// Returns those of `keys` that `partner` has in an open or approved claim other than `claim`. The
/// result is shown as violations; [`save`] enforces the rule. Costs one read, or none if `keys` is
/// empty.
pub(crate) async fn find_claimed_elsewhere(
    db: &DatabaseConnection,
    partner: &PartnerId,
    claim: Option<ClaimId>,
    keys: &[ClaimedKey],
) -> Result<BTreeSet<ClaimedKey>, StoreError> {
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tenants: BTreeSet<ids::TenantId> = keys.iter().map(|key| key.tenant.into()).collect();
    let by_columns: BTreeMap<(ids::TenantId, String, Activity), &ClaimedKey> =
        keys.iter().map(|key| ((key.tenant.into(), key.key.to_string(), key.activity), key)).collect();
    let key_texts: BTreeSet<&String> = by_columns.keys().map(|(_, key, _)| key).collect();
    let mut query = line::Entity::find()
        .filter(line::Column::Owner.eq(ids::PartnerId::from(partner)))
        .filter(line::Column::Tenant.is_in(tenants))
        .filter(line::Column::Key.is_in(key_texts));
    if let Some(claim) = claim {
        query = query.filter(line::Column::ClaimId.ne(ids::ClaimId::from(claim)));
    }
    let rows = fetch_all(db, query).await?;
    let matching_key = |line: line::Model| by_columns.get(&(line.tenant, line.key, line.activity.into())).copied();
    Ok(rows.into_iter().filter_map(matching_key).cloned().collect())
}
