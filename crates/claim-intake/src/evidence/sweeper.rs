//! The sweeper removes abandoned uploads: uploads that were begun and never added to a claim,
//! because the client disconnected or the process ended.
use super::{EvidenceStore, pending};
use crate::store::PendingUploads;
use cpor_database::Db;
use cpor_types::{Clock, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The age at which an unfinished upload counts as abandoned. An UploadEvidence call never takes
/// that long.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);
/// The time between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_mins(15);
/// The maximum number of uploads that one sweep removes.
const MAX_UPLOADS_PER_SWEEP: u64 = 1000;

/// Removes abandoned uploads at regular intervals until `stop` is cancelled.
///
/// # Errors
/// Returns an error if the database or the evidence store fails. The next run continues with the
/// remaining uploads.
pub(crate) async fn run_sweeper(
    db: Db,
    store: EvidenceStore,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(), anyhow::Error> {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_INTERVAL)).await.is_some() {
        sweep_once(&db, &store, clock.now()).await?;
    }
    Ok(())
}

/// Removes the abandoned uploads once and returns their number. An upload that is added to a claim
/// at the same moment is kept. Several replicas can sweep at the same time.
pub(crate) async fn sweep_once(db: &Db, store: &EvidenceStore, now: Timestamp) -> Result<usize, anyhow::Error> {
    let mut removed = 0;
    let begun_before = now - ABANDONED_AFTER;
    store.delete_incoming(begun_before).await?;
    for (claim, id) in PendingUploads::begun_before(db.reader(), begun_before, MAX_UPLOADS_PER_SWEEP).await? {
        if pending::remove(db, store, &claim, id).await? {
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::tests::fixtures::{TestClaim, name},
        evidence::{Upload, keys::tests::keys},
        store::{EvidenceUsage, NewUpload, tests::insert_claim},
    };
    use cpor_testing::{Engine, TestDatabase};
    use cpor_types::EvidenceId;
    use uuid::Uuid;

    async fn upload(db: &Db, store: &EvidenceStore, id: EvidenceId, begun: Timestamp) {
        let (key, cipher) = keys(&["a"]).unwrap().create_document_key(id, &cpor_types::SeededEntropy::new(1)).unwrap();
        let claim = name();
        let new = NewUpload { claim: &claim, id, max_bytes: 100, key, start_time: begun };
        PendingUploads::begin(db.writer(), new).await.unwrap();
        let mut upload = Upload::begin(store, id, cipher, 100).await.unwrap();
        upload.add("%PDF-1.7".into()).await.unwrap();
        let document = upload.finish("").await.unwrap().examine(None).await.unwrap().unwrap();
        document.store().await.unwrap();
    }

    #[tokio::test]
    async fn abandoned_uploads_are_removed_once() {
        let database = TestDatabase::create(Engine::Sqlite);
        let db = database.migrated(crate::migrations()).await;
        insert_claim(&db, TestClaim::draft().claim).await;
        let store = EvidenceStore::in_directory(&database.folder().join("evidence")).unwrap();
        let now: Timestamp = "2026-03-06T08:00:00Z".parse().unwrap();
        let [old, young] = [1, 2].map(|n| EvidenceId(Uuid::from_u128(n)));
        upload(&db, &store, old, now - ABANDONED_AFTER - Duration::from_secs(1)).await;
        upload(&db, &store, young, now - ABANDONED_AFTER).await;

        assert_eq!(EvidenceUsage::of(db.reader(), &name().partner).await.unwrap().documents, 2);
        assert_eq!(sweep_once(&db, &store, now).await.unwrap(), 1);
        let is_stored = |id: EvidenceId| database.folder().join(format!("evidence/stored/{id}")).exists();
        assert!(!is_stored(old) && is_stored(young));
        let used = EvidenceUsage::of(db.reader(), &name().partner).await.unwrap();
        assert_eq!(used, EvidenceUsage { documents: 1, bytes: 100 });
        assert_eq!(sweep_once(&db, &store, now).await.unwrap(), 0);
    }
}
