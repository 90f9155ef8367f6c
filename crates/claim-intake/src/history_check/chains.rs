//! Verifies the chain of each history, and that the row of the claim agrees with its history. The
//! entries form a chain: the *link* of an entry is a hash of the entry and the link before it.
use super::{CheckError, PAGE_SIZE, Report};
use crate::{
    domain::{ClaimStateKind, ERASURE_ACTION, ERASURE_FIELD},
    store::{
        entity::{claim, history},
        entry_from_row,
        roots::key_is_greater,
    },
};
use cpor_bulk_rows::{InputRows, KeyValue, LoadError, Sql, UndecodableRow, fetch_all};
use cpor_durable::ids::{ClaimId, PartnerId, TenantId};
use cpor_history::{ChainVerifier, EntryError, SealedEntry};
use cpor_types::{ClaimName, PersonalData, Timestamp};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, RelationTrait as _,
};
use std::collections::{BTreeMap, HashMap};

/// The key of a claim.
type ClaimKey = (PartnerId, ClaimId);
/// The key of a history entry.
type EntryKey = (PartnerId, ClaimId, i64);

/// Verifies the history of each claim.
pub(super) async fn check(db: &DatabaseTransaction, report: &mut Report) -> Result<(), CheckError> {
    let (mut after, mut limit): (Option<EntryKey>, u64) = (None, PAGE_SIZE);
    let mut open: Option<OpenHistory> = None;
    loop {
        let page = match read_page(db, after.as_ref(), limit).await {
            Ok(page) => page,
            // The rows before the one that cannot be decoded are read one by one.
            Err(LoadError::Undecodable(_)) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(LoadError::Undecodable(row)) => {
                let (owner, claim, position) = entry_key(&row)?;
                report.add("history", resource(&owner, claim), Some(position), &row.error);
                (after, limit) = (Some((owner, claim, position)), PAGE_SIZE);
                continue;
            }
            Err(LoadError::Db(error)) => return Err(error.into()),
        };
        let Some(last) = page.last() else { break };
        after = Some((last.owner.clone(), last.claim_id, last.position));
        let mut claims = read_claims(db, &page).await?;
        for row in page {
            let key = (row.owner.clone(), row.claim_id);
            report.entries += 1;
            if open.as_ref().is_none_or(|open| open.key != key) {
                if let Some(open) = open.take() {
                    open.finish(report);
                }
                report.claims += 1;
                open = OpenHistory::begin(key.clone(), claims.remove(&key), report);
            }
            if let Some(open) = &mut open {
                open.check_entry(row, report);
            }
        }
    }
    if let Some(open) = open {
        open.finish(report);
    }
    check_claims_without_history(db, report).await
}

/// Reads the next entries in the order of their keys.
async fn read_page(
    db: &DatabaseTransaction,
    after: Option<&EntryKey>,
    limit: u64,
) -> Result<Vec<history::Model>, LoadError> {
    use history::{Column, Entity};
    let columns = [Column::Owner, Column::ClaimId, Column::Position];
    let mut query = Entity::find();
    if let Some((owner, claim, position)) = after {
        query = query.filter(key_is_greater(columns, owner, *claim, *position));
    }
    fetch_all(db, columns.into_iter().fold(query, |query, column| query.order_by_asc(column)).limit(limit)).await
}

/// The columns of a claim that must agree with its history.
struct ClaimRow {
    /// The number of history entries that the claim counts.
    entries: i64,
    /// The link of the last entry.
    head: Vec<u8>,
}

/// Reads the claims of a page of entries. Only some columns are read, because the others need not
/// be decodable.
async fn read_claims(db: &DatabaseTransaction, page: &[history::Model]) -> Result<HashMap<ClaimKey, ClaimRow>, DbErr> {
    use claim::{Column, Entity};
    let mut keys = InputRows::new([Column::Owner, Column::Id])?;
    let mut names: Vec<_> = page.iter().map(|row| (row.owner.clone(), row.claim_id)).collect();
    names.dedup();
    names.into_iter().for_each(|(owner, claim)| keys.push([owner.into(), claim.into()]));
    let mut claims = HashMap::new();
    for chunk in keys.chunks() {
        // The keys are bound as arrays, so that the text of the statement is constant. SeaORM
        // cannot do that.
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        sql.push("SELECT ").columns("", [Column::Owner, Column::Id, Column::History, Column::Head]);
        sql.push(" FROM ").table::<Entity>().push(" WHERE (").columns("", [Column::Owner, Column::Id]);
        sql.push(") IN (SELECT ").columns("s.", [Column::Owner, Column::Id]).push(" FROM s)");
        for row in db.query_all_raw(sql.statement()).await? {
            let key = (row.try_get("", "owner")?, row.try_get("", "id")?);
            claims.insert(key, ClaimRow { entries: row.try_get("", "history")?, head: row.try_get("", "head")? });
        }
    }
    Ok(claims)
}

/// The history that is being verified.
struct OpenHistory {
    key: ClaimKey,
    name: ClaimName,
    /// The row of the claim; `None` if it is missing.
    claim: Option<ClaimRow>,
    /// Verifies the hashes of the entries.
    chain: ChainVerifier,
    /// The sequence number of the last entry in the change log of the partner, which numbers the
    /// entries of all its claims.
    owner_sequence: i64,
    /// The sequence number of the last entry in the change log of all claims.
    sequence: i64,
    /// The tenant in the last entry; `None` before the submission of the claim.
    tenant: Option<TenantId>,
    /// The time of the last erasure of each kind of personal data.
    erasures: BTreeMap<PersonalData, Timestamp>,
    /// For each kind of personal data, the position of the first entry that lacks it although no
    /// erasure that explains this was found so far.
    unexplained: BTreeMap<PersonalData, i64>,
}

impl OpenHistory {
    /// Begins the history of a claim. Records a fault and returns `None` if the id of its owner is
    /// malformed.
    fn begin(key: ClaimKey, claim: Option<ClaimRow>, report: &mut Report) -> Option<Self> {
        let partner = match key.0.as_str().parse() {
            Ok(partner) => partner,
            Err(error) => {
                report.add("history", resource(&key.0, key.1), None, error);
                return None;
            }
        };
        let name = ClaimName { partner, claim: key.1.into() };
        Some(Self {
            chain: ChainVerifier::new(name.clone()),
            key,
            name,
            claim,
            owner_sequence: 0,
            sequence: 0,
            tenant: None,
            erasures: BTreeMap::new(),
            unexplained: BTreeMap::new(),
        })
    }

    /// Verifies the next entry.
    fn check_entry(&mut self, row: history::Model, report: &mut Report) {
        let position = row.position;
        if let Err(what) = self.check_log_columns(&row) {
            report.add("history", &self.name, Some(position), what);
        }
        let entry = match entry_from_row(row) {
            Ok(entry) => entry,
            Err(error) => return report.add("history", &self.name, Some(position), error),
        };
        let expected = self.chain.last_position() + 1;
        match self.chain.verify_next(&entry) {
            Ok(()) => {}
            Err(EntryError::Position { found }) if found > expected => {
                let what = if found == expected + 1 { "is missing".to_owned() } else { missing_up_to(found - 1) };
                report.add("history", &self.name, Some(expected), what);
            }
            Err(error) => report.add("history", &self.name, Some(position), error),
        }
        self.note_erasures(&entry);
    }

    /// Checks the columns that the hashes do not cover: the sequence numbers grow with the
    /// position, and an entry has a tenant and a sequence number in the log of all claims if and
    /// only if the claim was submitted.
    fn check_log_columns(&mut self, row: &history::Model) -> Result<(), &'static str> {
        let is_submitted =
            !matches!(ClaimStateKind::from(row.to_state), ClaimStateKind::Editing | ClaimStateKind::Deleted);
        let last = std::mem::replace(&mut self.owner_sequence, row.owner_sequence);
        if row.owner_sequence <= last {
            return Err("its sequence number in the log of the partner does not follow the entry before");
        }
        if row.tenant.is_some() != is_submitted || row.sequence.is_some() != is_submitted {
            return Err("its tenant and sequence number do not agree with its state");
        }
        let last_tenant = std::mem::replace(&mut self.tenant, row.tenant.clone());
        if is_submitted && last_tenant.is_some() && row.tenant != last_tenant {
            return Err("its tenant is not that of the entry before");
        }
        if let Some(sequence) = row.sequence {
            let last = std::mem::replace(&mut self.sequence, sequence);
            if sequence <= last {
                return Err("its sequence number in the log of all claims does not follow the entry before");
            }
        }
        Ok(())
    }

    /// Notes the data that was erased from the entry, or the erasure that the entry records. An
    /// erasure explains what is missing in the entries before it, and in later entries that report
    /// something from before its time.
    fn note_erasures(&mut self, entry: &SealedEntry) {
        let Ok((_, facts)) = &entry.facts.opened else { return };
        for kind in entry.erased_kinds() {
            let is_late = self.erasures.get(&kind).is_some_and(|erased| facts.effective_time <= *erased);
            if !is_late {
                self.unexplained.entry(kind).or_insert(entry.position);
            }
        }
        if facts.action == ERASURE_ACTION {
            let changes = entry.each_change().filter_map(|change| change.opened.as_ref().ok());
            let kinds = changes.filter(|(_, change)| change.field == ERASURE_FIELD);
            for kind in kinds.flat_map(|(_, change)| change.from.split(", ")).filter_map(|kind| kind.parse().ok()) {
                self.unexplained.remove(&kind);
                self.erasures.insert(kind, facts.record_time);
            }
        }
    }

    /// Compares the row of the claim with the end of its history.
    fn finish(self, report: &mut Report) {
        for (kind, position) in &self.unexplained {
            let what = format!("lacks data ({}) although the history records no erasure of it", kind.as_str());
            report.add("history", &self.name, Some(*position), what);
        }
        let last = self.chain.last_position();
        let Some(claim) = self.claim else {
            return report.add("claim", &self.name, None, format_args!("is missing; its history has {last} entries"));
        };
        if claim.entries > last {
            let what = if claim.entries == last + 1 { "is missing".to_owned() } else { missing_up_to(claim.entries) };
            report.add("history", &self.name, Some(last + 1), what);
        } else if claim.entries < last {
            let what = format!("counts {} history entries; there are {last}", claim.entries);
            report.add("claim", &self.name, None, what);
        } else if claim.head != self.chain.last_link().0 {
            report.add("claim", &self.name, None, "its head is not the link of its last history entry");
        }
    }
}

/// Finds the claims that have no history at all.
async fn check_claims_without_history(db: &DatabaseTransaction, report: &mut Report) -> Result<(), CheckError> {
    use claim::{Column, Entity};
    let query = Entity::find().join(JoinType::LeftJoin, history::Relation::Claim.def().rev());
    let query = query.filter(history::Column::Position.is_null()).order_by_asc(Column::Owner).order_by_asc(Column::Id);
    let query = query.select_only().columns([Column::Owner, Column::Id, Column::History]);
    let claims = query.limit(PAGE_SIZE).into_tuple::<(PartnerId, ClaimId, i64)>().all(db).await?;
    for (owner, claim, entries) in claims {
        report.add("history", resource(&owner, claim), Some(1), missing_up_to(entries));
    }
    Ok(())
}

/// Returns the resource name of a claim.
fn resource(owner: &PartnerId, claim: ClaimId) -> String {
    format!("partners/{}/claims/{}", owner.as_str(), claim.0)
}

fn missing_up_to(position: i64) -> String {
    format!("is missing, and all entries up to {position}")
}

/// Returns the key of an entry that cannot be decoded.
fn entry_key(row: &UndecodableRow) -> Result<EntryKey, DbErr> {
    match row.key.as_slice() {
        [KeyValue::Text(owner), KeyValue::Uuid(claim), KeyValue::Int(position)] => {
            Ok((owner.clone().into(), (*claim).into(), *position))
        }
        _ => Err(DbErr::Type(row.to_string())),
    }
}
