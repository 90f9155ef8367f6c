//! The table `review_note`: the notes of reviewers on cases (R55). The position of a note is the
//! version of the case that the note created, so positions follow the order of writing.
use super::entity::review_note::{ActiveModel, Column, Entity, Model};
use crate::domain::{CaseEvent, Note, ReviewCase};
use cpor_bulk_rows::fetch_one;
use cpor_durable::{
    AggregateKey, Change, RecordedEvent, StoreError, Tx,
    ids::{CaseId, NoteId, TenantId},
    rows::{self, to_bigint},
};
use cpor_listing::{Cursor, TableList, TableQuery, column};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::PersonalData;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, Select, Set, sea_query::Expr};
use uuid::Uuid;

/// The list of notes, the oldest first.
pub(crate) static NOTE_LIST: TableList<Entity> = TableList {
    fields: &[
        column("author", FieldType::Id(Format::ANY), Column::Author),
        column("create_time", FieldType::Time, Column::CreateTime),
    ],
    // The position increases with the time, so the order by position is the order by time.
    sort_keys: &[("create_time", Column::Position)],
    default_order: Order { key: Column::Position, descending: false },
    tie_break: &[],
    default_filter: None,
};

/// Reads the notes of one case.
pub(crate) struct NoteQuery<'db> {
    db: &'db DatabaseConnection,
    query: Select<Entity>,
}

impl<'db> NoteQuery<'db> {
    pub(crate) fn for_case(db: &'db DatabaseConnection, case: &AggregateKey) -> Self {
        let query = Entity::find()
            .filter(Column::Owner.eq(TenantId::from(case.owner.as_str())))
            .filter(Column::CaseId.eq(CaseId::from(case.id)));
        Self { db, query }
    }

    /// Reads at most `limit` notes that match `list_query`, in its order, starting after the cursor
    /// `after`. Each note comes with its own cursor.
    pub(crate) async fn list(
        self,
        list_query: &TableQuery<Entity>,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Note)>, StoreError> {
        let rows = list_query.fetch(self.db, self.query, after, limit).await?;
        Ok(rows.into_iter().map(|(cursor, row)| (cursor, from_row(row))).collect())
    }

    pub(crate) async fn get(self, id: Uuid) -> Result<Option<Note>, StoreError> {
        let query = self.query.filter(Column::Id.eq(NoteId::from(id)));
        Ok(fetch_one(self.db, query).await?.map(from_row))
    }
}

fn from_row(row: Model) -> Note {
    Note { id: row.id.into(), author: row.author, text: row.text, time: row.create_time }
}

/// Saves the notes that these changes created, and erases the personal data that they erased (R56).
pub(super) async fn save_for_changes(tx: &Tx, changes: &[Change<ReviewCase>]) -> Result<(), StoreError> {
    let mut created = Vec::new();
    for change in changes {
        for recorded in &change.events {
            created.extend(to_row(&change.key, recorded)?);
        }
    }
    rows::insert::<Entity>(tx, created).await?;
    for change in changes {
        for recorded in &change.events {
            erase_notes(tx, &change.key, recorded).await?;
        }
    }
    Ok(())
}

/// Erases personal data from the notes that were written up to the effective time of the erasure.
async fn erase_notes(tx: &Tx, case: &AggregateKey, recorded: &RecordedEvent<CaseEvent>) -> Result<(), StoreError> {
    for kind in recorded.event.erased_kinds() {
        let column = match kind {
            // Notes contain no contacts.
            PersonalData::Contacts => continue,
            PersonalData::Subjects => Column::Author,
            PersonalData::FreeText => Column::Text,
        };
        Entity::update_many()
            .col_expr(column, Expr::value(""))
            .filter(Column::Owner.eq(TenantId::from(case.owner.as_str())))
            .filter(Column::CaseId.eq(CaseId::from(case.id)))
            .filter(Column::CreateTime.lte(recorded.effective_time))
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn to_row(key: &AggregateKey, recorded: &RecordedEvent<CaseEvent>) -> Result<Option<ActiveModel>, StoreError> {
    let Some(Note { id, author, text, time }) = recorded.event.note() else { return Ok(None) };
    Ok(Some(ActiveModel {
        owner: Set(key.owner.clone().into()),
        case_id: Set(key.id.into()),
        position: Set(to_bigint(recorded.version)?),
        id: Set((*id).into()),
        author: Set(author.clone()),
        text: Set(text.clone()),
        create_time: Set(*time),
    }))
}
