//! Waiting until nothing happens any more.
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{Host, deadline::index, outbox};

/// Pause between looks while others are at work.
const PAUSE: Duration = Duration::from_millis(5);

/// Lines in an answer for each kind of thing.
const LINES: u64 = 20;

impl OperationsServer {
    /// Fires what is due and delivers what is undelivered, again and again, until nothing of it is left in any hosted
    /// service. Answers what is left when the time is over.
    pub(super) async fn settle(&self, until: Instant) -> Result<Vec<String>, Status> {
        loop {
            let before = self.activity();
            for host in self.hosts.iter() {
                host.runner().drain().await.map_err(internal)?;
                host.relay().drain().await.map_err(internal)?;
            }
            // Only a look during which nothing happened is a look at a state of rest.
            if self.activity() != before && Instant::now() < until {
                continue;
            }
            let unsettled = self.unsettled(until).await?;
            if unsettled.is_empty() && self.activity() == before {
                return Ok(unsettled);
            }
            if Instant::now() >= until {
                return Ok(unsettled);
            }
            if !unsettled.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn activity(&self) -> u64 {
        self.hosts.iter().map(|host| host.shared().activity.total()).sum()
    }

    async fn unsettled(&self, until: Instant) -> Result<Vec<String>, Status> {
        let mut lines = Vec::new();
        for host in self.hosts.iter() {
            lines.extend(deadlines(host).await?);
            lines.extend(streams(host).await?);
            lines.extend(probes(host, until).await);
        }
        Ok(lines)
    }
}

async fn deadlines(host: &Host) -> Result<Vec<String>, Status> {
    let now = host.now().await.map_err(internal)?;
    let waiting = index::earliest(host.db().writer(), LINES).await.map_err(internal)?;
    let due = waiting.into_iter().filter(|waiting| waiting.due <= now);
    Ok(due
        .map(|waiting| {
            let (service, resource) = (host.service(), host.roster().resource(&waiting.aggregate, &waiting.key));
            format!("{service}: a deadline of {resource} is due since {}", cpor_types::rfc3339(waiting.due))
        })
        .collect())
}

async fn streams(host: &Host) -> Result<Vec<String>, Status> {
    let streams = outbox::undelivered(host.db().writer(), LINES).await.map_err(internal)?;
    Ok(streams
        .into_iter()
        .map(|listed| {
            let (service, waiting) = (host.service(), listed.next_sequence - 1 - listed.delivered_sequence);
            let why = listed.last_error.unwrap_or_else(|| "on the way".to_owned());
            format!("{service}: {waiting} events of stream {} are undelivered: {why}", listed.stream)
        })
        .collect())
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
