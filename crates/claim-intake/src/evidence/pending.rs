//! An upload that is recorded in the database and not on a claim yet.
use super::EvidenceStore;
use crate::store::PendingUploads;
use cpor_database::Db;
use cpor_durable::AggregateKey;
use cpor_types::EvidenceId;

/// A recorded upload. If it is dropped before [`PendingUpload::keep`], for example because the
/// client has disconnected or the document was refused, its bytes are removed and no longer count
/// for the partner's quota.
pub(crate) struct PendingUpload(Option<RecordedUpload>);

/// What is needed to remove an upload.
struct RecordedUpload {
    db: Db,
    store: EvidenceStore,
    claim: AggregateKey,
    id: EvidenceId,
}

impl PendingUpload {
    /// Creates the guard of a recorded upload, which removes the upload when it is dropped.
    pub(crate) fn new(db: Db, store: EvidenceStore, claim: AggregateKey, id: EvidenceId) -> Self {
        Self(Some(RecordedUpload { db, store, claim, id }))
    }

    /// Leaves the upload to the command that adds the document to the claim. If that command fails,
    /// the sweeper, a background task, removes the bytes later.
    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for PendingUpload {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = remove(&upload.db, &upload.store, &upload.claim, upload.id).await {
                tracing::warn!(%error, "an upload could not be removed; the sweeper will try again");
            }
        });
    }
}

/// Removes an upload and returns `true`, unless its document was added to the claim in the
/// meantime. The upload is first marked as abandoned, which succeeds only if it is still pending.
/// Then its object is deleted. If the process ends in between, the sweeper deletes the object.
///
/// # Errors
/// Returns an error if the database or the evidence store fails.
pub(super) async fn remove(
    db: &Db,
    store: &EvidenceStore,
    claim: &AggregateKey,
    id: EvidenceId,
) -> Result<bool, anyhow::Error> {
    let is_abandoned = PendingUploads::mark_abandoned(db.writer(), claim, id).await?;
    if is_abandoned {
        store.delete(id).await?;
        PendingUploads::mark_swept(db.writer(), claim, id).await?;
    }
    Ok(is_abandoned)
}
