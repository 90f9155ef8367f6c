//! The ledger of documents (R14): begun, stored, removed from a claim, or abandoned. No row ever goes.
use super::{
    entity::evidence,
    positioned,
    row::{RowPlace, json},
};
use crate::domain::{Claim, Evidence, What};
use cpor_durable::{Change, Key, StoreError, Tx, rows::Micros};
use cpor_types::{ClaimName, EvidenceId, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::Expr,
};

const PENDING: &str = "PENDING";
const STORED: &str = "STORED";
const REMOVED: &str = "REMOVED";
/// Taken by the sweeper, its object about to be deleted.
const ABANDONED: &str = "ABANDONED";
/// Taken by the sweeper, its object deleted.
const SWEPT: &str = "SWEPT";

/// A query of one claim's documents.
pub(crate) struct Documents<'db> {
    db: &'db DatabaseConnection,
    query: Select<evidence::Entity>,
}

impl<'db> Documents<'db> {
    /// Those that are on the claim of this name.
    pub(crate) fn of(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        Self::in_states(db, claim, &[STORED])
    }

    /// Those that are or were on it.
    pub(crate) fn ever_of(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        Self::in_states(db, claim, &[STORED, REMOVED])
    }

    fn in_states(db: &'db DatabaseConnection, claim: &ClaimName, states: &[&str]) -> Self {
        let query = evidence::Entity::find()
            .filter(evidence::Column::Owner.eq(claim.partner.as_str()))
            .filter(evidence::Column::ClaimId.eq(claim.claim.uuid()))
            .filter(evidence::Column::State.is_in(states.iter().copied()));
        Self { db, query }
    }

    /// The oldest first, after history position `after`; at most `limit`, each with its position.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<(i64, Evidence)>, StoreError> {
        let query = self.query.filter(evidence::Column::Position.gt(after));
        let query = query.order_by_asc(evidence::Column::Position).limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// The document with this id.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn get(self, id: EvidenceId) -> Result<Option<Evidence>, StoreError> {
        let found = self.query.filter(evidence::Column::Id.eq(id.uuid())).one(self.db).await?;
        Ok(found.map(read).transpose()?.map(|(_, evidence)| evidence))
    }
}

fn read(row: evidence::Model) -> Result<(i64, Evidence), StoreError> {
    let place = RowPlace { table: "evidence", key: Key::new(row.owner, row.claim_id) };
    let (Some(position), Some(document)) = (row.position, row.document) else {
        return Err(place.inconsistent(format_args!("{} is stored without a document", row.id)));
    };
    Ok((position, place.json(document)?))
}

/// Documents whose bytes are on their way.
pub(crate) struct Pending;

impl Pending {
    /// Notes that an upload begins: from here on its object is swept if it is never stored.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn begin(
        db: &DatabaseConnection,
        claim: &ClaimName,
        id: EvidenceId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let row = evidence::ActiveModel {
            owner: Set(claim.partner.to_string()),
            claim_id: Set(claim.claim.uuid()),
            id: Set(id.uuid()),
            state: Set(PENDING.to_owned()),
            start_time: Set(Micros::from(now)),
            position: Set(None),
            document: Set(None),
        };
        evidence::Entity::insert(row).exec_without_returning(db).await?;
        Ok(())
    }

    /// Uploads begun before `before` that were never stored; at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn stale(
        db: &DatabaseConnection,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<(Key, EvidenceId)>, StoreError> {
        let old = evidence::Entity::find()
            .filter(evidence::Column::State.is_in([PENDING, ABANDONED]))
            .filter(evidence::Column::StartTime.lt(Micros::from(before)))
            .order_by_asc(evidence::Column::StartTime)
            .limit(limit);
        let found = old.all(db).await?;
        Ok(found.into_iter().map(|row| (Key::new(row.owner, row.claim_id), EvidenceId(row.id))).collect())
    }

    /// Takes an upload for abandoned, unless it was stored meanwhile: then `false`.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn abandon(db: &DatabaseConnection, claim: &Key, id: EvidenceId) -> Result<bool, StoreError> {
        set_state(db, row(claim, id, [PENDING, ABANDONED]), ABANDONED).await
    }

    /// Notes that the object of an abandoned upload is deleted.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn swept(db: &DatabaseConnection, claim: &Key, id: EvidenceId) -> Result<bool, StoreError> {
        set_state(db, row(claim, id, [ABANDONED]), SWEPT).await
    }
}

/// Compare and set: whether there was such a row.
async fn set_state(db: &impl ConnectionTrait, row: Condition, state: &str) -> Result<bool, StoreError> {
    let changed = evidence::Entity::update_many().col_expr(evidence::Column::State, Expr::value(state));
    Ok(changed.filter(row).exec(db).await?.rows_affected == 1)
}

/// The row of a document that is in one of `states`.
fn row<const N: usize>(claim: &Key, id: EvidenceId, states: [&str; N]) -> Condition {
    Condition::all()
        .add(evidence::Column::Owner.eq(&claim.owner))
        .add(evidence::Column::ClaimId.eq(claim.id))
        .add(evidence::Column::Id.eq(id.uuid()))
        .add(evidence::Column::State.is_in(states))
}

pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    for change in changes {
        for (position, recorded) in positioned(change) {
            match &recorded.event.what {
                What::EvidenceAdded(document) => store(tx, &change.key, position, document).await?,
                What::EvidenceRemoved(id) => remove(tx, &change.key, *id).await?,
                What::Created
                | What::Updated
                | What::Edited { .. }
                | What::Deleted
                | What::Commented
                | What::Submitted
                | What::Resubmitted
                | What::Disputed { .. }
                | What::LinesLost
                | What::LinesEnded { .. }
                | What::Reported(_)
                | What::Approved { .. }
                | What::Granted { .. }
                | What::Closed(_)
                | What::PersonalDataErased(_)
                | What::Overtaken(_) => {}
            }
        }
    }
    Ok(())
}

async fn store(tx: &Tx, claim: &Key, position: i64, document: &Evidence) -> Result<(), StoreError> {
    let stored = evidence::Entity::update_many()
        .col_expr(evidence::Column::State, Expr::value(STORED))
        .col_expr(evidence::Column::Position, Expr::value(position))
        .col_expr(evidence::Column::Document, Expr::value(json(document)?));
    let stored = stored.filter(row(claim, document.id, [PENDING])).exec(tx).await?;
    if stored.rows_affected == 1 { Ok(()) } else { Err(absent(claim, document.id)) }
}

async fn remove(tx: &Tx, claim: &Key, id: EvidenceId) -> Result<(), StoreError> {
    let removed = set_state(tx, row(claim, id, [STORED]), REMOVED).await?;
    if removed { Ok(()) } else { Err(absent(claim, id)) }
}

fn absent(claim: &Key, id: EvidenceId) -> StoreError {
    StoreError::inconsistent("evidence", claim, format_args!("{id} is not there as the claim tells"))
}
