//! The steps of one claim from draft to approval, by calls to a process that may be killed at any
//! moment. Each step is repeated with the same request id until it is acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::Duration,
};

use cpor_acceptance::{CONTOSO, PDF, TestClaim, TestSystem};
use cpor_proto::{
    claims::v1::{
        Claim, CreateClaimRequest, EvidenceMetadata, GetClaimRequest, ResubmitClaimRequest, SubmitClaimRequest,
        UploadEvidenceRequest,
    },
    operations::v1::{AdvanceClockRequest, advance_clock_request::Target},
    reviews::v1::{ApproveReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest, TakeReviewCaseRequest},
};
use cpor_types::Service;
use tokio::sync::watch;
use tonic::{Code, Status};

use super::increment;

/// The number of steps of a workflow.
pub(crate) const STEPS: usize = 9;

/// The progress of all workflows of a round.
#[derive(Default)]
pub(crate) struct Progress {
    /// The number of approvals that were sent.
    pub(crate) approving: AtomicUsize,
    /// Notified of every change.
    pub(crate) changes: watch::Sender<()>,
    acknowledged: AtomicUsize,
    /// The acknowledged actions, by claim. The history of the claim must contain them.
    actions: Mutex<BTreeMap<String, Vec<&'static str>>>,
}

impl Progress {
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    fn acknowledge(&self, claim: &str, action: &'static str) {
        self.actions.lock().unwrap().entry(claim.to_owned()).or_default().push(action);
        increment(&self.acknowledged, &self.changes);
    }

    /// Asserts that every acknowledged action is in the history of its claim.
    pub(crate) async fn assert_recorded(&self, system: &TestSystem) {
        let actions_by_claim = self.actions.lock().unwrap().clone();
        system.wait_until_idle().await;
        for (name, actions) in actions_by_claim {
            let case = TestClaim::existing(system, &system.contoso, &Claim { name, ..Claim::default() });
            let history: Vec<_> = case.history().await.into_iter().map(|entry| entry.action).collect();
            for action in &actions {
                let acknowledged = actions.iter().filter(|other| other == &action).count();
                let recorded = history.iter().filter(|entry| entry == action).count();
                assert!(recorded >= acknowledged, "{} lost {action}: {history:?}", case.name);
            }
        }
    }
}

/// The workflow of one claim.
pub(crate) struct Workflow {
    system: Arc<TestSystem>,
    /// The number of starts of the process.
    starts: watch::Receiver<u64>,
    progress: Arc<Progress>,
    /// The prefix of the request ids.
    id: String,
    interrupted_calls: usize,
}

/// The result of a workflow.
pub(crate) struct WorkflowOutcome {
    pub(crate) claim: Claim,
    /// The number of calls that a kill interrupted.
    pub(crate) interrupted_calls: usize,
}

impl Workflow {
    pub(crate) fn new(
        system: Arc<TestSystem>,
        starts: watch::Receiver<u64>,
        progress: Arc<Progress>,
        id: String,
    ) -> Self {
        Self { system, starts, progress, id, interrupted_calls: 0 }
    }

    /// Creates, submits, reviews, resubmits and approves the claim.
    pub(crate) async fn run(mut self, draft: Claim) -> WorkflowOutcome {
        let system = self.system.clone();
        let (contoso, reviewer) = (&system.contoso, &system.reviewer);
        let request = CreateClaimRequest {
            parent: CONTOSO.into(),
            claim: Some(draft),
            request_id: self.request_id(0),
            validate_only: false,
        };
        let claim = self.repeat(async || contoso.claims().create_claim(request.clone()).await).await;
        let name = claim.name.clone();
        self.progress.acknowledge(&name, "created");

        let metadata = EvidenceMetadata {
            parent: name.clone(),
            file_name: "proof.pdf".into(),
            request_id: self.request_id(1),
            ..EvidenceMetadata::default()
        };
        let request = UploadEvidenceRequest { metadata: Some(metadata), data: PDF.to_vec() };
        self.repeat(async || contoso.claims().upload_evidence(tokio_stream::once(request.clone())).await).await;
        self.progress.acknowledge(&name, "evidence_added");

        let request =
            SubmitClaimRequest { name: name.clone(), request_id: self.request_id(2), ..SubmitClaimRequest::default() };
        self.repeat(async || contoso.claims().submit_claim(request.clone()).await).await;
        self.progress.acknowledge(&name, "submitted");
        let request = GetClaimRequest { name: name.clone() };
        let review = self.repeat(async || system.lead.claims().get_claim(request.clone()).await).await.review_case;

        let request = TakeReviewCaseRequest {
            name: review.clone(),
            request_id: self.request_id(3),
            ..TakeReviewCaseRequest::default()
        };
        self.repeat(async || reviewer.reviews().take_review_case(request.clone()).await).await;
        self.progress.acknowledge(&name, "review_assigned");
        self.start_review(&name, &review, 4).await;

        let request = RequestPartnerActionRequest {
            name: review.clone(),
            reasons: vec![1],
            comment: "Once more, please.".into(),
            request_id: self.request_id(5),
            ..RequestPartnerActionRequest::default()
        };
        self.repeat(async || reviewer.reviews().request_partner_action(request.clone()).await).await;
        self.progress.acknowledge(&name, "partner_action_requested");

        let (comment, request_id) = ("Here it is.".to_owned(), self.request_id(6));
        let request =
            ResubmitClaimRequest { name: name.clone(), comment, request_id, ..ResubmitClaimRequest::default() };
        self.repeat(async || contoso.claims().resubmit_claim(request.clone()).await).await;
        self.progress.acknowledge(&name, "resubmitted");
        self.start_review(&name, &review, 7).await;

        let request = ApproveReviewCaseRequest {
            name: review,
            request_id: self.request_id(8),
            ..ApproveReviewCaseRequest::default()
        };
        increment(&self.progress.approving, &self.progress.changes);
        self.repeat(async || reviewer.reviews().approve_review_case(request.clone()).await).await;
        self.progress.acknowledge(&name, "review_approved");
        WorkflowOutcome { claim, interrupted_calls: self.interrupted_calls }
    }

    async fn start_review(&mut self, claim: &str, review: &str, step: usize) {
        let reviewer = self.system.reviewer.clone();
        let request = StartReviewRequest {
            name: review.to_owned(),
            request_id: self.request_id(step),
            ..StartReviewRequest::default()
        };
        self.repeat(async || reviewer.reviews().start_review(request.clone()).await).await;
        self.progress.acknowledge(claim, "review_started");
    }

    fn request_id(&self, step: usize) -> String {
        format!("{}-{step}", self.id)
    }

    /// Repeats a call until it is acknowledged. A call can fail because the process was killed, or
    /// because an event between the services has not arrived yet.
    async fn repeat<T>(&mut self, attempt: impl AsyncFn() -> Result<tonic::Response<T>, Status>) -> T {
        loop {
            let start = *self.starts.borrow_and_update();
            let status = match attempt().await {
                Ok(response) => return response.into_inner(),
                Err(status) => status,
            };
            match status.code() {
                // The event that makes the call possible has not arrived yet.
                Code::NotFound | Code::FailedPrecondition => self.wait_until_idle(start).await,
                // The claim was changed concurrently, or the call took too long. Both are retried.
                Code::Aborted | Code::DeadlineExceeded => {}
                Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => {
                    self.wait_for_restart(start, &status).await
                }
                _ => panic!("{}: {status:?}", self.id),
            }
        }
    }

    async fn wait_until_idle(&mut self, start: u64) {
        let mut operations = self.system.operator.operations(Service::ClaimIntake);
        let request = AdvanceClockRequest { target: Some(Target::BySeconds(0)), ..Default::default() };
        match operations.advance_clock(request).await {
            Ok(_) => {}
            // Work that a killed process had leased waits until the lease ends.
            Err(status) if status.code() == Code::DeadlineExceeded => {}
            Err(status) => self.wait_for_restart(start, &status).await,
        }
    }

    /// Waits until the process was started again after the start with this number.
    async fn wait_for_restart(&mut self, start: u64, status: &Status) {
        self.interrupted_calls += 1;
        let restart = self.starts.wait_for(|starts| *starts > start);
        let result = tokio::time::timeout(Duration::from_secs(60), restart).await;
        assert!(result.is_ok_and(|restart| restart.is_ok()), "{} failed without a kill: {status:?}", self.id);
    }
}

/// Asserts that every step of the workflow took effect once.
pub(crate) async fn assert_each_step_once(case: &TestClaim<'_>) {
    let history: Vec<_> = case.history().await.into_iter().map(|entry| entry.action).collect();
    let expected = [
        ("created", 1),
        ("evidence_added", 1),
        ("submitted", 1),
        ("review_assigned", 1),
        ("review_started", 2),
        ("partner_action_requested", 1),
        ("resubmitted", 1),
        ("review_approved", 1),
        ("notice_reported", 2),
        ("consent_window_opened", 1),
        ("consent_window_passed", 1),
        ("association_granted", 1),
        ("association_official", 1),
    ];
    for (action, times) in expected {
        assert_eq!(
            history.iter().filter(|entry| *entry == action).count(),
            times,
            "{action} of {}: {history:?}",
            case.name
        );
    }
    assert!(history.iter().any(|entry| entry == "assessed"), "{history:?}");
    assert_eq!(case.associations().await.len(), 1);
    assert_eq!(case.evidence().await.len(), 1);
}
