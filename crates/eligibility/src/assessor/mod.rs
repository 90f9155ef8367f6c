//! The assessor: a background task that assesses claims (R52). It assesses a claim in three cases:
//! - The claim is *stale*: a fact has changed, or a month has begun.
//! - The claim was last assessed with an earlier *edition* of the guide catalog, which counts the
//!   activations of program guides.
//! - The claim depends on *pending* usage, which was imported and has not been used by an
//!   assessment.
//!
//! The assessor has no state of its own; the database shows which claims must be assessed. Restarts
//! and parallel processes are therefore harmless: the slower of two assessors finds that the
//! version of the assessment has changed, or that nothing is left to do.
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use cpor_database::Db;
use cpor_durable::{AggregateKey, Command, CommandError, StoreError, Transition, Versioned, Writer};
use cpor_types::{Actor, Service, TenantKey};
use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{ActiveGuides, Assessment, AssessmentInputs, MonthlyUsage, NoGuideInForce, UsageByKey},
    store::{
        AssessmentStore,
        assessments::{self, ResultsByMonth},
        guide_catalog,
        usage::{self, PendingUsage},
    },
};

/// The maximum number of stale assessments that a round reads. The same limit applies to outdated
/// assessments and to pending months of usage.
const BATCH_SIZE: u64 = 250;

/// The time that an idle assessor waits if this process commits nothing. After this time at the
/// latest it notices what another process committed and did not assess, because it ended.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// The time until the next round if everything failed in one.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The outcome of a round: one search for claims that must be assessed, and their assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RoundOutcome {
    /// There was nothing to do.
    Idle,
    /// Something was done, and more may be left to do.
    Progress,
    /// There was something to do, but all of it failed.
    Stuck,
}

/// Assesses claims in the background. Clones share one assessor.
#[derive(Clone)]
pub(crate) struct Assessor(Arc<Inner>);

/// The connections and the wake-up signal that the clones of an assessor share.
struct Inner {
    db: Db,
    writer: Writer<AssessmentStore>,
    /// Notifies of the commits of this process, which may make claims due.
    commits: watch::Receiver<u64>,
    /// Wakes an idle assessor after a change that is no commit of a writer.
    wake: Notify,
}

impl Assessor {
    /// Returns an assessor that sends its commands to `writer`, and that runs after each change of
    /// `commits`.
    pub(crate) fn new(db: Db, writer: Writer<AssessmentStore>, commits: watch::Receiver<u64>) -> Self {
        Self(Arc::new(Inner { db, writer, commits, wake: Notify::new() }))
    }

    /// Starts the next round at once if the assessor is idle. Only needed after changes that no
    /// writer commits, such as an import of usage.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Runs rounds until `stop` is cancelled.
    ///
    /// # Errors
    /// Returns an error if the database cannot be used. The caller may run the assessor again.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let mut commits = self.0.commits.clone();
        while !stop.is_cancelled() {
            // This precedes the round, so that a commit during the round ends the next wait at
            // once.
            commits.mark_unchanged();
            match self.run_round().await? {
                RoundOutcome::Progress => {}
                RoundOutcome::Idle => tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.0.wake.notified() => {}
                    // The sender is part of the host, which outlives this task.
                    Ok(()) = commits.changed() => {}
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                },
                // Notifications are ignored here: they do not remove the cause of the failure.
                RoundOutcome::Stuck => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY_DELAY) => {}
                },
            }
        }
        Ok(())
    }

    /// Runs rounds until nothing is left to do, or until a round gets stuck.
    ///
    /// # Errors
    /// Returns an error if the database cannot be used.
    pub(crate) async fn drain(&self) -> Result<(), StoreError> {
        while self.run_round().await? == RoundOutcome::Progress {}
        Ok(())
    }

    /// Runs rounds until nothing is left to do or a round gets stuck. Returns one line of text for
    /// each kind of work that is left, and none if everything is done.
    ///
    /// # Errors
    /// Returns an error if the database cannot be used.
    pub(crate) async fn drain_and_report(&self) -> Result<Vec<String>, StoreError> {
        if self.describe_remaining_work().await?.is_empty() {
            return Ok(Vec::new());
        }
        self.drain().await?;
        self.describe_remaining_work().await
    }

    async fn describe_remaining_work(&self) -> Result<Vec<String>, StoreError> {
        let db = self.0.db.reader();
        let due = assessments::count_due(db, guide_catalog::load(db).await?.edition).await?;
        let pending = usage::count_pending(db).await?;
        let counts = [("claims to be assessed", due), ("imported months of usage to be assessed", pending)];
        Ok(counts.into_iter().filter(|(_, count)| *count > 0).map(|(work, count)| format!("{work}: {count}")).collect())
    }

    /// Runs one round: loads the claims that are due, assesses them, and marks the usage that they
    /// were assessed with as no longer pending.
    ///
    /// The order of the queries matters: a change that another process commits between two of them
    /// is read by a later query, or makes the claim due again.
    async fn run_round(&self) -> Result<RoundOutcome, StoreError> {
        let db = self.0.db.reader();
        // The pending months are read before the assessments. An assessment that is opened after
        // that reads these months when it is first made, so they can be marked as assessed.
        let pending = usage::list_pending(db, BATCH_SIZE).await?;
        // The catalog is read before the assessments. If a guide is activated in between, the
        // assessments get the earlier edition and are due again in the next round.
        let catalog = guide_catalog::load(db).await?;
        let due = self.load_due(&pending, catalog.edition).await?;
        if pending.is_empty() && due.is_empty() {
            return Ok(RoundOutcome::Idle);
        }
        // The usage is read after the versions of the assessments. Usage that is imported in
        // between may cause a second assessment, but is never missed.
        let usage =
            usage::load_usage(db, due.values().flat_map(|assessment| usage_keys(&assessment.state)).collect()).await?;
        let mut results = assessments::list_monthly_results(db, &due.keys().cloned().collect::<Vec<_>>()).await?;
        let guides = Arc::new(guide_catalog::compile_active(&catalog)?);
        let assessments = due.iter().map(|(key, assessment)| {
            let inputs = OwnedInputs {
                guides: Arc::clone(&guides),
                usage: usage_of_assessment(&usage, &assessment.state),
                previous_results: results.remove(key).unwrap_or_default(),
            };
            self.assess(key, assessment.version, inputs)
        });
        let outcomes = join_all(assessments.collect::<Vec<_>>()).await;
        let not_assessed = due.values().zip(&outcomes).filter(|(_, outcome)| **outcome != AssessOutcome::Assessed);
        let still_pending: BTreeSet<TenantKey> =
            not_assessed.flat_map(|(assessment, _)| usage_keys(&assessment.state)).collect();
        let assessed_months: Vec<_> =
            pending.into_iter().filter(|month| !still_pending.contains(month.key())).collect();
        usage::mark_as_assessed(self.0.db.writer(), &assessed_months).await?;
        let has_progress =
            outcomes.iter().any(|outcome| *outcome != AssessOutcome::Failed) || !assessed_months.is_empty();
        Ok(if has_progress { RoundOutcome::Progress } else { RoundOutcome::Stuck })
    }

    /// Loads the assessments that are stale, that depend on the pending months, or that were made
    /// with an edition of the guide catalog before `edition`.
    async fn load_due(
        &self,
        pending: &[PendingUsage],
        edition: u64,
    ) -> Result<BTreeMap<AggregateKey, Versioned<Assessment>>, StoreError> {
        let db = self.0.db.reader();
        let dependent = usage::list_dependent_assessments(db, pending).await?;
        let mut due: BTreeMap<_, _> = assessments::get_many(db, &dependent).await?.into_iter().collect();
        due.extend(assessments::list_stale(db, BATCH_SIZE).await?);
        due.extend(assessments::list_outdated(db, edition, BATCH_SIZE).await?);
        Ok(due)
    }

    /// Assesses one claim, if its assessment still has this version.
    async fn assess(&self, key: &AggregateKey, version: u64, inputs: OwnedInputs) -> AssessOutcome {
        let actor = Actor::system(Service::Eligibility);
        let command = Command::new("assess", key.clone(), actor).expect_version(version);
        let decide = move |current: Option<&Assessment>, now| -> Result<Option<Transition<_>>, NoGuideInForce> {
            let OwnedInputs { guides, usage, previous_results } = &inputs;
            current.map(|current| current.assess(AssessmentInputs { guides, usage, previous_results }, now)).transpose()
        };
        match self.0.writer.execute(command, decide).await {
            Ok(_) => AssessOutcome::Assessed,
            Err(CommandError::VersionMismatch { .. }) => AssessOutcome::VersionChanged,
            Err(failure) => {
                tracing::warn!(claim = %key.id, %failure, "a claim could not be assessed");
                AssessOutcome::Failed
            }
        }
    }
}

/// The inputs of one assessment, in a form that a command can own.
struct OwnedInputs {
    guides: Arc<ActiveGuides>,
    usage: UsageByKey,
    previous_results: ResultsByMonth,
}

/// The outcome of assessing one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AssessOutcome {
    Assessed,
    /// Another command changed the assessment in the meantime. The next round tries again.
    VersionChanged,
    Failed,
}

/// Returns the keys (workloads and subscriptions of the tenant) whose usage an assessment depends
/// on.
pub(crate) fn usage_keys(assessment: &Assessment) -> impl Iterator<Item = TenantKey> {
    let tenant = assessment.facts().tenant;
    assessment.keys().into_iter().map(move |key| TenantKey { tenant, key: key.clone() })
}

/// Selects the usage that an assessment depends on.
pub(crate) fn usage_of_assessment(
    usage: &BTreeMap<TenantKey, Vec<MonthlyUsage>>,
    assessment: &Assessment,
) -> UsageByKey {
    let months = |key: TenantKey| usage.get(&key).map(|months| (key.key, months.clone()));
    UsageByKey(usage_keys(assessment).filter_map(months).collect())
}
