//! An owner's log (R59): the entries of all its claims in the order of commits.
use super::{entity::history, history::read};
use crate::domain::history::{Digest, SealedEntry};
use cpor_durable::StoreError;
use cpor_types::{ClaimId, ClaimName, PartnerId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// A place in a log: after how many entries, and the link of the last of them, by which another log is told from this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct LogPlace {
    /// Entries before it.
    pub(crate) sequence: i64,
    /// The first bytes of the link of the last one.
    pub(crate) mark: u64,
}

impl LogPlace {
    /// Before the first entry.
    pub(crate) const BEGINNING: Self = Self { sequence: 0, mark: 0 };

    fn after(sequence: i64, Digest([a, b, c, d, e, f, g, h, ..]): Digest) -> Self {
        Self { sequence, mark: u64::from_be_bytes([a, b, c, d, e, f, g, h]) }
    }
}

/// An entry with its place.
pub(crate) struct Logged {
    /// The place after it.
    pub(crate) place: LogPlace,
    /// The claim.
    pub(crate) claim: ClaimName,
    /// What was recorded.
    pub(crate) entry: SealedEntry,
}

/// A query of one owner's log.
pub(crate) struct Log<'db> {
    db: &'db DatabaseConnection,
    partner: PartnerId,
    query: Select<history::Entity>,
}

impl<'db> Log<'db> {
    /// That of this partner.
    pub(crate) fn of(db: &'db DatabaseConnection, partner: &PartnerId) -> Self {
        let query = history::Entity::find().filter(history::Column::Owner.eq(partner.as_str()));
        Self { db, partner: partner.clone(), query }
    }

    /// Where it ends; one indexed read.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn end(self) -> Result<LogPlace, StoreError> {
        let last = self.query.order_by_desc(history::Column::OwnerSequence).limit(1);
        Ok(last.one(self.db).await?.map(placed).transpose()?.map_or(LogPlace::BEGINNING, |(place, _)| place))
    }

    /// Whether it has, or has still, this place; one indexed read.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn has(self, place: LogPlace) -> Result<bool, StoreError> {
        if place == LogPlace::BEGINNING {
            return Ok(true);
        }
        let row = self.query.filter(history::Column::OwnerSequence.eq(place.sequence));
        let found = row.one(self.db).await?.map(placed).transpose()?;
        Ok(found.is_some_and(|(known, _)| known == place))
    }

    /// What comes after `place`, oldest first; at most `limit`.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn after(self, place: LogPlace, limit: u64) -> Result<Vec<Logged>, StoreError> {
        let query = self.query.filter(history::Column::OwnerSequence.gt(place.sequence));
        let rows = query.order_by_asc(history::Column::OwnerSequence).limit(limit).all(self.db).await?;
        let logged = |row: history::Model| {
            let claim = ClaimName { partner: self.partner.clone(), claim: ClaimId(row.claim_id) };
            let (place, entry) = placed(row)?;
            Ok(Logged { place, claim, entry })
        };
        rows.into_iter().map(logged).collect()
    }
}

fn placed(row: history::Model) -> Result<(LogPlace, SealedEntry), StoreError> {
    let sequence = row.owner_sequence;
    let entry = read(row)?;
    Ok((LogPlace::after(sequence, entry.link), entry))
}
