//! Goes on with approvals and arbitrations that somebody began and did not complete: a process that died, or a registry that was away.
//! Repeats until each is settled. Replicas may all run one.
use crate::{
    approver::Approver,
    arbiter::Arbiter,
    store::{
        approvals::{Pending, Work},
        arbitrations,
        query::Cases,
    },
};
use cpor_kit::Db;
use cpor_types::{CaseId, Malformed, TenantId};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// So many calls of the registry at a time, after an outage.
const AT_A_TIME: usize = 32;

/// The loop.
#[derive(Clone)]
pub(crate) struct Resumer {
    pub db: Db,
    pub approver: Approver,
    pub arbiter: Arbiter,
    /// How often it looks.
    pub poll: Duration,
}

impl Resumer {
    /// Takes up everything first, because whoever began it may have died with the last process; then what has waited
    /// too long.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        self.go_on(self.approver.pending.take_all().await?).await;
        while stop.run_until_cancelled(tokio::time::sleep(self.poll)).await.is_some() {
            self.go_on(self.approver.pending.take_due().await?).await;
        }
        Ok(())
    }

    /// Tries to complete each of these once, some at a time.
    pub(crate) async fn go_on(&self, approvals: Vec<Pending>) {
        for some in approvals.chunks(AT_A_TIME) {
            self.try_once(some).await;
        }
    }

    async fn try_once(&self, approvals: &[Pending]) {
        let mut tries = JoinSet::new();
        for pending in approvals.iter().cloned() {
            let this = self.clone();
            tries.spawn(async move {
                if let Err(error) = this.complete(&pending).await {
                    tracing::warn!(%error, attempts = pending.attempts, "not complete yet");
                }
            });
        }
        tries.join_all().await;
    }

    async fn complete(&self, pending: &Pending) -> Result<(), anyhow::Error> {
        match pending.work {
            Work::Approval => self.complete_approval(pending).await,
            Work::Arbitration => self.complete_arbitration(pending).await,
        }
    }

    async fn complete_arbitration(&self, pending: &Pending) -> Result<(), anyhow::Error> {
        let found = arbitrations::find(self.db.writer(), &pending.key).await?;
        if let Some(arbitration) = found.filter(|found| found.state.is_pending()) {
            self.arbiter.complete(&arbitration.state, pending.attempts).await?;
        }
        Ok(())
    }

    async fn complete_approval(&self, pending: &Pending) -> Result<(), anyhow::Error> {
        let tenant: TenantId = pending.key.owner.parse().map_err(|malformed: Malformed| anyhow::anyhow!(malformed))?;
        let Some(case) = Cases::of(self.db.writer(), tenant).find(CaseId(pending.key.id)).await? else { return Ok(()) };
        if let Some(approval) = case.state.approval_under_way() {
            self.approver.complete(&case.state, approval, pending.attempts).await?;
        }
        Ok(())
    }
}
