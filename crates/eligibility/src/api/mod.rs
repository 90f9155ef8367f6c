//! The gRPC service; each method has its file.
mod activate_program_guide;
mod call;
mod convert;
mod create_program_guide;
mod earning_filter;
mod error;
mod export_earnings;
mod get_assessment;
mod get_program_guide;
mod import_usage;
mod list_assessments;
mod list_earnings;
mod list_program_guides;
mod list_usage;
mod parse;
mod record_payout;
mod scope;
mod simulate_program_guide;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use cpor_durable::{BusinessClock, Command, Transition, Writer};
use cpor_kit::Db;
use cpor_proto::eligibility::v1::{
    ActivateProgramGuideRequest, Assessment, CreateProgramGuideRequest, ExportEarningsRequest, GetAssessmentRequest,
    GetProgramGuideRequest, ImportUsageRequest, ImportUsageResponse, ListAssessmentsRequest, ListAssessmentsResponse,
    ListEarningsRequest, ListEarningsResponse, ListProgramGuidesRequest, ListProgramGuidesResponse, ListUsageRequest,
    ListUsageResponse, ProgramGuide, RecordPayoutRequest, RecordPayoutResponse, SimulateProgramGuideRequest,
    eligibility_service_server::EligibilityService,
};
use cpor_registry_client::SharedRegistry;
use cpor_types::{Entropy, Timestamp};
use tonic::{Request, Response, Status};

use crate::{
    assessor::Assessor,
    domain::{Shelf, ShelfRefusal},
    store::{
        guides::{self, ShelfStore},
        payouts::PayoutStore,
    },
};
use error::Refusal;

/// What the methods need.
pub(crate) struct Api {
    pub(crate) db: Db,
    pub(crate) business_clock: BusinessClock,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) shelves: Writer<ShelfStore>,
    pub(crate) payouts: Writer<PayoutStore>,
    pub(crate) registry: SharedRegistry,
    pub(crate) assessor: Assessor,
}

impl Api {
    /// The guides as they stand.
    async fn shelf(&self) -> Result<Shelf, Refusal> {
        Ok(guides::load(self.db.reader()).await?)
    }

    /// The business time.
    async fn now(&self) -> Result<Timestamp, Refusal> {
        self.business_clock.now(&self.db).await.map_err(|error| Refusal::Store(error.into()))
    }

    /// Changes the shelf; answers how it stands then.
    async fn change_shelf(
        &self,
        command: Command,
        change: impl Fn(&Shelf, Timestamp) -> Result<Transition<Shelf>, ShelfRefusal> + Send + 'static,
    ) -> Result<Shelf, Refusal> {
        let shipped = guides::shipped()?;
        let decide = move |known: Option<&Shelf>, now| change(known.unwrap_or(&shipped), now).map(Some);
        let committed = self.shelves.execute(command, decide).await.map_err(call::failed)?;
        committed.state.map_or_else(|| Ok(guides::shipped()?), Ok)
    }
}

#[tonic::async_trait]
impl EligibilityService for Api {
    async fn get_assessment(&self, request: Request<GetAssessmentRequest>) -> Result<Response<Assessment>, Status> {
        get_assessment::get_assessment(self, request).await
    }

    async fn list_assessments(
        &self,
        request: Request<ListAssessmentsRequest>,
    ) -> Result<Response<ListAssessmentsResponse>, Status> {
        list_assessments::list_assessments(self, request).await
    }

    async fn get_program_guide(
        &self,
        request: Request<GetProgramGuideRequest>,
    ) -> Result<Response<ProgramGuide>, Status> {
        get_program_guide::get_program_guide(self, request).await
    }

    async fn list_program_guides(
        &self,
        request: Request<ListProgramGuidesRequest>,
    ) -> Result<Response<ListProgramGuidesResponse>, Status> {
        list_program_guides::list_program_guides(self, request).await
    }

    async fn create_program_guide(
        &self,
        request: Request<CreateProgramGuideRequest>,
    ) -> Result<Response<ProgramGuide>, Status> {
        create_program_guide::create_program_guide(self, request).await
    }

    async fn activate_program_guide(
        &self,
        request: Request<ActivateProgramGuideRequest>,
    ) -> Result<Response<ProgramGuide>, Status> {
        activate_program_guide::activate_program_guide(self, request).await
    }

    type SimulateProgramGuideStream = simulate_program_guide::Simulation;

    async fn simulate_program_guide(
        &self,
        request: Request<SimulateProgramGuideRequest>,
    ) -> Result<Response<Self::SimulateProgramGuideStream>, Status> {
        simulate_program_guide::simulate_program_guide(self, request).await
    }

    async fn import_usage(
        &self,
        request: Request<ImportUsageRequest>,
    ) -> Result<Response<ImportUsageResponse>, Status> {
        import_usage::import_usage(self, request).await
    }

    async fn list_usage(&self, request: Request<ListUsageRequest>) -> Result<Response<ListUsageResponse>, Status> {
        list_usage::list_usage(self, request).await
    }

    async fn list_earnings(
        &self,
        request: Request<ListEarningsRequest>,
    ) -> Result<Response<ListEarningsResponse>, Status> {
        list_earnings::list_earnings(self, request).await
    }

    type ExportEarningsStream = export_earnings::Export;

    async fn export_earnings(
        &self,
        request: Request<ExportEarningsRequest>,
    ) -> Result<Response<Self::ExportEarningsStream>, Status> {
        export_earnings::export_earnings(self, request).await
    }

    async fn record_payout(
        &self,
        request: Request<RecordPayoutRequest>,
    ) -> Result<Response<RecordPayoutResponse>, Status> {
        record_payout::record_payout(self, request).await
    }
}
