//! The results of a delivery, one for each stream, and the code that stores them. A stream consists
//! of the events that one aggregate (such as a claim) sends to one service. A relay (the task that
//! delivers events) *leases* a stream, so that no other relay delivers it in the meantime. A
//! *sequence* is the number of an event in its stream.
use cpor_bulk_rows::{InputRows, Sql, delete, to_bigint};
use cpor_proto::events::v1::{StreamResult, stream_result};
use cpor_types::Timestamp;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{
    lease::LeasedStream,
    stream::{KEY_COLUMNS, OutboxStreamKey},
};
use crate::{
    Tx,
    entity::{outbox_event, outbox_stream},
};

/// The outcome of the delivery of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeliveryOutcome {
    /// All events that were sent have been applied.
    Delivered,
    /// Some events were not applied, for this reason. The stream is delivered again later.
    Failed(String),
    /// Some events were not applied, for this reason, and sending them again would fail again. The
    /// stream is not delivered until an operator retries it.
    Parked(String),
}

/// The result of the delivery of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeliveryResult {
    pub(super) stream: OutboxStreamKey,
    /// The last sequence that was delivered before.
    pub(super) previous_sequence: u64,
    /// The last sequence that is delivered now.
    pub(super) delivered_sequence: u64,
    /// The number of failed deliveries since an event was last delivered, or since an operator last
    /// retried the parked stream.
    pub(super) attempts: u32,
    pub(super) outcome: DeliveryOutcome,
}

impl DeliveryResult {
    /// Creates the result of a delivery that delivered no event of the stream.
    pub(super) fn none_delivered(leased: &LeasedStream, outcome: DeliveryOutcome) -> Self {
        Self::new(leased, leased.delivered_sequence, outcome)
    }

    fn new(leased: &LeasedStream, delivered_sequence: u64, outcome: DeliveryOutcome) -> Self {
        let attempts = match outcome {
            DeliveryOutcome::Delivered => 0,
            // Some events were delivered, so this is the first failure since a success.
            DeliveryOutcome::Failed(_) | DeliveryOutcome::Parked(_)
                if delivered_sequence > leased.delivered_sequence =>
            {
                1
            }
            DeliveryOutcome::Failed(_) | DeliveryOutcome::Parked(_) => leased.attempts.saturating_add(1),
        };
        let previous_sequence = leased.delivered_sequence;
        Self { stream: leased.stream.clone(), previous_sequence, delivered_sequence, attempts, outcome }
    }

    /// Creates the result from the receiver's response.
    ///
    /// If this service was restored from a backup, the receiver may already have applied events
    /// that come after those it was sent. If the receiver was restored, it may lack events that it
    /// had acknowledged. This service has deleted those events, so it parks the stream.
    pub(super) fn from_response(leased: &LeasedStream, response: StreamResult) -> Self {
        let StreamResult { applied_sequence, failure } = response;
        let delivered_sequence = applied_sequence.clamp(leased.delivered_sequence, leased.last_sequence());
        let is_behind = applied_sequence < leased.delivered_sequence;
        let outcome = match failure {
            Some(stream_result::Failure::Parked(reason)) => DeliveryOutcome::Parked(reason),
            _ if is_behind => {
                let expected = applied_sequence + 1;
                DeliveryOutcome::Parked(format!("the receiver expects event {expected}, which has been deleted"))
            }
            Some(stream_result::Failure::Retry(reason)) => DeliveryOutcome::Failed(reason),
            None if applied_sequence < leased.last_sequence() => {
                DeliveryOutcome::Failed(format!("the receiver applied the events only up to {applied_sequence}"))
            }
            None => match &leased.unreadable_reason {
                Some(reason) => DeliveryOutcome::Parked(reason.clone()),
                None => DeliveryOutcome::Delivered,
            },
        };
        Self::new(leased, delivered_sequence, outcome)
    }
}

/// Stores the results of the streams that are still leased under `lease_token` and deletes their
/// delivered events.
///
/// A stream that failed is not delivered before the time that `retry_time` returns for its number
/// of attempts. Returns the number of delivered events.
pub(super) async fn save_results(
    tx: &Tx,
    lease_token: Uuid,
    results: &[DeliveryResult],
    retry_time: impl Fn(u32) -> Timestamp,
) -> Result<u64, DbErr> {
    use outbox_stream::{Column, Entity};
    let other_columns =
        [Column::DeliveredSequence, Column::Attempts, Column::ReadyTime, Column::ParkedReason, Column::LastError];
    let mut rows = InputRows::new(KEY_COLUMNS.into_iter().chain(other_columns))?;
    for DeliveryResult { stream, delivered_sequence, attempts, outcome, .. } in results {
        let (ready_time, parked_reason, error) = match outcome {
            DeliveryOutcome::Delivered => (Timestamp::UNIX_EPOCH, None, None),
            DeliveryOutcome::Failed(reason) => (retry_time(*attempts), None, Some(reason.clone())),
            DeliveryOutcome::Parked(reason) => (Timestamp::UNIX_EPOCH, Some(reason.clone()), Some(reason.clone())),
        };
        rows.push(stream.values().into_iter().chain([
            to_bigint(*delivered_sequence)?.into(),
            i64::from(*attempts).into(),
            ready_time.into(),
            parked_reason.into(),
            error.into(),
        ]));
    }
    let mut still_leased = std::collections::HashSet::new();
    for chunk in rows.chunks() {
        // `upsert` does not fit: only streams that are still leased are updated, and the oldest
        // time comes from another table. The table `s` contains the results.
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("UPDATE outbox_stream SET delivered_sequence = s.delivered_sequence, attempts = s.attempts, ");
        sql.push("ready_time = s.ready_time, parked_reason = s.parked_reason, last_error = s.last_error, ");
        // The CASE reads next_sequence from the row itself. The subquery does not see the events
        // that another transaction has just added; COALESCE keeps the old time for them.
        sql.push("lease_token = NULL, oldest_undelivered_time = CASE ");
        sql.push("WHEN outbox_stream.next_sequence - 1 > s.delivered_sequence THEN COALESCE((SELECT e.create_time ");
        sql.push("FROM outbox_event e WHERE (e.owner, e.aggregate, e.id, e.destination) = (");
        sql.primary_key::<Entity>("s.")
            .push(") AND e.sequence = s.delivered_sequence + 1), outbox_stream.oldest_undelivered_time) ");
        sql.push("END FROM s WHERE (").primary_key::<Entity>("outbox_stream.").push(") = (");
        sql.primary_key::<Entity>("s.").push(") AND outbox_stream.lease_token = ").bind(lease_token);
        sql.push(" RETURNING ").primary_key::<Entity>("outbox_stream.");
        for row in tx.query_all_raw(sql.statement()).await? {
            still_leased.insert(OutboxStreamKey::from_row(&row)?);
        }
    }
    delete_delivered(tx, results.iter().filter(|result| still_leased.contains(&result.stream))).await
}

/// Deletes the delivered events and returns their number.
async fn delete_delivered(tx: &Tx, results: impl Iterator<Item = &DeliveryResult>) -> Result<u64, DbErr> {
    let mut rows = Vec::new();
    for DeliveryResult { stream, previous_sequence, delivered_sequence, .. } in results {
        for sequence in *previous_sequence + 1..=*delivered_sequence {
            let (owner, aggregate, id, destination) = stream.primary_key();
            rows.push(outbox_event::ActiveModel {
                owner: Set(owner),
                aggregate: Set(aggregate),
                id: Set(id),
                destination: Set(destination),
                sequence: Set(to_bigint(sequence)?),
                ..Default::default()
            });
        }
    }
    delete::<outbox_event::Entity>(tx, rows).await
}
