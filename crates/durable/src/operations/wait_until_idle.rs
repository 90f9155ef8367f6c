//! Waits until all hosted services are idle: no deadline is due, no event is undelivered, and no
//! *idle probe* (a function of a service that lists its unfinished work, such as unsent mails)
//! reports any. A *stream* consists of the events of one aggregate (such as a claim) for one
//! service.
use std::time::Duration;

use sea_orm::{
    ConnectionTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use tokio::time::Instant;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{
    DeadlineState, Host,
    deadline::index::{self, PendingDeadline},
    entity::{deadline, outbox_stream, virtual_clock},
    outbox,
};

/// The shortest pause between two checks. The pause doubles while nothing happens.
const MIN_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between two checks.
const MAX_PAUSE: Duration = Duration::from_millis(160);

/// The maximum number of deadlines and of streams of one service that are listed as unfinished
/// work.
const MAX_LISTED: usize = 20;

impl OperationsServer {
    /// Applies due deadlines and delivers events until all hosted services are idle. If `stop_time`
    /// comes first, returns the unfinished work, one line for each item.
    ///
    /// Checking an idle service takes one SQL statement, and those of its probes.
    pub(super) async fn wait_until_idle(&self, stop_time: Instant) -> Result<Vec<String>, Status> {
        let (mut pause, mut last_activity) = (MIN_PAUSE, None);
        loop {
            let activity_before = self.total_activity();
            let is_unchanged = || activity_before.is_some() && self.total_activity() == activity_before;
            let mut unfinished = Vec::new();
            for host in self.hosts.iter() {
                unfinished.extend(process_events_and_deadlines(host).await.map_err(internal)?);
            }
            let runs_probes = is_unchanged() && Instant::now() < stop_time;
            if runs_probes {
                for host in self.hosts.iter() {
                    unfinished.extend(run_probes(host, stop_time).await);
                }
            }
            // If anything happened during the checks, they did not see one consistent state.
            if runs_probes && unfinished.is_empty() && is_unchanged() {
                return Ok(unfinished);
            }
            if Instant::now() >= stop_time {
                let busy = || "events and deadlines are still being processed".to_owned();
                return Ok(if unfinished.is_empty() { vec![busy()] } else { unfinished });
            }
            if !unfinished.is_empty() || activity_before.is_none() {
                let activity = self.total_activity();
                pause = if activity == last_activity { (2 * pause).min(MAX_PAUSE) } else { MIN_PAUSE };
                last_activity = activity;
                tokio::time::sleep_until(stop_time.min(Instant::now() + pause)).await;
            }
        }
    }

    /// Returns a number that grows with all activity of the hosted services, or `None` while a
    /// transaction is under way.
    fn total_activity(&self) -> Option<u64> {
        self.hosts.iter().map(|host| host.context().activity.total()).sum()
    }
}

/// Applies due deadlines and delivers events. Returns a line for each deadline that is still due
/// and each stream that still has undelivered events.
async fn process_events_and_deadlines(host: &Host) -> Result<Vec<String>, DbErr> {
    let (has_due_deadline, has_undelivered_event) = find_work(host).await?;
    let mut unfinished = Vec::new();
    if has_due_deadline {
        unfinished.extend(apply_deadlines(host).await?);
    }
    if has_due_deadline || has_undelivered_event {
        unfinished.extend(deliver_events(host).await?);
    }
    Ok(unfinished)
}

/// Returns whether a deadline is due by the virtual clock, and whether an event is undelivered.
/// Uses the pool of writers, because a connection of the pool of readers may not yet see the last
/// commit.
async fn find_work(host: &Host) -> Result<(bool, bool), DbErr> {
    let now = virtual_clock::Entity::find_by_id(virtual_clock::ID).select_only().column(virtual_clock::Column::Time);
    let due = deadline::Entity::find().select_only().column(deadline::Column::Id);
    let due = due.filter(index::is_in_state(DeadlineState::Pending));
    let due =
        due.filter(Expr::col(deadline::Column::DueTime).lte(Expr::SubQuery(None, Box::new(now.into_query().into()))));
    let undelivered = outbox_stream::Entity::find().select_only().column(outbox_stream::Column::Id);
    let undelivered = undelivered.filter(outbox::StreamFilter::Pending.condition());
    let mut query = Query::select();
    query.expr_as(Expr::exists(due.into_query()), "due");
    query.expr_as(Expr::exists(undelivered.into_query()), "undelivered");
    let row = host.db().writer().query_one(&query).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the statement returned no row".to_owned()))?;
    Ok((row.try_get("", "due")?, row.try_get("", "undelivered")?))
}

/// Applies due deadlines. Returns a line for each deadline that is still due.
async fn apply_deadlines(host: &Host) -> Result<Vec<String>, DbErr> {
    let (_, still_due) = host.deadline_runner().apply_due_and_list_remaining().await?;
    let line = |deadline: PendingDeadline| {
        let service = host.service();
        let resource = host.registrations().resource_name(&deadline.aggregate, &deadline.key);
        format!("{service}: a deadline of {resource} is due since {}", cpor_types::rfc3339(deadline.due))
    };
    Ok(still_due.into_iter().take(MAX_LISTED).map(line).collect())
}

/// Delivers events. Returns a line for each stream that still has undelivered events.
async fn deliver_events(host: &Host) -> Result<Vec<String>, DbErr> {
    host.relay().deliver_pending().await?;
    let undelivered = outbox::list_undelivered(host.db().writer(), MAX_LISTED as u64).await?;
    let line = |status: outbox::StreamStatus| {
        let (service, count) = (host.service(), status.next_sequence - 1 - status.delivered_sequence);
        let reason = status.last_error.unwrap_or_else(|| "the delivery is under way".to_owned());
        format!("{service}: {count} events of stream {} are undelivered: {reason}", status.stream)
    };
    Ok(undelivered.into_iter().map(line).collect())
}

/// Runs the service's idle probes until `stop_time` at the latest, and returns their lines. Work
/// that a probe has begun continues after `stop_time`.
async fn run_probes(host: &Host, stop_time: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, probe) in host.registrations().idle_probes() {
        let probe_lines = match tokio::time::timeout_at(stop_time, tokio::spawn(probe())).await {
            Ok(Ok(result)) => result.unwrap_or_else(|error| vec![format!("the probe failed: {error}")]),
            Ok(Err(panic)) => vec![format!("the probe failed: {panic}")],
            Err(_elapsed) => vec!["the probe is still running".to_owned()],
        };
        lines.extend(probe_lines.into_iter().map(|line| format!("{}: {name}: {line}", host.service())));
    }
    lines
}
