//! Completes approvals and arbitrations that were interrupted, because a process crashed or the
//! registry was unavailable. Each of them is retried until it is complete. An arbitration is a
//! review lead's decision between competing claims. Every process of this service may run this task
//! at the same time.
use crate::{
    approval_runner::ApprovalRunner,
    arbitration_runner::ArbitrationRunner,
    store::{
        arbitrations,
        case_query::CaseQuery,
        pending_decisions::{DecisionKind, PendingDecision},
    },
};
use cpor_database::Db;
use cpor_types::{CaseId, Malformed, TenantId};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The number of calls to the registry that run at the same time. It limits the load after an
/// outage.
const MAX_CONCURRENT_CALLS: usize = 32;

/// The background task that completes pending approvals and arbitrations.
#[derive(Clone)]
pub(crate) struct ApprovalRecovery {
    /// The database of the service.
    pub db: Db,
    /// Completes pending approvals.
    pub approval_runner: ApprovalRunner,
    /// Completes pending arbitrations.
    pub arbitration_runner: ArbitrationRunner,
    /// The time between two searches for pending decisions.
    pub poll_interval: Duration,
}

impl ApprovalRecovery {
    /// Runs until `stop` is cancelled. At first it tries to complete all pending decisions, because
    /// the process that began them may have crashed. After that it tries those whose lease (the
    /// time in which only one process works on a decision) or delay has expired: at the end of each
    /// delay of this process, and at intervals those of other processes.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        let pending_decisions = &self.approval_runner.pending_decisions;
        self.complete_each(pending_decisions.lease_all().await?).await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = pending_decisions.retry_times.wait_for_next() => {}
                () = tokio::time::sleep(self.poll_interval) => {}
            }
            self.complete_each(pending_decisions.lease_due().await?).await;
        }
    }

    /// Tries once to complete each of these decisions. Failures are logged.
    pub(crate) async fn complete_each(&self, decisions: Vec<PendingDecision>) {
        for chunk in decisions.chunks(MAX_CONCURRENT_CALLS) {
            self.complete_concurrently(chunk).await;
        }
    }

    async fn complete_concurrently(&self, decisions: &[PendingDecision]) {
        let mut attempts = JoinSet::new();
        for pending in decisions.iter().cloned() {
            let recovery = self.clone();
            attempts.spawn(async move {
                if let Err(error) = recovery.complete(&pending).await {
                    tracing::warn!(%error, attempts = pending.failed_attempts, "the pending decision is not complete yet");
                }
            });
        }
        attempts.join_all().await;
    }

    async fn complete(&self, pending: &PendingDecision) -> Result<(), anyhow::Error> {
        match pending.kind {
            DecisionKind::Approval => self.complete_approval(pending).await,
            DecisionKind::Arbitration => self.complete_arbitration(pending).await,
        }
    }

    async fn complete_arbitration(&self, pending: &PendingDecision) -> Result<(), anyhow::Error> {
        let stored = arbitrations::find(self.db.writer(), &pending.key).await?;
        if let Some(arbitration) = stored.filter(|stored| stored.state.is_pending()) {
            self.arbitration_runner.complete(&arbitration.state, pending.failed_attempts).await?;
        }
        Ok(())
    }

    async fn complete_approval(&self, pending: &PendingDecision) -> Result<(), anyhow::Error> {
        let tenant: TenantId = pending.key.owner.parse().map_err(|malformed: Malformed| anyhow::anyhow!(malformed))?;
        let query = CaseQuery::for_tenant(self.db.writer(), tenant);
        let Some(case) = query.find(CaseId(pending.key.id)).await? else { return Ok(()) };
        if let Some(approval) = case.state.pending_approval() {
            self.approval_runner.complete(&case.state, approval, pending.failed_attempts).await?;
        }
        Ok(())
    }
}
