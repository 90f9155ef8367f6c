//! Uploads that were begun and never stored: a client went away, or the process died.
use super::Objects;
use crate::store::Pending;
use cpor_kit::Db;
use cpor_types::{Clock, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// An upload this old is abandoned: no call lasts as long.
const AGE: Duration = Duration::from_hours(24);
/// Between two sweeps.
const EVERY: Duration = Duration::from_mins(15);
/// Taken in one sweep; the rest waits for the next.
const BATCH: u64 = 1000;

/// Sweeps from time to time until `stop`.
///
/// # Errors
/// The database's or the store's; the next sweep begins where this one failed.
pub(crate) async fn sweep(
    db: Db,
    objects: Objects,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(), anyhow::Error> {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        sweep_once(&db, &objects, clock.now()).await?;
    }
    Ok(())
}

/// Takes every stale upload by compare-and-set, so that one which is stored at this moment stays, then deletes its
/// object. One that was taken and not deleted, because the process died between, is deleted by the next sweep. Answers
/// how many were swept.
pub(crate) async fn sweep_once(db: &Db, objects: &Objects, now: Timestamp) -> Result<usize, anyhow::Error> {
    let mut swept = 0;
    for (claim, id) in Pending::stale(db.reader(), now - AGE, BATCH).await? {
        if Pending::abandon(db.writer(), &claim, id).await? {
            objects.delete(id).await?;
            Pending::swept(db.writer(), &claim, id).await?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::Upload, store::migration};
    use cpor_types::{ClaimName, EvidenceId};
    use sea_orm_migration::{MigrationTrait, MigratorTrait};
    use uuid::Uuid;

    struct Migrator;

    impl MigratorTrait for Migrator {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            migration::migrations()
        }
    }

    async fn upload(db: &Db, objects: &Objects, id: EvidenceId, begun: Timestamp) {
        let claim: ClaimName = "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1".parse().unwrap();
        Pending::begin(db.writer(), &claim, id, begun).await.unwrap();
        let mut upload = Upload::begin(objects, id, 100).await.unwrap();
        upload.add("%PDF-1.7".into()).await.unwrap();
        upload.complete("").await.unwrap().keep().await.unwrap();
    }

    #[tokio::test]
    async fn only_what_is_stale_is_swept_and_once() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&directory.path().join("claims.db")).await.unwrap();
        Migrator::up(db.writer(), None).await.unwrap();
        let objects = Objects::in_directory(&directory.path().join("evidence")).unwrap();
        let now: Timestamp = "2026-03-06T08:00:00Z".parse().unwrap();
        let [old, young] = [1, 2].map(|n| EvidenceId(Uuid::from_u128(n)));
        upload(&db, &objects, old, now - AGE - Duration::from_secs(1)).await;
        upload(&db, &objects, young, now - AGE).await;

        assert_eq!(sweep_once(&db, &objects, now).await.unwrap(), 1);
        assert!(objects.read(old).await.is_err());
        assert!(objects.read(young).await.is_ok());
        assert_eq!(sweep_once(&db, &objects, now).await.unwrap(), 0);
    }
}
