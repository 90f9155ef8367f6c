//! The gRPC service. Each method has its own module. The module `scope` determines which data a
//! caller may see.
mod activate_program_guide;
mod convert;
mod create_payout;
mod create_program_guide;
mod error;
mod export_earnings;
mod get_assessment;
mod get_payout;
mod get_program_guide;
mod import_payouts;
mod import_usage;
mod list_assessments;
mod list_earnings;
mod list_payouts;
mod list_program_guides;
mod list_usage;
mod parse;
mod payout_writer;
mod process_payout;
mod record_payout;
mod reverse_payout;
mod scope;
mod send_payout;
mod simulate_program_guide;
mod watch_earnings;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use cpor_database::Db;
use cpor_durable::{
    Command, Host, Transition, Writer,
    watch::{WatchStream, Watches},
};
use cpor_proto::eligibility::v1::{
    ActivateProgramGuideRequest, Assessment, CreatePayoutRequest, CreateProgramGuideRequest, ExportEarningsRequest,
    GetAssessmentRequest, GetPayoutRequest, GetProgramGuideRequest, ImportPayoutsRequest, ImportPayoutsResponse,
    ImportUsageRequest, ImportUsageResponse, ListAssessmentsRequest, ListAssessmentsResponse, ListEarningsRequest,
    ListEarningsResponse, ListPayoutsRequest, ListPayoutsResponse, ListProgramGuidesRequest, ListProgramGuidesResponse,
    ListUsageRequest, ListUsageResponse, Payout, ProcessPayoutRequest, ProgramGuide, RecordPayoutRequest,
    RecordPayoutResponse, ReversePayoutRequest, SendPayoutRequest, SimulateProgramGuideRequest, WatchEarningsRequest,
    WatchEarningsResponse, eligibility_service_server::EligibilityService,
};
use cpor_registry_client::SharedRegistry;
use cpor_types::{Entropy, Timestamp};
use tonic::{Request, Response, Status};

use crate::{
    assessor::Assessor,
    domain::{GuideCatalog, GuideRefusal},
    store::{
        guide_catalog::{self, GuideCatalogStore},
        payouts::PayoutStore,
    },
};
use error::Refusal;

/// The implementation of the gRPC service, with the components that its methods use.
pub(crate) struct Api {
    pub(crate) db: Db,
    /// The runtime of the service: its clock, its background tasks and its notices of commits.
    pub(crate) host: Host,
    /// The open streams of `WatchEarnings`.
    pub(crate) watches: Watches,
    /// The source of new ids.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The task that commits commands on the catalog of program guides.
    pub(crate) guide_writer: Writer<GuideCatalogStore>,
    /// The task that commits commands on payouts.
    pub(crate) payout_writer: Writer<PayoutStore>,
    pub(crate) registry: SharedRegistry,
    pub(crate) assessor: Assessor,
}

impl Api {
    async fn guide_catalog(&self) -> Result<GuideCatalog, Refusal> {
        Ok(guide_catalog::load(self.db.reader()).await?)
    }

    /// Returns the time of the business clock, which deadlines and months use. The clock can be
    /// virtual; then its time is stored in the database.
    async fn now(&self) -> Result<Timestamp, Refusal> {
        self.host.now().await.map_err(|error| Refusal::Store(error.into()))
    }

    /// Executes a command on the guide catalog and returns the catalog after it.
    async fn change_guide_catalog(
        &self,
        command: Command,
        change: impl Fn(&GuideCatalog, Timestamp) -> Result<Transition<GuideCatalog>, GuideRefusal> + Send + 'static,
    ) -> Result<GuideCatalog, Status> {
        let shipped = guide_catalog::shipped_catalog().map_err(Refusal::Store)?;
        let initial = shipped.clone();
        let decide = move |current: Option<&GuideCatalog>, now| change(current.unwrap_or(&initial), now).map(Some);
        let committed = self.guide_writer.execute(command, decide).await.map_err(error::command_error)?;
        Ok(committed.state.unwrap_or(shipped))
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

    type SimulateProgramGuideStream = simulate_program_guide::SimulationStream;

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

    type ExportEarningsStream = export_earnings::ExportStream;

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

    type WatchEarningsStream = WatchStream<WatchEarningsResponse>;

    async fn watch_earnings(
        &self,
        request: Request<WatchEarningsRequest>,
    ) -> Result<Response<Self::WatchEarningsStream>, Status> {
        watch_earnings::watch_earnings(self, request).await
    }

    async fn create_payout(&self, request: Request<CreatePayoutRequest>) -> Result<Response<Payout>, Status> {
        create_payout::create_payout(self, request).await
    }

    async fn process_payout(&self, request: Request<ProcessPayoutRequest>) -> Result<Response<Payout>, Status> {
        process_payout::process_payout(self, request).await
    }

    async fn send_payout(&self, request: Request<SendPayoutRequest>) -> Result<Response<Payout>, Status> {
        send_payout::send_payout(self, request).await
    }

    async fn reverse_payout(&self, request: Request<ReversePayoutRequest>) -> Result<Response<Payout>, Status> {
        reverse_payout::reverse_payout(self, request).await
    }

    async fn import_payouts(
        &self,
        request: Request<ImportPayoutsRequest>,
    ) -> Result<Response<ImportPayoutsResponse>, Status> {
        import_payouts::import_payouts(self, request).await
    }

    async fn get_payout(&self, request: Request<GetPayoutRequest>) -> Result<Response<Payout>, Status> {
        get_payout::get_payout(self, request).await
    }

    async fn list_payouts(
        &self,
        request: Request<ListPayoutsRequest>,
    ) -> Result<Response<ListPayoutsResponse>, Status> {
        list_payouts::list_payouts(self, request).await
    }
}
