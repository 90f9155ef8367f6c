//! Waiting until nothing happens any more.
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DbErr};
use tokio::time::Instant;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{
    Host,
    clock::VIRTUAL,
    deadline::index::{self, Waiting},
    outbox,
    rows::Sql,
};

/// Pauses between looks while others are at work: from and up to. They double while nothing happens.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(160));

/// Lines in an answer for each kind of thing.
const LINES: usize = 20;

impl OperationsServer {
    /// Fires what is due and delivers what is undelivered, again and again, until nothing of it is left in any hosted
    /// service. Answers what is left when the time is over. A look at a service at rest is one statement, and one or
    /// more for each of its probes.
    pub(super) async fn settle(&self, until: Instant) -> Result<Vec<String>, Status> {
        let (mut pause, mut seen) = (PAUSES.0, None);
        loop {
            let before = self.activity();
            let undisturbed = || before.is_some() && self.activity() == before;
            let mut unsettled = Vec::new();
            for host in self.hosts.iter() {
                unsettled.extend(events_and_deadlines(host).await.map_err(internal)?);
            }
            let asked = undisturbed() && Instant::now() < until;
            if asked {
                for host in self.hosts.iter() {
                    unsettled.extend(probes(host, until).await);
                }
            }
            // Only a look during which nothing happened is a look at a state of rest.
            if asked && unsettled.is_empty() && undisturbed() {
                return Ok(unsettled);
            }
            if Instant::now() >= until {
                let at_work = || "events and deadlines are still being worked off".to_owned();
                return Ok(if unsettled.is_empty() { vec![at_work()] } else { unsettled });
            }
            if !unsettled.is_empty() || before.is_none() {
                let now = self.activity();
                pause = if now == seen { (2 * pause).min(PAUSES.1) } else { PAUSES.0 };
                seen = now;
                tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
            }
        }
    }

    /// A number that grows with whatever happens in a hosted service; `None` while something is under way.
    fn activity(&self) -> Option<u64> {
        self.hosts.iter().map(|host| host.shared().activity.total()).sum()
    }
}

/// Fires what is due and delivers what is undelivered; what is so all the same, and why.
async fn events_and_deadlines(host: &Host) -> Result<Vec<String>, DbErr> {
    let (due, undelivered) = at_hand(host).await?;
    let mut left = Vec::new();
    if due {
        left.extend(deadlines(host).await?);
    }
    if due || undelivered {
        left.extend(streams(host).await?);
    }
    Ok(left)
}

/// Whether a deadline is due, and whether an event is undelivered. By the writing pool: what was just committed must be seen.
async fn at_hand(host: &Host) -> Result<(bool, bool), DbErr> {
    let db = host.db().writer();
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT EXISTS (SELECT 1 FROM deadline WHERE ").push(index::PENDING).push(" AND due_time <= (");
    sql.push(VIRTUAL).push(")) AS due, ");
    sql.push("EXISTS (SELECT 1 FROM outbox_stream WHERE ").push(outbox::PENDING).push(") AS undelivered");
    let row = db.query_one_raw(sql.statement()).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a SELECT without FROM has a row".to_owned()))?;
    Ok((row.try_get("", "due")?, row.try_get("", "undelivered")?))
}

async fn deadlines(host: &Host) -> Result<Vec<String>, DbErr> {
    let (_, left) = host.runner().fire_due().await?;
    let line = |waiting: Waiting| {
        let (service, resource) = (host.service(), host.roster().resource(&waiting.aggregate, &waiting.key));
        format!("{service}: a deadline of {resource} is due since {}", cpor_types::rfc3339(waiting.due))
    };
    Ok(left.into_iter().take(LINES).map(line).collect())
}

async fn streams(host: &Host) -> Result<Vec<String>, DbErr> {
    host.relay().drain().await?;
    let streams = outbox::undelivered(host.db().writer(), LINES as u64).await?;
    let line = |listed: outbox::Listed| {
        let (service, waiting) = (host.service(), listed.next_sequence - 1 - listed.delivered_sequence);
        let why = listed.last_error.unwrap_or_else(|| "on the way".to_owned());
        format!("{service}: {waiting} events of stream {} are undelivered: {why}", listed.stream)
    };
    Ok(streams.into_iter().map(line).collect())
}

/// A probe may wait for others to finish, and no longer than the time that is left. What it has begun itself goes on then.
async fn probes(host: &Host, until: Instant) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, probe) in host.roster().probes() {
        let found = match tokio::time::timeout_at(until, tokio::spawn(probe())).await {
            Ok(Ok(found)) => found.unwrap_or_else(|error| vec![format!("cannot be asked: {error}")]),
            Ok(Err(panic)) => vec![format!("cannot be asked: {panic}")],
            Err(_elapsed) => vec!["is still at work".to_owned()],
        };
        lines.extend(found.into_iter().map(|line| format!("{}: {name}: {line}", host.service())));
    }
    lines
}
