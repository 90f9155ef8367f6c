//! Finds the rivals of review cases (R37): the cases of other companies that claim the same key,
//! which is a workload or subscription of the tenant.
//!
//! The transaction that changes a case requests a check of every case that may be affected. This
//! background task runs the requested checks: it looks up the cases that compete for the same keys,
//! and commits them as the rivals of the checked case. The rivals are saved only if no other check
//! of the case was requested since the check began; otherwise they may be out of date. A check may
//! be repeated, so every process of this service may run this task.
use crate::{
    domain::{CheckedRivals, ReviewCase},
    store::{
        CaseStore,
        case_query::CaseQuery,
        competition_checks::{self, CompetitionCheck, OutdatedCheck},
    },
};
use cpor_database::Db;
use cpor_durable::{Command, CommandError, Versioned, Writer};
use cpor_types::{Actor, Calendar, CaseId, Malformed, Service, TenantId};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The background task that runs competition checks.
#[derive(Clone)]
pub(crate) struct CompetitionDetector {
    /// The database of the service.
    pub db: Db,
    /// Commits the rivals of cases.
    pub writer: Writer<CaseStore>,
    /// The calendar that counts the business days of review deadlines.
    pub calendar: Arc<Calendar>,
    /// Notifies of the commits of this process, which may request checks.
    pub commits: watch::Receiver<u64>,
    /// The time between two searches for requested checks if this process commits nothing.
    pub poll_interval: Duration,
}

impl CompetitionDetector {
    /// Runs requested checks after each commit, and at intervals, until `stop` is cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        while !stop.is_cancelled() {
            // This precedes the search, so that a commit during the search ends the next wait at
            // once.
            self.commits.mark_unchanged();
            self.run_all_checks().await?;
            tokio::select! {
                () = stop.cancelled() => {}
                // The sender is part of the host, which outlives this task.
                Ok(()) = self.commits.changed() => {}
                () = tokio::time::sleep(self.poll_interval) => {}
            }
        }
        Ok(())
    }

    /// Runs requested checks until none is left. Searches with the pool of readers, because on
    /// SQLite the searches after each commit would compete with the commits for one connection.
    pub(crate) async fn run_all_checks(&self) -> Result<(), anyhow::Error> {
        loop {
            let checks = competition_checks::find_open_checks(self.db.reader()).await?;
            if checks.is_empty() {
                return Ok(());
            }
            for check in checks {
                self.run_check(&check).await?;
            }
        }
    }

    /// Counts the cases that wait for a check.
    pub(crate) async fn count_open_checks(&self) -> Result<u64, anyhow::Error> {
        Ok(competition_checks::count_open(self.db.writer()).await?)
    }

    async fn run_check(&self, check: &CompetitionCheck) -> Result<(), anyhow::Error> {
        let rivals = self.find_rivals(check).await?;
        self.save_rivals(check, rivals).await
    }

    /// Finds the rivals of the case, and the winners of its keys, as they are stored now. Returns
    /// `None` if there is no such case.
    pub(crate) async fn find_rivals(&self, check: &CompetitionCheck) -> Result<Option<CheckedRivals>, anyhow::Error> {
        let tenant: TenantId = check.key.owner.parse().map_err(|malformed: Malformed| anyhow::anyhow!(malformed))?;
        let query = CaseQuery::for_tenant(self.db.writer(), tenant);
        let Some(Versioned { state: case, .. }) = query.find(CaseId(check.key.id)).await? else { return Ok(None) };
        let candidates = query.competing_for(case.competing_keys()).await?;
        let candidates = || candidates.iter().map(|candidate| &candidate.state);
        let (rivals, winners) = (case.rivals_among(candidates()), case.winners_among(candidates()));
        Ok(Some(CheckedRivals { rivals, winners }))
    }

    /// Saves the rivals that were found and completes the check. Does neither if another check was
    /// requested since this one was read.
    pub(crate) async fn save_rivals(
        &self,
        check: &CompetitionCheck,
        rivals: Option<CheckedRivals>,
    ) -> Result<(), anyhow::Error> {
        if let Some(rivals) = rivals {
            let (calendar, requested_count) = (Arc::clone(&self.calendar), check.requested_count);
            let decide = move |case: Option<&ReviewCase>, now| {
                Ok::<_, Infallible>(
                    case.and_then(|case| case.update_rivals(rivals.clone(), requested_count, now, &calendar)),
                )
            };
            let command = Command::new("compete", check.key.clone(), Actor::system(Service::PoeReview));
            match self.writer.execute(command, decide).await {
                // The later request is still open, so the case is checked again.
                Err(CommandError::Conflict(OutdatedCheck)) => return Ok(()),
                outcome => drop(outcome?),
            }
        }
        Ok(competition_checks::complete(self.db.writer(), check).await?)
    }
}
