//! Checks, before the service is ready, that the keys of the stored documents can be decrypted.
//! Each document has a key of its own, which is stored encrypted with a key of the installation.
use super::EvidenceKeys;
use crate::store::StoredKey;
use cpor_database::Db;
use sea_orm::DbErr;

/// The number of documents that are tried for each key of the installation. A key counts as changed
/// only if it decrypts none of them, so that single damaged rows do not keep the service from
/// starting.
const SAMPLE_SIZE: u64 = 20;

/// The ids of the keys of the installation that are needed to decrypt keys of stored documents and
/// cannot be used for that.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UnusableKeys {
    /// The ids that no configured key has.
    pub(crate) missing: Vec<String>,
    /// The ids that are configured with another key than the one that encrypted.
    pub(crate) changed: Vec<String>,
}

/// Finds the keys of the installation that are needed for stored documents and cannot be used.
///
/// # Errors
/// Returns an error if the database fails.
pub(crate) async fn find_unusable_keys(db: &Db, keys: &EvidenceKeys) -> Result<UnusableKeys, DbErr> {
    let mut unusable = UnusableKeys::default();
    for key_id in StoredKey::installation_key_ids(db.reader()).await? {
        if !keys.contains(&key_id) {
            unusable.missing.push(key_id);
            continue;
        }
        let sample = StoredKey::encrypted_with(db.reader(), &key_id, SAMPLE_SIZE).await?;
        // The sample is empty if the keys were replaced or the uploads ended in the meantime.
        if !sample.is_empty() && sample.iter().all(|stored| keys.open(stored.id, &stored.key).is_err()) {
            unusable.changed.push(key_id);
        }
    }
    Ok(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{
        keys::tests::keys,
        rewrap::tests::{begin_upload, database},
    };
    use cpor_testing::on_both_databases;

    on_both_databases![with database: keys_of_stored_documents_must_be_usable];

    async fn keys_of_stored_documents_must_be_usable(db: Db) {
        let unusable = async |ids: &[&str]| {
            let UnusableKeys { missing, changed } = find_unusable_keys(&db, &keys(ids).unwrap()).await.unwrap();
            (missing.join(" "), changed.join(" "))
        };
        let result = |missing: &str, changed: &str| (missing.to_owned(), changed.to_owned());
        assert_eq!(unusable(&["b"]).await, result("", ""), "there is no document");

        // The first key of "a" is the key of another document.
        begin_upload(&db, 1, 2, "a").await;
        assert_eq!(unusable(&["b", "a"]).await, result("", "a"));
        begin_upload(&db, 2, 2, "a").await;
        begin_upload(&db, 3, 3, "c").await;
        assert_eq!(unusable(&["b", "a", "c"]).await, result("", ""), "one of two documents can be read");
        assert_eq!(unusable(&["b", "a"]).await, result("c", ""));
        assert_eq!(unusable(&["b"]).await, result("a c", ""));
    }
}
