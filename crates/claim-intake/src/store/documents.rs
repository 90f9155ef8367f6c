//! Stores and reads the rows of documents (R14). A row exists from the start of the upload and is
//! never deleted. Its state is one of: being uploaded, stored, removed from the claim, abandoned,
//! or swept, which means that the bytes of an abandoned upload were deleted. Each document is
//! encrypted with a key of its own, which is stored encrypted with a *key of the installation*: one
//! of the keys in the file of the setting `evidence_keys_file`.
use super::{
    entity::{document_state::DocumentState, evidence, json::DocumentBody},
    events_with_position,
    row::RowContext,
};
use crate::{
    domain::{Claim, EventKind, Evidence},
    evidence::WrappedKey,
};
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx,
    ids::{self, ClaimId, PartnerId},
};
use cpor_listing::{CursorValue, MemoryList};
use cpor_listing::{
    filter::{Field, FieldType, Value},
    order::Order,
};
use cpor_types::{ClaimName, EvidenceId, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{Expr, ExprTrait as _},
};

/// A document with the position of the history entry that added it.
pub(crate) type PositionedDocument = (i64, Evidence);

/// The list of a claim's documents, the oldest first.
pub(crate) static DOCUMENTS: MemoryList<PositionedDocument> = MemoryList {
    fields: &[
        Field {
            name: "kind",
            field_type: FieldType::Enum("EVIDENCE_KIND_", &["PDF", "DOCX", "XLSX", "PPTX", "PNG", "JPEG"]),
            column: |(_, document)| vec![Value::Text(document.kind.as_str().to_uppercase())],
        },
        Field {
            name: "size_bytes",
            field_type: FieldType::Number,
            column: |(_, document)| vec![Value::Number(size(document))],
        },
        Field {
            name: "create_time",
            field_type: FieldType::Time,
            column: |(_, document)| vec![Value::Time(document.create_time)],
        },
        Field {
            name: "signature_time",
            field_type: FieldType::Time,
            column: |(_, document)| document.signature_time.map(Value::Time).into_iter().collect(),
        },
    ],
    // Positions follow the order of recording.
    sort_keys: &[
        ("create_time", |(position, _)| CursorValue::Number(*position)),
        ("size_bytes", |(_, document)| CursorValue::Number(size(document))),
    ],
    default_order: Order { key: |(position, _)| CursorValue::Number(*position), descending: false },
    tie_break: |(position, _)| vec![CursorValue::Number(*position)],
};

fn size(document: &Evidence) -> i64 {
    i64::try_from(document.size_bytes).unwrap_or(i64::MAX)
}

/// A query for the documents of one claim.
pub(crate) struct Documents<'db> {
    db: &'db DatabaseConnection,
    query: Select<evidence::Entity>,
}

impl<'db> Documents<'db> {
    /// Starts a query for the documents that are on `claim`.
    pub(crate) fn on_claim(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        Self::in_states(db, claim, &[DocumentState::Stored])
    }

    /// Starts a query for the documents that are on `claim` or were removed from it.
    pub(crate) fn including_removed(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        Self::in_states(db, claim, &[DocumentState::Stored, DocumentState::Removed])
    }

    fn in_states(db: &'db DatabaseConnection, claim: &ClaimName, states: &[DocumentState]) -> Self {
        let query = evidence::Entity::find()
            .filter(evidence::Column::Owner.eq(PartnerId::from(&claim.partner)))
            .filter(evidence::Column::ClaimId.eq(ClaimId::from(claim.claim)))
            .filter(evidence::Column::State.is_in(states.iter().copied()));
        Self { db, query }
    }

    /// Reads the documents with their history positions. Their number is limited (R14).
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn list(self) -> Result<Vec<PositionedDocument>, StoreError> {
        fetch_all(self.db, self.query).await?.into_iter().map(evidence_from_row).collect()
    }

    /// Reads the document with this id, and its key.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn get_with_key(self, id: EvidenceId) -> Result<Option<(Evidence, WrappedKey)>, StoreError> {
        let row = fetch_one(self.db, self.query.filter(evidence::Column::Id.eq(ids::EvidenceId::from(id)))).await?;
        let Some(row) = row else { return Ok(None) };
        let key = WrappedKey { key_id: row.key_id.clone(), bytes: row.data_key.clone() };
        Ok(Some((evidence_from_row(row)?.1, key)))
    }

    /// Reads the document with this id.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn get(self, id: EvidenceId) -> Result<Option<Evidence>, StoreError> {
        let row = fetch_one(self.db, self.query.filter(evidence::Column::Id.eq(ids::EvidenceId::from(id)))).await?;
        Ok(row.map(evidence_from_row).transpose()?.map(|(_, evidence)| evidence))
    }
}

/// Converts a row to a document and its history position.
fn evidence_from_row(row: evidence::Model) -> Result<PositionedDocument, StoreError> {
    let context = RowContext { table: "evidence", key: AggregateKey::new(row.owner, row.claim_id.into()) };
    let (Some(position), Some(DocumentBody(document))) = (row.position, row.document) else {
        return Err(context.inconsistent(format_args!("the document {} has no data", row.id.0)));
    };
    Ok((position, document))
}

/// What a partner stores, or has reserved for uploads in progress. Quotas have the same type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EvidenceUsage {
    /// The number of documents.
    pub(crate) documents: u64,
    /// The number of bytes.
    pub(crate) bytes: u64,
}

impl EvidenceUsage {
    /// Reads the usage of a partner.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn of(db: &impl ConnectionTrait, partner: &cpor_types::PartnerId) -> Result<Self, StoreError> {
        let not_swept = Expr::col(evidence::Column::State).ne(Expr::Constant(DocumentState::Swept.into()));
        let query = evidence::Entity::find()
            .select_only()
            .column_as(Expr::col(evidence::Column::ReservedBytes).count(), "documents")
            // PostgreSQL adds big integers up to a decimal number.
            .column_as(Expr::col(evidence::Column::ReservedBytes).sum().cast_as("bigint"), "bytes")
            .filter(evidence::Column::Owner.eq(PartnerId::from(partner)))
            .filter(not_swept);
        let sums: Option<(i64, Option<i64>)> = query.into_tuple().one(db).await?;
        let (documents, bytes) = sums.unwrap_or_default();
        let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(Self { documents: unsigned(documents), bytes: unsigned(bytes.unwrap_or_default()) })
    }
}

/// An upload that begins.
pub(crate) struct NewUpload<'c> {
    /// The claim to which the document will belong.
    pub(crate) claim: &'c ClaimName,
    /// The id of the document.
    pub(crate) id: EvidenceId,
    /// The maximum number of bytes of the document, which are reserved in the partner's quota.
    pub(crate) max_bytes: u64,
    /// The key of the document.
    pub(crate) key: WrappedKey,
    /// The time at which the upload begins.
    pub(crate) start_time: Timestamp,
}

/// The key of a document whose bytes may exist, encrypted with a key of the installation.
pub(crate) struct StoredKey {
    /// The primary key of the document's row.
    row_key: (PartnerId, ClaimId, ids::EvidenceId),
    /// The id of the document.
    pub(crate) id: EvidenceId,
    /// The key of the document.
    pub(crate) key: WrappedKey,
}

impl StoredKey {
    /// Reads the ids of the keys of the installation with which the keys of documents are
    /// encrypted, in alphabetical order.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn installation_key_ids(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
        let query = live_documents().select_only().column(evidence::Column::KeyId).distinct();
        query.order_by_asc(evidence::Column::KeyId).into_tuple::<String>().all(db).await
    }

    /// Reads at most `limit` documents whose keys are encrypted with the key `key_id`, in no
    /// particular order.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn encrypted_with(db: &DatabaseConnection, key_id: &str, limit: u64) -> Result<Vec<Self>, DbErr> {
        let query = live_documents().filter(evidence::Column::KeyId.eq(key_id)).limit(limit);
        Ok(query.all(db).await?.into_iter().map(Self::from_row).collect())
    }

    /// Reads at most `limit` documents whose keys are not encrypted with the key `current_key_id`,
    /// in the order of the primary key, starting after the document `after`.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn list_old(
        db: &DatabaseConnection,
        current_key_id: &str,
        after: Option<&Self>,
        limit: u64,
    ) -> Result<Vec<Self>, StoreError> {
        use evidence::Column::{ClaimId, Id, KeyId, Owner};
        let mut cursor = live_documents().filter(KeyId.ne(current_key_id)).cursor_by((Owner, ClaimId, Id));
        if let Some(after) = after {
            cursor.after(after.row_key.clone());
        }
        Ok(cursor.first(limit).all(db).await?.into_iter().map(Self::from_row).collect())
    }

    fn from_row(row: evidence::Model) -> Self {
        Self {
            row_key: (row.owner, row.claim_id, row.id),
            id: row.id.into(),
            key: WrappedKey { key_id: row.key_id, bytes: row.data_key },
        }
    }

    /// Replaces the key, unless it was replaced in the meantime.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn replace(&self, db: &DatabaseConnection, new: WrappedKey) -> Result<(), StoreError> {
        let (owner, claim, id) = self.row_key.clone();
        evidence::Entity::update_many()
            .col_expr(evidence::Column::KeyId, Expr::value(new.key_id))
            .col_expr(evidence::Column::DataKey, Expr::value(new.bytes))
            .filter(evidence::Column::Owner.eq(owner))
            .filter(evidence::Column::ClaimId.eq(claim))
            .filter(evidence::Column::Id.eq(id))
            .filter(evidence::Column::KeyId.eq(self.key.key_id.as_str()))
            .exec(db)
            .await?;
        Ok(())
    }
}

/// Starts a query for the documents whose bytes may be stored and can be read: all except those of
/// abandoned uploads.
fn live_documents() -> Select<evidence::Entity> {
    let ended = [DocumentState::Abandoned, DocumentState::Swept];
    evidence::Entity::find().filter(evidence::Column::State.is_not_in(ended))
}

/// The uploads whose documents are not on a claim yet.
pub(crate) struct PendingUploads;

impl PendingUploads {
    /// Records that an upload begins. If the document is never added to the claim, the sweeper, a
    /// background task, removes the uploaded bytes.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn begin(db: &DatabaseConnection, upload: NewUpload<'_>) -> Result<(), StoreError> {
        let NewUpload { claim, id, max_bytes, key, start_time } = upload;
        let row = evidence::ActiveModel {
            owner: Set((&claim.partner).into()),
            claim_id: Set(claim.claim.into()),
            id: Set(id.into()),
            state: Set(DocumentState::Pending),
            start_time: Set(start_time),
            reserved_bytes: Set(i64::try_from(max_bytes).unwrap_or(i64::MAX)),
            key_id: Set(key.key_id),
            data_key: Set(key.bytes),
            position: Set(None),
            document: Set(None),
        };
        evidence::Entity::insert(row).exec_without_returning(db).await?;
        Ok(())
    }

    /// Reads at most `limit` uploads that were begun before `before` and never added to a claim.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn begun_before(
        db: &DatabaseConnection,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<(AggregateKey, EvidenceId)>, StoreError> {
        let query = evidence::Entity::find()
            .filter(is_pending())
            .filter(evidence::Column::StartTime.lt(before))
            .order_by_asc(evidence::Column::StartTime)
            .limit(limit);
        let uploads = fetch_all(db, query).await?.into_iter();
        Ok(uploads.map(|row| (AggregateKey::new(row.owner, row.claim_id.into()), row.id.into())).collect())
    }

    /// Marks an upload as abandoned. Returns `false` if the document was added to the claim in the
    /// meantime.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn mark_abandoned(
        db: &DatabaseConnection,
        claim: &AggregateKey,
        id: EvidenceId,
    ) -> Result<bool, StoreError> {
        set_state(
            db,
            row_in_states(claim, id, [DocumentState::Pending, DocumentState::Abandoned]),
            DocumentState::Abandoned,
        )
        .await
    }

    /// Records that the object of an abandoned upload is deleted. Returns `false` if the upload is
    /// not abandoned.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub(crate) async fn mark_swept(
        db: &DatabaseConnection,
        claim: &AggregateKey,
        id: EvidenceId,
    ) -> Result<bool, StoreError> {
        set_state(db, row_in_states(claim, id, [DocumentState::Abandoned]), DocumentState::Swept).await
    }
}

/// Returns the condition for uploads whose documents are not on a claim and whose objects may
/// exist. The states are literals and not parameters, because otherwise the database cannot use the
/// partial index of these rows.
fn is_pending() -> Expr {
    let literal = |state: DocumentState| Expr::Constant(state.into());
    Expr::col(evidence::Column::State).is_in([DocumentState::Pending, DocumentState::Abandoned].map(literal))
}

/// Sets the state of the row that matches `row`. Returns whether there was such a row.
async fn set_state(db: &impl ConnectionTrait, row: Condition, state: DocumentState) -> Result<bool, StoreError> {
    let update = evidence::Entity::update_many().col_expr(evidence::Column::State, Expr::value(state));
    Ok(update.filter(row).exec(db).await?.rows_affected == 1)
}

/// Returns the condition that selects the row of a document if it is in one of `states`.
fn row_in_states<const N: usize>(claim: &AggregateKey, id: EvidenceId, states: [DocumentState; N]) -> Condition {
    Condition::all()
        .add(evidence::Column::Owner.eq(PartnerId::from(claim.owner.as_str())))
        .add(evidence::Column::ClaimId.eq(ClaimId::from(claim.id)))
        .add(evidence::Column::Id.eq(ids::EvidenceId::from(id)))
        .add(evidence::Column::State.is_in(states))
}

/// Updates the rows of the documents that `changes` added or removed.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    for change in changes {
        for (position, recorded) in events_with_position(change) {
            match &recorded.event.kind {
                EventKind::EvidenceAdded(document) => mark_stored(tx, &change.key, position, document).await?,
                EventKind::EvidenceRemoved(id) => mark_removed(tx, &change.key, *id).await?,
                EventKind::Created
                | EventKind::Updated
                | EventKind::Edited { .. }
                | EventKind::Deleted
                | EventKind::Commented
                | EventKind::Submitted
                | EventKind::Resubmitted
                | EventKind::Disputed { .. }
                | EventKind::LinesLost
                | EventKind::LinesEnded { .. }
                | EventKind::LinesReinstated { .. }
                | EventKind::FactApplied(_)
                | EventKind::NoticeBounced { .. }
                | EventKind::ContactConfirmed
                | EventKind::Approved { .. }
                | EventKind::Granted { .. }
                | EventKind::PaymentDeclined { .. }
                | EventKind::Closed(_)
                | EventKind::PersonalDataErased(_)
                | EventKind::FactOvertaken(_) => {}
            }
        }
    }
    Ok(())
}

/// Marks a pending upload as stored and saves the document in its row.
async fn mark_stored(tx: &Tx, claim: &AggregateKey, position: i64, document: &Evidence) -> Result<(), StoreError> {
    let update = evidence::Entity::update_many()
        .col_expr(evidence::Column::State, Expr::value(DocumentState::Stored))
        .col_expr(evidence::Column::Position, Expr::value(position))
        .col_expr(evidence::Column::ReservedBytes, Expr::value(size(document)))
        .col_expr(evidence::Column::Document, Expr::value(DocumentBody(document.clone())));
    let updated = update.filter(row_in_states(claim, document.id, [DocumentState::Pending])).exec(tx).await?;
    if updated.rows_affected == 1 { Ok(()) } else { Err(missing_row(claim, document.id)) }
}

/// Marks a stored document as removed from its claim.
async fn mark_removed(tx: &Tx, claim: &AggregateKey, id: EvidenceId) -> Result<(), StoreError> {
    let is_removed = set_state(tx, row_in_states(claim, id, [DocumentState::Stored]), DocumentState::Removed).await?;
    if is_removed { Ok(()) } else { Err(missing_row(claim, id)) }
}

/// Returns the error for a document of a claim that has no row in the expected state.
fn missing_row(claim: &AggregateKey, id: EvidenceId) -> StoreError {
    StoreError::inconsistent(
        "evidence",
        claim,
        format_args!("the row of the document {id} is missing or in the wrong state"),
    )
}
