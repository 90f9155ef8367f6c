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
            let Ok(looked) = tokio::time::timeout_at(until, self.work_and_look()).await else {
                return self.cut_off().await;
            };
            let unsettled = looked?;
            // Only a look during which nothing happened is a look at a state of rest.
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

    /// What is left after everything has been tried that can be. Waits for those who are at it, so it may take long.
    async fn work_and_look(&self) -> Result<Vec<String>, Status> {
        for host in self.hosts.iter() {
            host.runner().drain().await.map_err(internal)?;
            host.relay().drain().await.map_err(internal)?;
        }
        self.unsettled().await
    }

    /// What can be named at once, when the time is over while something is still being waited for.
    async fn cut_off(&self) -> Result<Vec<String>, Status> {
        let mut lines = Vec::new();
        for host in self.hosts.iter() {
            lines.extend(deadlines(host).await?);
            lines.extend(streams(host).await?);
        }
        if lines.is_empty() {
            lines.push("a mail, an approval or an assessment is still under way".to_owned());
        }
        Ok(lines)
    }

    fn activity(&self) -> u64 {
        self.hosts.iter().map(|host| host.shared().activity.total()).sum()
    }

    async fn unsettled(&self) -> Result<Vec<String>, Status> {
        let mut lines = Vec::new();
        for host in self.hosts.iter() {
            lines.extend(deadlines(host).await?);
            lines.extend(streams(host).await?);
            lines.extend(probes(host).await);
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

async fn probes(host: &Host) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, probe) in host.roster().probes() {
        let found = probe().await.unwrap_or_else(|error| vec![format!("cannot be asked: {error}")]);
        lines.extend(found.into_iter().map(|line| format!("{}: {name}: {line}", host.service())));
    }
    lines
}
