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

/// Takes every stale upload by compare-and-set, so that one which is stored at this moment stays, then deletes its object. One that was
/// taken and not deleted, because the process died between, is deleted by the next sweep. Answers how many were swept.
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
