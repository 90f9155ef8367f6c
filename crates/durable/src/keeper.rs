//! Housekeeping: forgets old request ids, and measures how far behind deliveries are.
use std::{sync::Arc, time::Duration};

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::{host::Shared, outbox, request_id};

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(15);

/// Looks after things until told to stop.
pub(crate) async fn run(shared: Arc<Shared>, stop: CancellationToken) -> Result<(), DbErr> {
    loop {
        sweep(&shared).await?;
        measure(&shared).await?;
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// Forgets old request ids.
pub(crate) async fn sweep(shared: &Shared) -> Result<(), DbErr> {
    let now = shared.wall.now();
    loop {
        let tx = shared.db.begin().await?;
        let forgotten = request_id::sweep(&tx, now).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}

async fn measure(shared: &Shared) -> Result<(), DbErr> {
    let oldest = outbox::undelivered(shared.db.reader(), 1).await?.into_iter().find_map(|stream| stream.oldest_time);
    let age = oldest.and_then(|oldest| (shared.wall.now() - oldest).to_std().ok()).unwrap_or_default();
    shared.meters.outbox(age, outbox::parked(shared.db.reader()).await?);
    Ok(())
}
