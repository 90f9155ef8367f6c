//! Waiting until nothing happens any more.
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::{OperationsServer, internal};
use crate::{Host, deadline::index::Waiting, outbox};

/// Pause between looks while others are at work.
const PAUSE: Duration = Duration::from_millis(5);

/// Lines in an answer for each kind of thing.
const LINES: usize = 20;

impl OperationsServer {
    /// Fires what is due and delivers what is undelivered, again and again, until nothing of it is left in any hosted
    /// service. Answers what is left when the time is over.
    pub(super) async fn settle(&self, until: Instant) -> Result<Vec<String>, Status> {
        loop {
            let before = self.activity();
            let mut unsettled = Vec::new();
            for host in self.hosts.iter() {
                unsettled.extend(deadlines(host).await?);
                unsettled.extend(streams(host).await?);
            }
            let asked = self.activity() == before && Instant::now() < until;
            if asked {
                for host in self.hosts.iter() {
                    unsettled.extend(probes(host, until).await);
                }
            }
            // Only a look during which nothing happened is a look at a state of rest.
            if asked && unsettled.is_empty() && self.activity() == before {
                return Ok(unsettled);
            }
            if Instant::now() >= until {
                let at_work = || "events and deadlines are still being worked off".to_owned();
                return Ok(if unsettled.is_empty() { vec![at_work()] } else { unsettled });
            }
            if !unsettled.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn activity(&self) -> u64 {
        self.hosts.iter().map(|host| host.shared().activity.total()).sum()
    }
}

/// Fires what is due; what is due all the same.
async fn deadlines(host: &Host) -> Result<Vec<String>, Status> {
    let (_, left) = host.runner().fire_due().await.map_err(internal)?;
    let line = |waiting: Waiting| {
        let (service, resource) = (host.service(), host.roster().resource(&waiting.aggregate, &waiting.key));
        format!("{service}: a deadline of {resource} is due since {}", cpor_types::rfc3339(waiting.due))
    };
    Ok(left.into_iter().take(LINES).map(line).collect())
}

/// Delivers what is undelivered; what is so all the same, and why.
async fn streams(host: &Host) -> Result<Vec<String>, Status> {
    let mut streams = outbox::undelivered(host.db().writer(), LINES as u64).await.map_err(internal)?;
    if !streams.is_empty() {
        host.relay().drain().await.map_err(internal)?;
        streams = outbox::undelivered(host.db().writer(), LINES as u64).await.map_err(internal)?;
    }
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
