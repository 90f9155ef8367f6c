//! R38: the lines of a company's open and approved claims, each once, by the database's own index.
use super::entity::claim_line as line;
use crate::domain::{Claim, Fault, Violation};
use cpor_durable::{Change, Key, StoreError, Tx, rows};
use cpor_types::{Activity, AssociationKey, ClaimName, TenantId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait as _, QueryFilter,
    sea_query::Expr,
};

/// Lines that another open or approved claim of the same company has: a violation each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlreadyClaimed(pub(crate) Vec<Violation>);

/// Opens the lines of what was submitted and closes those of what ended. Answers the submissions that the index
/// refuses.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<Vec<(Key, AlreadyClaimed)>, StoreError> {
    let was_live =
        |change: &Change<Claim>| change.before.as_ref().is_some_and(|before| before.state.state.kind().lines_live());
    let is_live = |change: &Change<Claim>| change.after.state.state.kind().lines_live();
    close(tx, changes.iter().filter(|change| was_live(change) && !is_live(change))).await?;
    open(tx, changes.iter().filter(|change| !was_live(change) && is_live(change))).await
}

async fn close(tx: &Tx, closed: impl Iterator<Item = &Change<Claim>>) -> Result<(), StoreError> {
    let lines = |Key { owner, id }: &Key| line::Column::Owner.eq(owner).and(line::Column::ClaimId.eq(*id));
    let of_any = closed.fold(Condition::any(), |any, change| any.add(lines(&change.key)));
    if !of_any.is_empty() {
        let dead = line::Entity::update_many().col_expr(line::Column::Live, Expr::value(false));
        dead.filter(of_any).exec(tx).await?;
    }
    Ok(())
}

async fn open(tx: &Tx, opened: impl Iterator<Item = &Change<Claim>>) -> Result<Vec<(Key, AlreadyClaimed)>, StoreError> {
    let mut lines: Vec<(String, &Key, line::ActiveModel)> = opened.flat_map(lines_of).collect();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    // In the index's order, so that no two transactions wait for each other's lines in a circle.
    lines.sort_by(|(_, _, one), (_, _, two)| order(one).cmp(&order(two)));
    let (places, rows): (Vec<_>, Vec<_>) = lines.into_iter().map(|(field, key, row)| ((field, key), row)).unzip();
    let mut clashes: Vec<(Key, AlreadyClaimed)> = Vec::new();
    for refused in rows::insert_new::<line::Entity>(tx, rows).await? {
        let Some((field, key)) = places.get(refused) else { continue };
        let violation = Fault::AlreadyClaimed.at(field);
        match clashes.iter_mut().find(|(known, _)| known == *key) {
            Some((_, AlreadyClaimed(violations))) => violations.push(violation),
            None => clashes.push(((*key).clone(), AlreadyClaimed(vec![violation]))),
        }
    }
    Ok(clashes)
}

fn order(line: &line::ActiveModel) -> impl Ord {
    let line::ActiveModel { owner, tenant, key, activity, claim_id, .. } = line;
    let of_index = (owner.try_as_ref(), tenant.try_as_ref(), key.try_as_ref(), activity.try_as_ref());
    (of_index, claim_id.try_as_ref())
}

/// The rows of a submitted claim, each with the claim's field that it comes from.
fn lines_of(change: &Change<Claim>) -> impl Iterator<Item = (String, &Key, line::ActiveModel)> {
    let claim = &change.after.state;
    let tenant = claim.state.submission().map(|submission| submission.tenant);
    let keys = claim.content.lines.iter().enumerate().filter_map(|(place, line)| Some((place, line.id, line.key()?)));
    let held = keys.flat_map(|line| claim.content.activities.iter().map(move |activity| (line, *activity)));
    held.filter_map(move |((place, line_id, key), activity)| {
        let row = line::ActiveModel {
            owner: Set(change.key.owner.clone()),
            claim_id: Set(change.key.id),
            line_id: Set(line_id.uuid()),
            activity: Set(activity.as_str().to_owned()),
            tenant: Set(tenant?.uuid()),
            key: Set(key.to_string()),
            live: Set(true),
        };
        Some((format!("lines[{place}]"), &change.key, row))
    })
}

/// Which of `keys` the company of `claim` has in another open or approved claim for one of `activities`: the answer
/// that a draft shows. Only [`save`] decides.
pub(crate) async fn claimed_elsewhere(
    db: &DatabaseConnection,
    claim: &ClaimName,
    tenant: TenantId,
    keys: &[AssociationKey],
    activities: &[Activity],
) -> Result<Vec<AssociationKey>, StoreError> {
    if keys.is_empty() || activities.is_empty() {
        return Ok(Vec::new());
    }
    let live = line::Entity::find()
        .filter(line::Column::Owner.eq(claim.partner.as_str()))
        .filter(line::Column::Tenant.eq(tenant.uuid()))
        .filter(line::Column::Key.is_in(keys.iter().map(ToString::to_string)))
        .filter(line::Column::Activity.is_in(activities.iter().map(|activity| activity.as_str())))
        .filter(line::Column::Live.eq(true))
        .filter(line::Column::ClaimId.ne(claim.claim.uuid()));
    let found = live.all(db).await?;
    Ok(keys.iter().filter(|key| found.iter().any(|line| line.key == key.to_string())).cloned().collect())
}
