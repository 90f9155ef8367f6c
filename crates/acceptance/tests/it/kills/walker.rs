//! A claim's walk through a process that may die at any moment: each step is repeated under its request id until it is acknowledged.

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
    reviews::v1::{ApproveReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest, TakeReviewCaseRequest},
};
use tokio::sync::watch;
use tonic::{Code, Status};

use super::count;

/// Steps of one walk.
pub(crate) const STEPS: usize = 9;

/// What all walks of a round have come to.
#[derive(Default)]
pub(crate) struct Progress {
    /// Approvals that were sent.
    pub(crate) approving: AtomicUsize,
    /// Told of every change.
    pub(crate) changes: watch::Sender<()>,
    acknowledged: AtomicUsize,
    /// The actions that each claim's history must have, by claim.
    owed: Mutex<BTreeMap<String, Vec<&'static str>>>,
}

impl Progress {
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    fn acknowledge(&self, claim: &str, action: &'static str) {
        self.owed.lock().unwrap().entry(claim.to_owned()).or_default().push(action);
        count(&self.acknowledged, &self.changes);
    }

    /// Every acknowledged step is in the history of its claim.
    pub(crate) async fn check(&self, system: &TestSystem) {
        let owed = self.owed.lock().unwrap().clone();
        system.wait_until_idle().await;
        for (name, actions) in owed {
            let case = TestClaim::existing(system, &system.contoso, &Claim { name, ..Claim::default() });
            let history: Vec<_> = case.history().await.into_iter().map(|entry| entry.action).collect();
            for action in &actions {
                let acknowledged = actions.iter().filter(|known| known == &action).count();
                let found = history.iter().filter(|entry| entry == action).count();
                assert!(found >= acknowledged, "{} lost {action}: {history:?}", case.name);
            }
        }
    }
}

/// One walk.
pub(crate) struct Walker {
    system: Arc<TestSystem>,
    started: watch::Receiver<u64>,
    progress: Arc<Progress>,
    id: String,
    interrupted: usize,
}

/// A walk that came to its end.
pub(crate) struct Walked {
    pub(crate) claim: Claim,
    /// Calls that were cut off.
    pub(crate) interrupted: usize,
}

impl Walker {
    pub(crate) fn new(
        system: Arc<TestSystem>,
        started: watch::Receiver<u64>,
        progress: Arc<Progress>,
        id: String,
    ) -> Self {
        Self { system, started, progress, id, interrupted: 0 }
    }

    /// From draft to approved, sent back once.
    pub(crate) async fn walk(mut self, draft: Claim) -> Walked {
        let system = self.system.clone();
        let (contoso, reviewer) = (&system.contoso, &system.reviewer);
        let request = CreateClaimRequest {
            parent: CONTOSO.into(),
            claim: Some(draft),
            request_id: self.request(0),
            validate_only: false,
        };
        let claim = self.persist(async || contoso.claims().create_claim(request.clone()).await).await;
        let name = claim.name.clone();
        self.progress.acknowledge(&name, "created");

        let metadata = EvidenceMetadata {
            parent: name.clone(),
            file_name: "proof.pdf".into(),
            request_id: self.request(1),
            ..EvidenceMetadata::default()
        };
        let request = UploadEvidenceRequest { metadata: Some(metadata), data: PDF.to_vec() };
        self.persist(async || contoso.claims().upload_evidence(tokio_stream::once(request.clone())).await).await;
        self.progress.acknowledge(&name, "evidence_added");

        let request =
            SubmitClaimRequest { name: name.clone(), request_id: self.request(2), ..SubmitClaimRequest::default() };
        self.persist(async || contoso.claims().submit_claim(request.clone()).await).await;
        self.progress.acknowledge(&name, "submitted");
        let request = GetClaimRequest { name: name.clone() };
        let case = self.persist(async || system.lead.claims().get_claim(request.clone()).await).await.review_case;

        let request = TakeReviewCaseRequest {
            name: case.clone(),
            request_id: self.request(3),
            ..TakeReviewCaseRequest::default()
        };
        self.persist(async || reviewer.reviews().take_review_case(request.clone()).await).await;
        self.progress.acknowledge(&name, "review_assigned");
        self.start_review(&name, &case, 4).await;

        let request = RequestPartnerActionRequest {
            name: case.clone(),
            reasons: vec![1],
            comment: "Once more, please.".into(),
            request_id: self.request(5),
            ..RequestPartnerActionRequest::default()
        };
        self.persist(async || reviewer.reviews().request_partner_action(request.clone()).await).await;
        self.progress.acknowledge(&name, "partner_action_requested");

        let (comment, request_id) = ("Here it is.".to_owned(), self.request(6));
        let request =
            ResubmitClaimRequest { name: name.clone(), comment, request_id, ..ResubmitClaimRequest::default() };
        self.persist(async || contoso.claims().resubmit_claim(request.clone()).await).await;
        self.progress.acknowledge(&name, "resubmitted");
        self.start_review(&name, &case, 7).await;

        let request =
            ApproveReviewCaseRequest { name: case, request_id: self.request(8), ..ApproveReviewCaseRequest::default() };
        count(&self.progress.approving, &self.progress.changes);
        self.persist(async || reviewer.reviews().approve_review_case(request.clone()).await).await;
        self.progress.acknowledge(&name, "review_approved");
        Walked { claim, interrupted: self.interrupted }
    }

    async fn start_review(&mut self, claim: &str, case: &str, step: usize) {
        let reviewer = self.system.reviewer.clone();
        let request = StartReviewRequest {
            name: case.to_owned(),
            request_id: self.request(step),
            ..StartReviewRequest::default()
        };
        self.persist(async || reviewer.reviews().start_review(request.clone()).await).await;
        self.progress.acknowledge(claim, "review_started");
    }

    fn request(&self, step: usize) -> String {
        format!("{}-{step}", self.id)
    }

    /// Repeats a call until it is acknowledged: over a process that died, and until the services have heard of each other.
    async fn persist<T>(&mut self, attempt: impl AsyncFn() -> Result<tonic::Response<T>, Status>) -> T {
        loop {
            let life = *self.started.borrow_and_update();
            let status = match attempt().await {
                Ok(answer) => return answer.into_inner(),
                Err(status) => status,
            };
            match status.code() {
                // The fact that leads there is still on its way between the services.
                Code::NotFound | Code::FailedPrecondition => self.let_settle(life).await,
                // It changed while it was judged, or took too long, as the contract warns: again.
                Code::Aborted | Code::DeadlineExceeded => {}
                Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => {
                    self.next_life(life, &status).await
                }
                _ => panic!("{}: {status:?}", self.id),
            }
        }
    }

    async fn let_settle(&mut self, life: u64) {
        use cpor_proto::operations::v1::{AdvanceClockRequest, advance_clock_request::Target};
        let mut operations = self.system.operator.operations(cpor_types::Service::ClaimIntake);
        let settled = operations.advance_clock(AdvanceClockRequest { target: Some(Target::BySeconds(0)) }).await;
        match settled {
            Ok(_) => {}
            // Others settle too, one after the other, and what a killed process had leased rests until its lease is over.
            Err(status) if status.code() == Code::DeadlineExceeded => {}
            Err(status) => self.next_life(life, &status).await,
        }
    }

    /// Waits for the process that comes after `life`.
    async fn next_life(&mut self, life: u64, status: &Status) {
        self.interrupted += 1;
        let next = self.started.wait_for(|started| *started > life);
        let waited = tokio::time::timeout(Duration::from_secs(60), next).await;
        assert!(waited.is_ok_and(|next| next.is_ok()), "{} failed, and nobody was killed: {status:?}", self.id);
    }
}

/// Every step of the walk has had its effect once.
pub(crate) async fn once_each(case: &TestClaim<'_>) {
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
        ("notice_settled", 2),
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
