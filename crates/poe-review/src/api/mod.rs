//! The gRPC service `cpor.reviews.v1.ReviewService`. Each method has its own file; the trait
//! implementation here only delegates to it.
mod approve_review_case;
mod arbitrate_lines;
mod assign_review_case;
mod case_command_request;
mod confirm_customer_contact;
mod create_review_note;
mod error;
mod from_proto;
mod get_arbitration;
mod get_competition;
mod get_review_case;
mod get_review_note;
mod list_review_cases;
mod list_review_notes;
mod reject_review_case;
mod release_review_case;
mod request_partner_action;
mod request_statement;
mod start_review;
mod take_review_case;
mod to_proto;
mod watch_review_cases;

use crate::{
    approval_runner::ApprovalRunner,
    arbitration_runner::ArbitrationRunner,
    domain::{CommandResult, Refusal, ReviewCase, Reviewer},
    store::{CaseStore, case_key},
};
use case_command_request::CaseCommandRequest;
use cpor_auth::Caller;
use cpor_call::status;
use cpor_database::Db;
use cpor_durable::{
    Command, CommandOutcome, Host, RequestId, Versioned, Writer,
    watch::{WatchStream, Watches},
};
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, ArbitrateLinesRequest, Arbitration, AssignReviewCaseRequest, Competition,
    ConfirmCustomerContactRequest, CreateReviewNoteRequest, GetArbitrationRequest, GetCompetitionRequest,
    GetReviewCaseRequest, GetReviewNoteRequest, ListReviewCasesRequest, ListReviewCasesResponse,
    ListReviewNotesRequest, ListReviewNotesResponse, RejectReviewCaseRequest, ReleaseReviewCaseRequest,
    RequestPartnerActionRequest, RequestStatementRequest, ReviewCase as ProtoReviewCase, ReviewNote,
    StartReviewRequest, TakeReviewCaseRequest, WatchReviewCasesRequest, WatchReviewCasesResponse,
    review_service_server::ReviewService,
};
use cpor_types::{Calendar, Entropy, Role, Timestamp};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The implementation of the gRPC service.
#[derive(Clone)]
pub(crate) struct Api {
    /// The database of the service.
    pub db: Db,
    /// Runs the background tasks, tells of commits, and records which received events are applied.
    pub host: Host,
    /// Opens the streams of WatchReviewCases (watches) and limits their number.
    pub watches: Watches,
    /// Commits the changes of review cases.
    pub writer: Writer<CaseStore>,
    /// Asks the registry to reserve the lines of an approved claim.
    pub approval_runner: ApprovalRunner,
    /// Carries out the decisions between competing claims.
    pub arbitration_runner: ArbitrationRunner,
    /// The calendar that counts the business days of review deadlines.
    pub calendar: Arc<Calendar>,
    /// The source of new ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Api {
    /// Executes a command on the case that the request names. `decide` is the decision function of
    /// the command.
    ///
    /// A command takes one transaction and one fsync. Commands that wait at the same time share
    /// them. The statements of the transaction are: begin, lock the cases, read the clock, save the
    /// cases, streams, events and deadlines, commit. A request id adds two statements, and each of
    /// the tables `case_key` and `pending_decision` adds one if the command changes it. A refused
    /// command executes four statements.
    async fn execute_command<R: CaseCommandRequest>(
        &self,
        command_name: &'static str,
        caller: &Caller,
        request: &R,
        decide: impl Fn(&ReviewCase, Timestamp) -> CommandResult + Send + 'static,
    ) -> Result<CommandOutcome<ReviewCase>, Status> {
        let name = from_proto::case_name(request.case_name())?;
        let command = Command::new(command_name, case_key(name.tenant, name.case), caller.actor.clone())
            .expect_etag(request.etag())
            .request(RequestId::from_request(caller, R::METHOD, request)?)
            .validate_only(request.validate_only());
        let result = self.writer.execute(command, move |case, now| decide(case.ok_or(Refusal::NotFound)?, now)).await;
        result.map_err(|failure| error::from_failure(request.case_name(), failure))
    }

    /// Converts the committed case. `resource` is the name of the case in the request.
    fn case_response(
        caller: &Caller,
        resource: &str,
        committed: CommandOutcome<ReviewCase>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        let case = committed.state.ok_or_else(|| status::not_found(resource))?;
        Ok(Response::new(case_for_caller(caller, &Versioned::new(committed.version, case))))
    }
}

/// Converts a case to the view of the caller, with the commands that the caller may give. Callers
/// who may give none (operators) see neither the evidence, nor the customer contact, nor the
/// statements of holders of legacy associations (recorded before claims existed), and see
/// `[redacted]` in place of the reviewer (R5).
fn case_for_caller(caller: &Caller, case: &Versioned<ReviewCase>) -> ProtoReviewCase {
    let may_give_commands = caller.has_role(Role::PoeReviewer) || caller.has_role(Role::ReviewLead);
    let role = may_give_commands.then(|| case.state.role_of(&reviewer(caller)));
    let mut message = to_proto::review_case(case, role);
    if !may_give_commands {
        message.evidence.clear();
        message.legacy_statements.clear();
        if !message.reviewer.is_empty() {
            "[redacted]".clone_into(&mut message.reviewer);
        }
    }
    message
}

/// Returns the caller as the person who gives a command.
fn reviewer(caller: &Caller) -> Reviewer {
    Reviewer { subject: caller.subject.expose().to_owned(), is_lead: caller.has_role(Role::ReviewLead) }
}

#[tonic::async_trait]
impl ReviewService for Api {
    type WatchReviewCasesStream = WatchStream<WatchReviewCasesResponse>;

    async fn get_review_case(
        &self,
        request: Request<GetReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        get_review_case::handle(self, request).await
    }

    async fn list_review_cases(
        &self,
        request: Request<ListReviewCasesRequest>,
    ) -> Result<Response<ListReviewCasesResponse>, Status> {
        list_review_cases::handle(self, request).await
    }

    async fn watch_review_cases(
        &self,
        request: Request<WatchReviewCasesRequest>,
    ) -> Result<Response<Self::WatchReviewCasesStream>, Status> {
        watch_review_cases::handle(self, request).await
    }

    async fn assign_review_case(
        &self,
        request: Request<AssignReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        assign_review_case::handle(self, request).await
    }

    async fn take_review_case(
        &self,
        request: Request<TakeReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        take_review_case::handle(self, request).await
    }

    async fn release_review_case(
        &self,
        request: Request<ReleaseReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        release_review_case::handle(self, request).await
    }

    async fn confirm_customer_contact(
        &self,
        request: Request<ConfirmCustomerContactRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        confirm_customer_contact::handle(self, request).await
    }

    async fn start_review(&self, request: Request<StartReviewRequest>) -> Result<Response<ProtoReviewCase>, Status> {
        start_review::handle(self, request).await
    }

    async fn request_partner_action(
        &self,
        request: Request<RequestPartnerActionRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        request_partner_action::handle(self, request).await
    }

    async fn request_statement(
        &self,
        request: Request<RequestStatementRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        request_statement::handle(self, request).await
    }

    async fn approve_review_case(
        &self,
        request: Request<ApproveReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        approve_review_case::handle(self, request).await
    }

    async fn reject_review_case(
        &self,
        request: Request<RejectReviewCaseRequest>,
    ) -> Result<Response<ProtoReviewCase>, Status> {
        reject_review_case::handle(self, request).await
    }

    async fn get_competition(&self, request: Request<GetCompetitionRequest>) -> Result<Response<Competition>, Status> {
        get_competition::handle(self, request).await
    }

    async fn arbitrate_lines(&self, request: Request<ArbitrateLinesRequest>) -> Result<Response<Arbitration>, Status> {
        arbitrate_lines::handle(self, request).await
    }

    async fn get_arbitration(&self, request: Request<GetArbitrationRequest>) -> Result<Response<Arbitration>, Status> {
        get_arbitration::handle(self, request).await
    }

    async fn create_review_note(
        &self,
        request: Request<CreateReviewNoteRequest>,
    ) -> Result<Response<ReviewNote>, Status> {
        create_review_note::handle(self, request).await
    }

    async fn get_review_note(&self, request: Request<GetReviewNoteRequest>) -> Result<Response<ReviewNote>, Status> {
        get_review_note::handle(self, request).await
    }

    async fn list_review_notes(
        &self,
        request: Request<ListReviewNotesRequest>,
    ) -> Result<Response<ListReviewNotesResponse>, Status> {
        list_review_notes::handle(self, request).await
    }
}
