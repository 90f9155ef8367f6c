//! The replacement of the installation's key. Each document has a key of its own, which is stored
//! encrypted with a key of the installation. The key of the document is encrypted anew with the
//! current key of the installation, so that the old key of the installation is not needed any more.
use super::{EvidenceKeys, EvidenceStoreError};
use crate::store::StoredKey;
use cpor_database::Db;
use cpor_process::metrics::{Gauges, Metrics};
use cpor_types::Service;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The number of documents that are read at the same time.
const PAGE_SIZE: u64 = 200;
/// The time between two runs, in real time. During a rolling restart, a process with the old order
/// of the keys still encrypts with the old key after other processes have replaced it.
const INTERVAL: Duration = Duration::from_hours(1);

/// Encrypts the keys of all documents with the current key of the installation, at the start of the
/// process and every hour. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct KeyRewrapper {
    db: Db,
    keys: EvidenceKeys,
    /// The number of documents whose keys the last run could not replace.
    old_keys: Gauges,
}

impl KeyRewrapper {
    /// Creates the rewrapper and registers its metric.
    pub(crate) fn new(db: Db, keys: EvidenceKeys, metrics: &Metrics) -> Self {
        let help = "Documents whose keys are not encrypted with the first evidence key after the last run.";
        Self { db, keys, old_keys: metrics.gauge("cpor_evidence_old_keys", help) }
    }

    /// Encrypts the keys of all documents anew, repeatedly, until `stop` is cancelled.
    ///
    /// # Errors
    /// Returns an error if the database fails. The next run continues with the remaining documents.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        loop {
            let Some(left) = self.rewrap_keys(&stop).await? else { return Ok(()) };
            self.old_keys.set(&[("service", Service::ClaimIntake.as_str())], left.into());
            if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Encrypts the keys of all documents anew once, and returns the number of failures: a key that
    /// cannot be decrypted is logged and left as it is. Returns `None` if `stop` is cancelled.
    async fn rewrap_keys(&self, stop: &CancellationToken) -> Result<Option<u32>, anyhow::Error> {
        let Self { db, keys, .. } = self;
        let (mut replaced, mut failed, mut last) = (0_u32, 0_u32, None);
        while !stop.is_cancelled() {
            let mut page = StoredKey::list_old(db.reader(), keys.current_key_id(), last.as_ref(), PAGE_SIZE).await?;
            for old in &page {
                match keys.rewrap(old.id, &old.key) {
                    Ok(new) => {
                        old.replace(db.writer(), new).await?;
                        replaced += 1;
                    }
                    // The key can never be decrypted again, so this is no failure.
                    Err(EvidenceStoreError::LostKey(_)) => {}
                    Err(error) => {
                        tracing::error!(document = %old.id, %error, "the key of a document cannot be replaced");
                        failed += 1;
                    }
                }
            }
            last = page.pop();
            if last.is_none() {
                if replaced + failed > 0 {
                    tracing::info!(
                        replaced,
                        failed,
                        key = keys.current_key_id(),
                        "the keys of documents were replaced"
                    );
                }
                return Ok(Some(failed));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        domain::tests::fixtures::{TestClaim, name},
        evidence::keys::tests::keys,
        store::{NewUpload, PendingUploads, tests::insert_claim},
    };
    use cpor_testing::{Engine, TestDatabase, on_both_databases};
    use cpor_types::{EvidenceId, SeededEntropy};
    use uuid::Uuid;

    on_both_databases![with database: all_keys_are_replaced_once];

    /// Returns a database with a claim.
    pub(in crate::evidence) async fn database(database: &TestDatabase) -> Db {
        let db = database.migrated(crate::migrations()).await;
        insert_claim(&db, TestClaim::draft().claim).await;
        db
    }

    /// Begins the upload of the document with the id `n`. Its key belongs to the document `key_of`,
    /// and is encrypted with the key `key_id`.
    pub(in crate::evidence) async fn begin_upload(db: &Db, n: u128, key_of: u128, key_id: &str) {
        let [id, key_of] = [n, key_of].map(|n| EvidenceId(Uuid::from_u128(n)));
        let key = keys(&[key_id]).unwrap().create_document_key(key_of, &SeededEntropy::new(1)).unwrap().0;
        let start_time = "2026-03-06T08:00:00Z".parse().unwrap();
        let upload = NewUpload { claim: &name(), id, max_bytes: 1, key, start_time };
        PendingUploads::begin(db.writer(), upload).await.unwrap();
    }

    fn rewrapper(db: &Db, metrics: &Metrics) -> KeyRewrapper {
        KeyRewrapper::new(db.clone(), keys(&["b", "a"]).unwrap(), metrics)
    }

    async fn all_keys_are_replaced_once(db: Db) {
        let count = u128::from(PAGE_SIZE) + 20;
        for n in 1..=count {
            // The last three are damaged, of a lost key, and new.
            let (key_of, key_id) = match count - n {
                2 => (0, "a"),
                1 => (n, "lost"),
                0 => (n, "b"),
                _ => (n, "a"),
            };
            begin_upload(&db, n, key_of, key_id).await;
        }
        for _ in 0..2 {
            let left = rewrapper(&db, &Metrics::new()).rewrap_keys(&CancellationToken::new()).await.unwrap();
            assert_eq!(left, Some(2));
            let left = StoredKey::list_old(db.reader(), "b", None, 1000).await.unwrap();
            let left: Vec<_> = left.iter().map(|old| (old.id.0.as_u128(), old.key.key_id.as_str())).collect();
            assert_eq!(left, [(count - 2, "a"), (count - 1, "lost")]);
        }
        // The old key is not needed any more.
        let only_new = keys(&["b"]).unwrap();
        let replaced = StoredKey::list_old(db.reader(), "none", None, 1000).await.unwrap();
        let readable = replaced.iter().filter(|key| only_new.open(key.id, &key.key).is_ok()).count();
        assert_eq!(readable as u128, count - 2);
    }

    /// The clock is moved only in a runtime with one thread.
    #[tokio::test]
    async fn keys_are_replaced_again_every_hour() {
        let test_database = TestDatabase::create(Engine::Sqlite);
        let db = database(&test_database).await;
        let (metrics, stop) = (Metrics::new(), CancellationToken::new());
        begin_upload(&db, 1, 2, "a").await;
        let running = tokio::spawn(rewrapper(&db, &metrics).run(stop.clone()));
        let line = |count: u32| format!("cpor_evidence_old_keys{{service=\"claim-intake\"}} {count}.0\n");
        let is_left = |count| metrics.encode().contains(&line(count));
        wait_until(|| is_left(1)).await;

        // An older process still encrypts with the old key.
        begin_upload(&db, 2, 2, "a").await;
        begin_upload(&db, 3, 4, "a").await;
        tokio::time::pause();
        tokio::time::advance(INTERVAL + Duration::from_secs(1)).await;
        tokio::time::resume();
        wait_until(|| is_left(2)).await;
        assert_eq!(StoredKey::encrypted_with(db.reader(), "b", 10).await.unwrap().len(), 1);
        stop.cancel();
        running.await.unwrap().unwrap();
    }

    async fn wait_until(condition: impl Fn() -> bool) {
        let fulfilled = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), fulfilled).await.expect("the metric is set");
    }
}
