//! Waits until all hosted services are idle: no deadline is due, no event is undelivered, and no
//! *idle probe* (a function of a service that lists its unfinished work, such as unsent mails)
//! reports any. A *stream* consists of the events of one aggregate (such as a claim) for one
//! service.
use std::time::Duration;

use cpor_types::Timestamp;
use sea_orm::{
    ConnectionTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement, SimpleExpr},
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

/// The age from which on a check is repeated, even if this process has done nothing since. On
/// PostgreSQL another process can change the same database.
const MAX_CHECK_AGE: Duration = Duration::from_millis(100);

/// The maximum number of deadlines and of streams of one service that are listed as unfinished
/// work.
const MAX_LISTED: usize = 20;

/// The state of the hosted services at the end of a wait.
pub(super) enum WaitOutcome {
    /// All services are idle.
    Idle {
        /// The clock of each host.
        clocks: Vec<Timestamp>,
        /// The due time of the earliest pending deadline.
        next_due: Option<Timestamp>,
    },
    /// The time was over before. There is one line for each unfinished item.
    Unfinished(Vec<String>),
}

/// The last checks of one host that found no work.
#[derive(Default)]
struct HostChecks {
    /// The check for due deadlines and undelivered events.
    queues: Option<Check>,
    /// The check by the idle probes.
    probes: Option<Check>,
    /// The result of the last check of the queues.
    work: Option<QueuedWork>,
}

/// A check that found no work.
#[derive(Clone, Copy)]
struct Check {
    /// The activity of the host before the check. The check holds while the activity is this
    /// number.
    activity: u64,
    /// The time of the check.
    time: Instant,
}

impl Check {
    /// Returns whether the host has done nothing since the check.
    fn is_current(check: Option<Self>, host: &Host) -> bool {
        check.is_some_and(|check| host.context().activity.total() == Some(check.activity))
    }

    /// Returns whether the check must be made again.
    fn is_outdated(check: Option<Self>, host: &Host) -> bool {
        !Self::is_current(check, host) || check.is_some_and(|check| check.time.elapsed() >= MAX_CHECK_AGE)
    }
}

impl OperationsServer {
    /// Applies due deadlines and delivers events until all hosted services are idle, or until
    /// `stop_time`.
    ///
    /// Checking an idle service takes one SQL statement, and those of its probes. While others are
    /// busy, a service is only checked again if it has done something, or after
    /// [`MAX_CHECK_AGE`].
    pub(super) async fn wait_until_idle(&self, stop_time: Instant) -> Result<WaitOutcome, Status> {
        let mut checks: Vec<HostChecks> = self.hosts.iter().map(|_| HostChecks::default()).collect();
        let (mut pause, mut last_activity) = (MIN_PAUSE, None);
        loop {
            let activity_before = self.total_activity();
            let mut unfinished = Vec::new();
            for (host, checks) in self.hosts.iter().zip(&mut checks) {
                unfinished.extend(check_queues(host, checks).await.map_err(internal)?);
            }
            let queues_are_empty = self.hosts.iter().zip(&checks).all(|(host, c)| Check::is_current(c.queues, host));
            if queues_are_empty && Instant::now() < stop_time {
                for (host, checks) in self.hosts.iter().zip(&mut checks) {
                    unfinished.extend(check_probes(host, checks, stop_time).await);
                }
            }
            // A host that did anything after a check may have caused work for every other host.
            let is_idle = |(host, checks): (&Host, &HostChecks)| {
                Check::is_current(checks.queues, host) && Check::is_current(checks.probes, host)
            };
            if unfinished.is_empty() && self.hosts.iter().zip(&checks).all(is_idle) {
                let works = || checks.iter().filter_map(|checks| checks.work.as_ref());
                let clocks = works().map(|work| work.now).collect();
                return Ok(WaitOutcome::Idle { clocks, next_due: works().filter_map(|work| work.next_due).min() });
            }
            if Instant::now() >= stop_time {
                let busy = || "events and deadlines are still being processed".to_owned();
                return Ok(WaitOutcome::Unfinished(if unfinished.is_empty() { vec![busy()] } else { unfinished }));
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

/// Applies due deadlines and delivers events, unless the last check of the host still holds.
/// Returns a line for each deadline that is still due and each stream that still has undelivered
/// events.
async fn check_queues(host: &Host, checks: &mut HostChecks) -> Result<Vec<String>, DbErr> {
    if !Check::is_outdated(checks.queues, host) {
        return Ok(Vec::new());
    }
    let (activity, time) = (host.context().activity.total(), Instant::now());
    let work = checks.work.insert(find_work(host).await?);
    let has_due_deadline = work.next_due.is_some_and(|due| due <= work.now);
    checks.queues = None;
    let mut unfinished = Vec::new();
    if has_due_deadline {
        unfinished.extend(apply_deadlines(host).await?);
    }
    if has_due_deadline || work.has_undelivered_event {
        unfinished.extend(deliver_events(host).await?);
    } else {
        checks.queues = activity.map(|activity| Check { activity, time });
    }
    Ok(unfinished)
}

/// Runs the probes of the host, unless their last check still holds. Returns a line for each
/// unfinished item.
async fn check_probes(host: &Host, checks: &mut HostChecks, stop_time: Instant) -> Vec<String> {
    if !Check::is_outdated(checks.probes, host) {
        return Vec::new();
    }
    let (activity, time) = (host.context().activity.total(), Instant::now());
    let unfinished = run_probes(host, stop_time).await;
    checks.probes = activity.filter(|_| unfinished.is_empty()).map(|activity| Check { activity, time });
    unfinished
}

/// The work that waits in the database of a host.
struct QueuedWork {
    /// The virtual clock.
    now: Timestamp,
    /// The due time of the earliest pending deadline.
    next_due: Option<Timestamp>,
    has_undelivered_event: bool,
}

/// Looks for work in one statement. Uses the pool of writers, because a connection of the pool of
/// readers may not yet see the last commit.
async fn find_work(host: &Host) -> Result<QueuedWork, DbErr> {
    let now = virtual_clock::Entity::find_by_id(virtual_clock::ID).select_only().column(virtual_clock::Column::Time);
    let pending = deadline::Entity::find().select_only().filter(index::is_in_state(DeadlineState::Pending));
    let next_due = pending.expr(Expr::col(deadline::Column::DueTime).min());
    let undelivered = outbox_stream::Entity::find().select_only().column(outbox_stream::Column::Id);
    let undelivered = undelivered.filter(outbox::StreamFilter::Pending.condition());
    let mut query = Query::select();
    query.expr_as(subquery(now.into_query()), "now");
    query.expr_as(subquery(next_due.into_query()), "next_due");
    query.expr_as(Expr::exists(undelivered.into_query()), "undelivered");
    let row = host.db().writer().query_one(&query).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the statement returned no row".to_owned()))?;
    Ok(QueuedWork {
        now: row.try_get("", "now")?,
        next_due: row.try_get("", "next_due")?,
        has_undelivered_event: row.try_get("", "undelivered")?,
    })
}

fn subquery(select: SelectStatement) -> SimpleExpr {
    Expr::SubQuery(None, Box::new(select.into()))
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
