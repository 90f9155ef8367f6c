//! Completes approvals: asks the registry to hold the lines of the claim, and commits the
//! registry's answer to the review case. A line is the part of the claim that is about one workload
//! or subscription (its key). A hold reserves this key for the claim's partner (R23).
//!
//! The case is committed in the state `Approving` with a decision id before the registry is asked,
//! and the registry gives one answer per decision id. So an approval can be completed again at any
//! time: after a crash, after an outage, or by two replicas at once.
use crate::{
    domain::{Approval, LineRefusal, ReviewCase},
    error::IncompleteDecision,
    store::{
        CaseStore, case_key,
        competition_checks::OutdatedCheck,
        pending_decisions::{DecisionKind, PendingDecision, PendingDecisions},
    },
};
use cpor_durable::{AggregateKey, Command, CommandError, CommandOutcome, Writer};
use cpor_registry_client::{HoldOutcome, HoldRequest, LineToHold, SharedRegistry};
use cpor_types::Calendar;
use std::{convert::Infallible, sync::Arc};

/// Completes approvals of review cases.
#[derive(Clone)]
pub(crate) struct ApprovalRunner {
    /// Commits changes of review cases.
    pub writer: Writer<CaseStore>,
    /// The client of the registry.
    pub registry: SharedRegistry,
    /// Postpones an approval after a failure.
    pub pending_decisions: PendingDecisions,
    /// The calendar that counts the business days of review deadlines.
    pub calendar: Arc<Calendar>,
}

impl ApprovalRunner {
    /// Asks the registry to hold the lines, and commits the registry's answer. A case that no
    /// longer waits for this approval does not change.
    ///
    /// After a failure, the approval is postponed by a delay that grows with `failed_attempts`, the
    /// number of failures so far. Then
    /// [`ApprovalRecovery`](crate::approval_recovery::ApprovalRecovery) retries it.
    pub(crate) async fn complete(
        &self,
        case: &ReviewCase,
        approval: &Approval,
        failed_attempts: u32,
    ) -> Result<CommandOutcome<ReviewCase>, IncompleteDecision> {
        let key = case_key(case.tenant, case.id);
        let result = self.hold_lines(key.clone(), case, approval).await;
        let decision_id = approval.decision_id;
        let pending = PendingDecision { key, kind: DecisionKind::Approval, decision_id, failed_attempts };
        self.pending_decisions.postpone_on_failure(result, &pending).await
    }

    async fn hold_lines(
        &self,
        key: AggregateKey,
        case: &ReviewCase,
        approval: &Approval,
    ) -> Result<CommandOutcome<ReviewCase>, IncompleteDecision> {
        let answer = self.registry.place_hold(&approval.actor, hold_request(case, approval)).await?;
        self.commit_answer(key, approval, answer).await.map_err(IncompleteDecision::storage)
    }

    async fn commit_answer(
        &self,
        key: AggregateKey,
        approval: &Approval,
        answer: HoldOutcome,
    ) -> Result<CommandOutcome<ReviewCase>, CommandError<Infallible, OutdatedCheck>> {
        let command = Command::new("complete_approval", key, approval.actor.clone());
        let (decision_id, calendar) = (approval.decision_id, Arc::clone(&self.calendar));
        let refusals: Option<Vec<LineRefusal>> = match answer {
            HoldOutcome::Held => None,
            HoldOutcome::Refused(refusals) => Some(refusals.into_iter().map(line_refusal).collect()),
        };
        let decide = move |case: Option<&ReviewCase>, now| {
            Ok(case.and_then(|case| match &refusals {
                None => case.complete_approval(decision_id, now, &calendar),
                Some(refusals) => case.cancel_approval(decision_id, refusals.clone(), now, &calendar),
            }))
        };
        self.writer.execute(command, decide).await
    }
}

fn hold_request(case: &ReviewCase, approval: &Approval) -> HoldRequest {
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
        revenue_association_exclusive: case.competition_terms.revenue_association_exclusive,
    }
}

fn line_refusal(refusal: cpor_registry_client::LineRefusal) -> LineRefusal {
    let cpor_registry_client::LineRefusal { line_id, reason, description } = refusal;
    LineRefusal { line_id, reason: reason.as_str().to_owned(), description }
}
