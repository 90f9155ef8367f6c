//! Stores and reads comments. Each comment has the position of the history entry that recorded it.
use super::{entity::comment, events_with_position, listing::SIDES};
use crate::domain::{Claim, Comment, is_human_side};
use cpor_bulk_rows::fetch_one;
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx,
    ids::{self, ClaimId, PartnerId},
    rows,
};
use cpor_listing::{Cursor, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{ClaimName, CommentId, EvidenceName, PersonalData};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

/// The list of a claim's comments, the oldest first.
pub(crate) static COMMENTS: TableList<comment::Entity> = {
    use comment::Column;
    TableList {
        fields: &[
            field("side", FieldType::Enum("ACTOR_SIDE_", SIDES), Source::LowercaseEnum(Column::Side)),
            field("evidence", FieldType::Id(EVIDENCE_NAME), Source::Where(is_about_document)),
            field("line_id", FieldType::Id(LINE_ID), Source::Uuid(Column::LineId)),
            column("create_time", FieldType::Time, Column::CreateTime),
        ],
        // Positions follow the order of recording.
        sort_keys: &[("create_time", Column::Position)],
        default_order: Order { key: Column::Position, descending: false },
        tie_break: &[],
        default_filter: None,
    }
};

/// The format of the values of the field `evidence` in a filter.
const EVIDENCE_NAME: Format =
    Format::of::<EvidenceName>("a document in the format partners/{partner}/claims/{claim}/evidence/{evidence}");
/// The format of the values of the field `line_id` in a filter. A line is the part of a claim that
/// is about one workload or subscription.
const LINE_ID: Format = Format::of::<Uuid>("a UUID");

/// Returns the condition for the comments about the document with this name, or about no document
/// if the name is empty.
fn is_about_document(name: &str) -> Condition {
    use comment::Column::EvidenceId;
    match name.parse::<EvidenceName>() {
        Ok(name) => {
            Condition::all().add(EvidenceId.is_not_null()).add(EvidenceId.eq(ids::EvidenceId::from(name.evidence)))
        }
        Err(_) => Condition::all().add(EvidenceId.is_null()),
    }
}

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

    /// Reads at most `limit` comments that match `query`, in its order, starting after the cursor
    /// `after`. Each comment comes with its own cursor.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn list(
        self,
        query: &TableQuery<comment::Entity>,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Comment)>, StoreError> {
        let rows = query.fetch(self.db, self.query, after, limit).await?;
        Ok(rows.into_iter().map(|(cursor, row)| (cursor, comment_from_row(row))).collect())
    }

    /// Reads the comment with this id.
    ///
    /// # Errors
    /// Returns an error if the query fails.
    pub(crate) async fn get(self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let query = self.query.filter(comment::Column::Id.eq(ids::CommentId::from(id)));
        Ok(fetch_one(self.db, query).await?.map(comment_from_row))
    }
}

/// Converts a row to a comment.
fn comment_from_row(row: comment::Model) -> Comment {
    Comment {
        id: row.id.into(),
        side: row.side.into(),
        text: row.text.into(),
        time: row.create_time,
        evidence: row.evidence_id.map(Into::into),
        line: row.line_id.map(Into::into),
    }
}

/// Inserts the comments that `changes` recorded, with one statement.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    let mut comment_rows = Vec::new();
    for change in changes {
        for (position, recorded) in events_with_position(change) {
            let already_erased = &recorded.event.already_erased;
            let comment = recorded.event.comment.as_ref();
            comment_rows.extend(comment.map(|comment| comment_to_row(&change.key, position, comment, already_erased)));
        }
    }
    Ok(rows::insert::<comment::Entity>(tx, comment_rows).await?)
}

/// Converts a comment to a row. `already_erased` are the kinds of personal data that were erased
/// before the comment arrived. If they include free text, the text of a comment by a person is not
/// stored.
fn comment_to_row(
    key: &AggregateKey,
    position: i64,
    comment: &Comment,
    already_erased: &[PersonalData],
) -> comment::ActiveModel {
    let is_erased = already_erased.contains(&PersonalData::FreeText) && is_human_side(comment.side);
    let text = if is_erased { String::new() } else { comment.text.expose().to_owned() };
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
