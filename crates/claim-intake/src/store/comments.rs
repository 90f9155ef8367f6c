//! Stores and reads comments. Each comment has the position of the history entry that recorded it.
use super::{entity::comment, events_with_position};
use crate::domain::{Claim, Comment, is_human_side};
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx,
    ids::{self, ClaimId, PartnerId},
    rows,
};
use cpor_types::{ClaimName, CommentId, PersonalData};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// A query for the comments of one claim.
pub(crate) struct Comments<'db> {
    db: &'db DatabaseConnection,
    query: Select<comment::Entity>,
}

impl<'db> Comments<'db> {
    /// Starts a query for the comments of `claim`.
    pub(crate) fn of_claim(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        let query = comment::Entity::find()
            .filter(comment::Column::Owner.eq(PartnerId::from(&claim.partner)))
            .filter(comment::Column::ClaimId.eq(ClaimId::from(claim.claim)));
        Self { db, query }
    }

    /// Reads at most `limit` comments after the history position `after`, oldest first, each with
    /// its position.
    ///
    /// # Errors
    /// Returns an error if the query fails.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<(i64, Comment)>, StoreError> {
        let query = self.query.filter(comment::Column::Position.gt(after));
        let query = query.order_by_asc(comment::Column::Position).limit(limit);
        Ok(fetch_all(self.db, query).await?.into_iter().map(comment_from_row).collect())
    }

    /// Reads the comment with this id.
    ///
    /// # Errors
    /// Returns an error if the query fails.
    pub(crate) async fn get(self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let query = self.query.filter(comment::Column::Id.eq(ids::CommentId::from(id)));
        Ok(fetch_one(self.db, query).await?.map(comment_from_row).map(|(_, comment)| comment))
    }
}

/// Converts a row to a comment and its history position.
fn comment_from_row(row: comment::Model) -> (i64, Comment) {
    let comment = Comment {
        id: row.id.into(),
        side: row.side.into(),
        text: row.text,
        time: row.create_time,
        evidence: row.evidence_id.map(Into::into),
        line: row.line_id.map(Into::into),
    };
    (row.position, comment)
}

/// Inserts the comments that `changes` recorded, with one statement.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    let mut comment_rows = Vec::new();
    for change in changes {
        for (position, recorded) in events_with_position(change) {
            let late = &recorded.event.late;
            let comment = recorded.event.comment.as_ref();
            comment_rows.extend(comment.map(|comment| comment_to_row(&change.key, position, comment, late)));
        }
    }
    Ok(rows::insert::<comment::Entity>(tx, comment_rows).await?)
}

/// Converts a comment to a row. `late` are the kinds of personal data that were erased before the
/// comment arrived. If they include free text, the text of a comment by a person is not stored.
fn comment_to_row(key: &AggregateKey, position: i64, comment: &Comment, late: &[PersonalData]) -> comment::ActiveModel {
    let is_erased = late.contains(&PersonalData::FreeText) && is_human_side(comment.side);
    let text = if is_erased { String::new() } else { comment.text.clone() };
    comment::ActiveModel {
        owner: Set(key.owner.clone().into()),
        claim_id: Set(key.id.into()),
        position: Set(position),
        id: Set(comment.id.into()),
        side: Set(comment.side.into()),
        create_time: Set(comment.time),
        text: Set(text),
        evidence_id: Set(comment.evidence.map(Into::into)),
        line_id: Set(comment.line.map(Into::into)),
    }
}
