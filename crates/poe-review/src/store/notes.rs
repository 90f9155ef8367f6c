//! Notes on cases (R55), in the order in which they were written.
use super::entity::review_note::{ActiveModel, Column, Entity, Model};
use crate::domain::{CaseEvent, Note, ReviewCase};
use cpor_durable::{Change, Key, Recorded, StoreError, Tx, rows, rows::Micros};
use cpor_types::PersonalData;
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::Expr,
};
use uuid::Uuid;

/// A query of one case's notes.
pub(crate) struct Notes<'db> {
    db: &'db DatabaseConnection,
    query: Select<Entity>,
}

impl<'db> Notes<'db> {
    /// Those of the case of this key.
    pub(crate) fn of(db: &'db DatabaseConnection, case: &Key) -> Self {
        let query = Entity::find().filter(Column::Owner.eq(&case.owner)).filter(Column::CaseId.eq(case.id));
        Self { db, query }
    }

    /// The oldest first, after position `after`; at most `limit`, each with its position.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<(i64, Note)>, StoreError> {
        let query = self.query.filter(Column::Position.gt(after)).order_by_asc(Column::Position).limit(limit);
        Ok(query.all(self.db).await?.into_iter().map(read).collect())
    }

    /// The note with this id.
    pub(crate) async fn get(self, id: Uuid) -> Result<Option<Note>, StoreError> {
        Ok(self.query.filter(Column::Id.eq(id)).one(self.db).await?.map(|row| read(row).1))
    }
}

fn read(row: Model) -> (i64, Note) {
    (row.position, Note { id: row.id, author: row.author, text: row.text, time: row.create_time.into() })
}

/// Keeps the notes that these changes wrote, and erases of all what they erase (R56).
pub(super) async fn follow(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), StoreError> {
    let mut written = Vec::new();
    for change in changes {
        for recorded in &change.events {
            written.extend(row(&change.key, recorded)?);
        }
    }
    rows::insert::<Entity>(tx, written).await?;
    for change in changes {
        for recorded in &change.events {
            erase(tx, &change.key, recorded).await?;
        }
    }
    Ok(())
}

/// Erases what was written until the erasure: one statement for each kind that notes have.
async fn erase(tx: &Tx, case: &Key, recorded: &Recorded<CaseEvent>) -> Result<(), StoreError> {
    for kind in recorded.event.erased() {
        let column = match kind {
            PersonalData::Contacts => continue,
            PersonalData::Subjects => Column::Author,
            PersonalData::Words => Column::Text,
        };
        Entity::update_many()
            .col_expr(column, Expr::value(""))
            .filter(Column::Owner.eq(&case.owner))
            .filter(Column::CaseId.eq(case.id))
            .filter(Column::CreateTime.lte(Micros::from(recorded.effective_time)))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn row(key: &Key, recorded: &Recorded<CaseEvent>) -> Result<Option<ActiveModel>, StoreError> {
    let Some(Note { id, author, text, time }) = recorded.event.note() else { return Ok(None) };
    let position = i64::try_from(recorded.version);
    Ok(Some(ActiveModel {
        owner: Set(key.owner.clone()),
        case_id: Set(key.id),
        position: Set(position.map_err(|error| StoreError::inconsistent("review_note", key, error))?),
        id: Set(*id),
        author: Set(author.clone()),
        text: Set(text.clone()),
        create_time: Set((*time).into()),
    }))
}
