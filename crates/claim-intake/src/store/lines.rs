//! R38: the lines of a company's open and approved claims, each once, by the database's own index.
use super::entity::claim_line as line;
use crate::domain::{Claim, Fault, Violation};
use cpor_durable::{Change, Key, StoreError, Tx, rows};
use cpor_types::{Activity, AssociationKey, ClaimId, PartnerId, TenantId};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, ExprTrait as _, QueryFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Lines that another open or approved claim of the same company has: a violation each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlreadyClaimed(pub(crate) Vec<Violation>);

/// A live line for one activity, as the index has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Live {
    tenant: Uuid,
    key: String,
    activity: Activity,
    line: Uuid,
    /// Its place among the claim's lines.
    place: usize,
}

impl Live {
    /// Those of a claim.
    fn of(claim: &Claim) -> Vec<Self> {
        let Some(submission) = claim.state.submission() else { return Vec::new() };
        let live = claim.live_lines().filter_map(|(place, line)| Some((place, line.id, line.key()?.to_string())));
        let each = live.flat_map(|line| claim.content.activities.iter().map(move |activity| (line.clone(), *activity)));
        let tenant = submission.tenant.uuid();
        each.map(|((place, line, key), activity)| Self { tenant, key, activity, line: line.uuid(), place }).collect()
    }

    fn is_same(&self, other: &Self) -> bool {
        let Self { tenant, key, activity, line, place: _ } = other;
        (self.tenant, &self.key, self.activity, self.line) == (*tenant, key, *activity, *line)
    }

    fn row(&self, key: &Key) -> line::ActiveModel {
        line::ActiveModel {
            owner: Set(key.owner.clone()),
            claim_id: Set(key.id),
            line_id: Set(self.line),
            activity: Set(self.activity.as_str().to_owned()),
            tenant: Set(self.tenant),
            key: Set(self.key.clone()),
        }
    }
}

/// What becomes of a claim's live lines.
struct Moved<'c> {
    key: &'c Key,
    closed: Vec<Live>,
    opened: Vec<Live>,
    /// None stays.
    all: bool,
}

impl<'c> Moved<'c> {
    fn of(change: &'c Change<Claim>) -> Self {
        let before = change.before.as_ref().map(|before| Live::of(&before.state)).unwrap_or_default();
        let after = Live::of(&change.after.state);
        let without = |lines: &[Live], others: &[Live]| -> Vec<Live> {
            lines.iter().filter(|line| !others.iter().any(|other| other.is_same(line))).cloned().collect()
        };
        let (closed, opened) = (without(&before, &after), without(&after, &before));
        let all = closed.len() == before.len();
        Self { key: &change.key, closed, opened, all }
    }
}

/// Closes the lines that are live no more and opens those that have become so. Answers the changes that the index refuses.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<Vec<(Key, AlreadyClaimed)>, StoreError> {
    let moved: Vec<Moved<'_>> = changes.iter().map(Moved::of).collect();
    close(tx, &moved).await?;
    open(tx, &moved).await
}

/// Claims that close as a whole cost one statement together, others one each.
async fn close(tx: &Tx, moved: &[Moved<'_>]) -> Result<(), StoreError> {
    let of_claim = |Key { owner, id }: &Key| line::Column::Owner.eq(owner).and(line::Column::ClaimId.eq(*id));
    let (whole, parts): (Vec<_>, Vec<_>) =
        moved.iter().filter(|moved| !moved.closed.is_empty()).partition(|moved| moved.all);
    let of_any = whole.iter().fold(Condition::any(), |any, moved| any.add(of_claim(moved.key)));
    if !of_any.is_empty() {
        line::Entity::delete_many().filter(of_any).exec(tx).await?;
    }
    for Moved { key, closed, .. } in parts {
        let lines = line::Column::LineId.is_in(closed.iter().map(|live| live.line));
        line::Entity::delete_many().filter(of_claim(key)).filter(lines).exec(tx).await?;
    }
    Ok(())
}

async fn open(tx: &Tx, moved: &[Moved<'_>]) -> Result<Vec<(Key, AlreadyClaimed)>, StoreError> {
    let of_claim = |moved: &Moved<'_>| moved.opened.iter().map(|live| (moved.key.clone(), live.clone())).collect();
    let mut lines: Vec<(Key, Live)> = moved.iter().flat_map(|moved| -> Vec<_> { of_claim(moved) }).collect();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    // In the index's order, so that no two transactions wait for each other's lines in a circle.
    lines.sort_by(|(one, live), (two, other)| (&one.owner, live, one.id).cmp(&(&two.owner, other, two.id)));
    let rows: Vec<_> = lines.iter().map(|(key, live)| live.row(key)).collect();
    let mut clashes: Vec<(Key, AlreadyClaimed)> = Vec::new();
    for refused in rows::insert_new::<line::Entity>(tx, rows).await? {
        let Some((key, live)) = lines.get(refused) else { continue };
        let violation = Fault::AlreadyClaimed.at(format!("lines[{}]", live.place));
        match clashes.iter_mut().find(|(known, _)| known == key) {
            Some((_, AlreadyClaimed(violations))) => violations.push(violation),
            None => clashes.push((key.clone(), AlreadyClaimed(vec![violation]))),
        }
    }
    Ok(clashes)
}

/// What one company may have once (R38).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) tenant: TenantId,
    pub(crate) key: AssociationKey,
    pub(crate) activity: Activity,
}

/// Which of `asked` the company has in an open or approved claim other than `claim`: the answer that a draft shows. Only [`save`]
/// decides. One read, which may pass over lines of other combinations; none where nothing is asked.
pub(crate) async fn claimed_elsewhere(
    db: &DatabaseConnection,
    partner: &PartnerId,
    claim: Option<ClaimId>,
    asked: &[Asked],
) -> Result<BTreeSet<Asked>, StoreError> {
    if asked.is_empty() {
        return Ok(BTreeSet::new());
    }
    let tenants: BTreeSet<Uuid> = asked.iter().map(|asked| asked.tenant.uuid()).collect();
    let by_key: BTreeMap<(Uuid, String, &str), &Asked> = asked
        .iter()
        .map(|asked| ((asked.tenant.uuid(), asked.key.to_string(), asked.activity.as_str()), asked))
        .collect();
    let keys: BTreeSet<&String> = by_key.keys().map(|(_, key, _)| key).collect();
    let mut live = line::Entity::find()
        .filter(line::Column::Owner.eq(partner.as_str()))
        .filter(line::Column::Tenant.is_in(tenants))
        .filter(line::Column::Key.is_in(keys));
    if let Some(claim) = claim {
        live = live.filter(line::Column::ClaimId.ne(claim.uuid()));
    }
    let found = live.all(db).await?;
    let of = |line: &line::Model| by_key.get(&(line.tenant, line.key.clone(), line.activity.as_str())).copied();
    Ok(found.iter().filter_map(of).cloned().collect())
}
