//! The background task that deletes expired request ids and updates the metrics of the outbox.
use std::{sync::Arc, time::Duration};

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::{context::HostContext, outbox, request_id};

/// The pause between two runs of maintenance.
const PAUSE: Duration = Duration::from_secs(15);

/// Runs maintenance repeatedly, with a pause of 15 seconds, until `stop` is cancelled.
///
/// # Errors
/// Returns the first error of the database.
pub(crate) async fn run(context: Arc<HostContext>, stop: CancellationToken) -> Result<(), DbErr> {
    loop {
        delete_expired_request_ids(&context).await?;
        update_outbox_metrics(&context).await?;
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Deletes all request ids that are older than 24 hours, in transactions of limited size.
pub(crate) async fn delete_expired_request_ids(context: &HostContext) -> Result<(), DbErr> {
    let now = context.clock.now();
    loop {
        let tx = context.db.begin().await?;
        let deleted = request_id::delete_expired(&tx, now).await?;
        tx.commit().await?;
        if deleted == 0 {
            return Ok(());
        }
    }
}

/// Sets the metrics for the age of the oldest undelivered event and the number of parked streams. A
/// stream (the events of one aggregate, such as a claim, for one service) is parked if the receiver
/// refused an event; an operator must retry it.
async fn update_outbox_metrics(context: &HostContext) -> Result<(), DbErr> {
    let oldest_stream = outbox::list_undelivered(context.db.reader(), 1).await?;
    let oldest_undelivered_time = oldest_stream.into_iter().find_map(|stream| stream.oldest_undelivered_time);
    let age =
        oldest_undelivered_time.and_then(|oldest| (context.clock.now() - oldest).to_std().ok()).unwrap_or_default();
    context.metrics.set_outbox(age, outbox::count_parked(context.db.reader()).await?);
    Ok(())
}
