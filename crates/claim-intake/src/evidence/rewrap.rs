//! The replacement of the installation's key: the keys of the documents are encrypted with the
//! current key, so that the old key is not needed any more.
use super::EvidenceKeys;
use crate::store::OldKey;
use cpor_database::Db;
use tokio_util::sync::CancellationToken;

/// The number of documents that are read at the same time.
const PAGE: u64 = 200;

/// Encrypts the keys of all documents with the current key of the installation, until `stop` is
/// cancelled. A key that cannot be decrypted is logged and left.
///
/// # Errors
/// Returns an error if the database fails. The next run continues with the remaining documents.
pub(crate) async fn rewrap_keys(db: Db, keys: EvidenceKeys, stop: CancellationToken) -> Result<(), anyhow::Error> {
    let (mut replaced, mut failed, mut last) = (0, 0, None);
    while !stop.is_cancelled() {
        let mut page = OldKey::list(db.reader(), keys.current_id(), last.as_ref(), PAGE).await?;
        for old in &page {
            match keys.rewrap(old.id, &old.key) {
                Ok(new) => {
                    old.replace(db.writer(), new).await?;
                    replaced += 1;
                }
                Err(error) => {
                    tracing::error!(document = %old.id, %error, "the key of a document cannot be replaced");
                    failed += 1;
                }
            }
        }
        last = page.pop();
        if last.is_none() {
            if replaced + failed > 0 {
                tracing::info!(replaced, failed, key = keys.current_id(), "the keys of documents were replaced");
            }
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::tests::fixtures::{TestClaim, name},
        evidence::keys::tests::keys,
        store::{NewUpload, PendingUploads, tests::insert_claim},
    };
    use cpor_testing::{TestDatabase, on_both_databases};
    use cpor_types::{EvidenceId, SeededEntropy};
    use uuid::Uuid;

    on_both_databases![with database: all_keys_are_replaced_once];

    async fn database(database: &TestDatabase) -> Db {
        let db = database.migrated(crate::migrations()).await;
        insert_claim(&db, TestClaim::draft().claim).await;
        db
    }

    async fn all_keys_are_replaced_once(db: Db) {
        let (entropy, claim) = (SeededEntropy::new(1), name());
        let count = u128::from(PAGE) + 20;
        for n in 1..=count {
            // The last three are damaged, of a lost key, and new.
            let key = match count - n {
                2 => keys(&["a"]).unwrap().create_document_key(EvidenceId(Uuid::nil()), &entropy),
                1 => keys(&["lost"]).unwrap().create_document_key(EvidenceId(Uuid::from_u128(n)), &entropy),
                0 => keys(&["b"]).unwrap().create_document_key(EvidenceId(Uuid::from_u128(n)), &entropy),
                _ => keys(&["a"]).unwrap().create_document_key(EvidenceId(Uuid::from_u128(n)), &entropy),
            };
            let upload = NewUpload {
                claim: &claim,
                id: EvidenceId(Uuid::from_u128(n)),
                max_bytes: 1,
                key: key.unwrap().0,
                start_time: "2026-03-06T08:00:00Z".parse().unwrap(),
            };
            PendingUploads::begin(db.writer(), upload).await.unwrap();
        }
        for _ in 0..2 {
            rewrap_keys(db.clone(), keys(&["b", "a"]).unwrap(), CancellationToken::new()).await.unwrap();
            let left = OldKey::list(db.reader(), "b", None, 1000).await.unwrap();
            let left: Vec<_> = left.iter().map(|old| (old.id.0.as_u128(), old.key.key_id.as_str())).collect();
            assert_eq!(left, [(count - 2, "a"), (count - 1, "lost")]);
        }
        // The old key is not needed any more.
        let only_new = keys(&["b"]).unwrap();
        let replaced = OldKey::list(db.reader(), "none", None, 1000).await.unwrap();
        let readable = replaced.iter().filter(|key| only_new.open(key.id, &key.key).is_ok()).count();
        assert_eq!(readable as u128, count - 2);
    }
}
