//! Comments, at their places in the history.
use super::{entity::comment, positioned, row::RowPlace};
use crate::domain::{Claim, Comment, history::is_of_people};
use cpor_durable::{Change, Key, StoreError, Tx, rows, rows::Micros};
use cpor_types::{ClaimName, CommentId, EvidenceId, LineId, PersonalData};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// A query of one claim's comments.
pub(crate) struct Comments<'db> {
    db: &'db DatabaseConnection,
    query: Select<comment::Entity>,
}

impl<'db> Comments<'db> {
    /// Those of the claim of this name.
    pub(crate) fn of(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        let query = comment::Entity::find()
            .filter(comment::Column::Owner.eq(claim.partner.as_str()))
            .filter(comment::Column::ClaimId.eq(claim.claim.uuid()));
        Self { db, query }
    }

    /// The oldest first, after position `after`; at most `limit`, each with its position.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<(i64, Comment)>, StoreError> {
        let query = self.query.filter(comment::Column::Position.gt(after));
        let query = query.order_by_asc(comment::Column::Position).limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }

    /// The comment with this id.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn get(self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let found = self.query.filter(comment::Column::Id.eq(id.uuid())).one(self.db).await?;
        Ok(found.map(read).transpose()?.map(|(_, comment)| comment))
    }
}

fn read(row: comment::Model) -> Result<(i64, Comment), StoreError> {
    let place = RowPlace { table: "comment", key: Key::new(row.owner, row.claim_id) };
    let comment = Comment {
        id: CommentId(row.id),
        side: place.text(&row.side)?,
        text: row.text,
        time: row.create_time.into(),
        evidence: row.evidence_id.map(EvidenceId),
        line: row.line_id.map(LineId),
    };
    Ok((row.position, comment))
}

pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    let mut said = Vec::new();
    for change in changes {
        for (position, recorded) in positioned(change) {
            let late = &recorded.event.late;
            said.extend(recorded.event.comment.as_ref().map(|comment| write(&change.key, position, comment, late)));
        }
    }
    Ok(rows::insert::<comment::Entity>(tx, said).await?)
}

/// The row of a comment; without what somebody wrote where words are among the kinds that come `late`.
fn write(key: &Key, position: i64, comment: &Comment, late: &[PersonalData]) -> comment::ActiveModel {
    let is_erased = late.contains(&PersonalData::Words) && is_of_people(comment.side);
    let text = if is_erased { String::new() } else { comment.text.clone() };
    comment::ActiveModel {
        owner: Set(key.owner.clone()),
        claim_id: Set(key.id),
        position: Set(position),
        id: Set(comment.id.uuid()),
        side: Set(comment.side.as_str().to_owned()),
        create_time: Set(Micros::from(comment.time)),
        text: Set(text),
        evidence_id: Set(comment.evidence.map(|id| id.uuid())),
        line_id: Set(comment.line.map(|id| id.uuid())),
    }
}
