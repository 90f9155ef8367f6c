//! Approve and hold: the registry's answer to an approval that the case has committed to.
//!
//! The case says `Approving { decision_id }` before the registry is asked, and asking it is idempotent per decision:
//! so whoever finds such a case can complete it, after a crash, an outage, or beside somebody else who does.
use crate::{
    domain::{Approval, LineRefusal, ReviewCase},
    store::{
        self, CaseStore,
        approvals::{Pending, PendingApprovals, Work},
    },
};
use cpor_durable::{Command, Committed, Failure, Key, Writer};
use cpor_registry_client::{HoldAnswer, HoldRequest, LineToHold, RegistryError, SharedRegistry};
use cpor_types::Calendar;
use std::{convert::Infallible, sync::Arc};

/// Completes approvals.
#[derive(Clone)]
pub(crate) struct Approver {
    pub writer: Writer<CaseStore>,
    pub registry: SharedRegistry,
    pub pending: PendingApprovals,
    pub calendar: Arc<Calendar>,
}

/// Why an approval or arbitration is not complete yet. It is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfinished {
    /// The registry did not answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Its answer could not be committed.
    #[error("the registry's answer could not be committed: {0}")]
    Storage(String),
}

impl Unfinished {
    /// The database's fault.
    pub(crate) fn storage(cause: impl std::fmt::Display) -> Self {
        Self::Storage(cause.to_string())
    }
}

impl Approver {
    /// Asks the registry to hold the lines and commits its answer. A case that no longer waits for this approval
    /// stays as it is. After a failure the approval rests, by the number of failed `attempts` before; then the
    /// resumer goes on.
    pub(crate) async fn complete(
        &self,
        case: &ReviewCase,
        approval: &Approval,
        attempts: u32,
    ) -> Result<Committed<ReviewCase>, Unfinished> {
        let key = store::key(case.tenant, case.id);
        let completed = self.hold_and_settle(key.clone(), case, approval).await;
        let pending = Pending { key, work: Work::Approval, decision_id: approval.decision_id, attempts };
        self.pending.resting(completed, &pending).await
    }

    async fn hold_and_settle(
        &self,
        key: Key,
        case: &ReviewCase,
        approval: &Approval,
    ) -> Result<Committed<ReviewCase>, Unfinished> {
        let answer = self.registry.place_hold(&approval.by, request(case, approval)).await?;
        self.settle(key, approval, answer).await.map_err(Unfinished::storage)
    }

    async fn settle(
        &self,
        key: Key,
        approval: &Approval,
        answer: HoldAnswer,
    ) -> Result<Committed<ReviewCase>, Failure<Infallible, Infallible>> {
        let command = Command::new("settle_approval", key, approval.by.clone());
        let (decision, calendar) = (approval.decision_id, Arc::clone(&self.calendar));
        let refusals: Option<Vec<LineRefusal>> = match answer {
            HoldAnswer::Held => None,
            HoldAnswer::Refused(refusals) => Some(refusals.into_iter().map(refusal).collect()),
        };
        let decide = move |case: Option<&ReviewCase>, now| {
            Ok(case.and_then(|case| match &refusals {
                None => case.held(decision, now, &calendar),
                Some(refusals) => case.not_held(decision, refusals.clone(), now, &calendar),
            }))
        };
        self.writer.execute(command, decide).await
    }
}

fn request(case: &ReviewCase, approval: &Approval) -> HoldRequest {
    let snapshot = case.snapshot.clone();
    HoldRequest {
        decision_id: approval.decision_id,
        review_case: case.id,
        claim: snapshot.claim,
        mpn_id: snapshot.mpn_id,
        tenant: case.tenant,
        customer_domain: snapshot.customer_domain,
        solution_area: snapshot.solution_area,
        activities: snapshot.activities,
        lines: snapshot
            .lines
            .into_iter()
            .map(|line| LineToHold { line_id: line.id, product: line.product, key: line.key })
            .collect(),
        submit_time: snapshot.submit_time,
    }
}

fn refusal(refusal: cpor_registry_client::LineRefusal) -> LineRefusal {
    let cpor_registry_client::LineRefusal { line_id, reason, description } = refusal;
    LineRefusal { line_id, reason: reason.as_str().to_owned(), description }
}
