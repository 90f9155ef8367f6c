//! `cpor.reviews.v1.ReviewService`. One file per method; this one only delegates.
mod approve_review_case;
mod arbitrate_lines;
mod assign_review_case;
mod convert;
mod create_review_note;
mod error;
mod get_competition;
mod get_review_case;
mod list_review_cases;
mod list_review_notes;
mod reject_review_case;
mod release_review_case;
mod request;
mod request_partner_action;
mod start_review;
mod take_review_case;

use crate::{
    approver::Approver,
    arbiter::Arbiter,
    domain::{Decision, Refusal, ReviewCase, Reviewer},
    store::{self, CaseStore},
};
use cpor_durable::{Command, Committed, Versioned, Writer};
use cpor_kit::{auth::Caller, db::Db};
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, ArbitrateLinesRequest, Arbitration, AssignReviewCaseRequest, Competition,
    CreateReviewNoteRequest, GetCompetitionRequest, GetReviewCaseRequest, ListReviewCasesRequest,
    ListReviewCasesResponse, ListReviewNotesRequest, ListReviewNotesResponse, RejectReviewCaseRequest,
    ReleaseReviewCaseRequest, RequestPartnerActionRequest, ReviewCase as WireCase, ReviewNote, StartReviewRequest,
    TakeReviewCaseRequest, review_service_server::ReviewService,
};
use cpor_types::{Calendar, Entropy, Role, Timestamp};
use request::CaseRequest;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The service.
#[derive(Clone)]
pub(crate) struct Api {
    pub db: Db,
    pub writer: Writer<CaseStore>,
    pub approver: Approver,
    pub arbiter: Arbiter,
    pub calendar: Arc<Calendar>,
    pub entropy: Arc<dyn Entropy>,
}

impl Api {
    /// Gives a command to the case that the request names.
    ///
    /// One transaction and one fsync, shared with whatever else waits. Its round trips: begin, lock the cases, read the
    /// clock, save the cases, streams, events, deadlines, commit; two more when a request id is given; one more for
    /// each of the tables `case_key` and `pending_approval` that the command touches. A refusal costs four.
    async fn give<R: CaseRequest>(
        &self,
        name: &'static str,
        caller: &Caller,
        request: &R,
        decide: impl Fn(&ReviewCase, Timestamp) -> Decision + Send + 'static,
    ) -> Result<Committed<ReviewCase>, Status> {
        let case = convert::case_name(request.case())?;
        let command = Command::new(name, store::key(case.tenant, case.case), caller.actor.clone())
            .expecting(convert::expected_version(request.etag())?)
            .request(request.request_id(caller));
        let decided = self.writer.execute(command, move |case, now| decide(case.ok_or(Refusal::NotFound)?, now)).await;
        decided.map_err(error::failed)
    }

    fn answer(caller: &Caller, committed: Committed<ReviewCase>) -> Result<Response<WireCase>, Status> {
        let case = committed.state.ok_or_else(error::not_found)?;
        Ok(Response::new(seen_by(caller, &Versioned::new(committed.version, case))))
    }
}

/// A case with what this caller can do to it. Operators, who can do nothing, do not learn who does and see no
/// evidence (R5).
fn seen_by(caller: &Caller, case: &Versioned<ReviewCase>) -> WireCase {
    let gives_commands = caller.has(Role::PoeReviewer) || caller.has(Role::ReviewLead);
    let mut seen = convert::case(case, gives_commands.then(|| case.state.standing(&reviewer(caller))));
    if !gives_commands {
        seen.evidence.clear();
        if !seen.reviewer.is_empty() {
            "[redacted]".clone_into(&mut seen.reviewer);
        }
    }
    seen
}

/// The person behind a request.
fn reviewer(caller: &Caller) -> Reviewer {
    Reviewer { subject: caller.subject.clone(), lead: caller.has(Role::ReviewLead) }
}

#[tonic::async_trait]
impl ReviewService for Api {
    async fn get_review_case(&self, request: Request<GetReviewCaseRequest>) -> Result<Response<WireCase>, Status> {
        get_review_case::handle(self, request).await
    }

    async fn list_review_cases(
        &self,
        request: Request<ListReviewCasesRequest>,
    ) -> Result<Response<ListReviewCasesResponse>, Status> {
        list_review_cases::handle(self, request).await
    }

    async fn assign_review_case(
        &self,
        request: Request<AssignReviewCaseRequest>,
    ) -> Result<Response<WireCase>, Status> {
        assign_review_case::handle(self, request).await
    }

    async fn take_review_case(&self, request: Request<TakeReviewCaseRequest>) -> Result<Response<WireCase>, Status> {
        take_review_case::handle(self, request).await
    }

    async fn release_review_case(
        &self,
        request: Request<ReleaseReviewCaseRequest>,
    ) -> Result<Response<WireCase>, Status> {
        release_review_case::handle(self, request).await
    }

    async fn start_review(&self, request: Request<StartReviewRequest>) -> Result<Response<WireCase>, Status> {
        start_review::handle(self, request).await
    }

    async fn request_partner_action(
        &self,
        request: Request<RequestPartnerActionRequest>,
    ) -> Result<Response<WireCase>, Status> {
        request_partner_action::handle(self, request).await
    }

    async fn approve_review_case(
        &self,
        request: Request<ApproveReviewCaseRequest>,
    ) -> Result<Response<WireCase>, Status> {
        approve_review_case::handle(self, request).await
    }

    async fn reject_review_case(
        &self,
        request: Request<RejectReviewCaseRequest>,
    ) -> Result<Response<WireCase>, Status> {
        reject_review_case::handle(self, request).await
    }

    async fn get_competition(&self, request: Request<GetCompetitionRequest>) -> Result<Response<Competition>, Status> {
        get_competition::handle(self, request).await
    }

    async fn arbitrate_lines(&self, request: Request<ArbitrateLinesRequest>) -> Result<Response<Arbitration>, Status> {
        arbitrate_lines::handle(self, request).await
    }

    async fn create_review_note(
        &self,
        request: Request<CreateReviewNoteRequest>,
    ) -> Result<Response<ReviewNote>, Status> {
        create_review_note::handle(self, request).await
    }

    async fn list_review_notes(
        &self,
        request: Request<ListReviewNotesRequest>,
    ) -> Result<Response<ListReviewNotesResponse>, Status> {
        list_review_notes::handle(self, request).await
    }
}
