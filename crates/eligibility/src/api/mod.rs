//! The gRPC service; each method has its file.
mod convert;
mod error;
mod get_assessment;
mod get_program_guide;
mod import_usage;
mod list_assessments;
mod list_program_guides;
mod list_usage;
mod paging;
mod scope;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use cpor_durable::BusinessClock;
use cpor_kit::Db;
use cpor_proto::eligibility::v1::{
    Assessment, GetAssessmentRequest, GetProgramGuideRequest, ImportUsageRequest, ImportUsageResponse,
    ListAssessmentsRequest, ListAssessmentsResponse, ListProgramGuidesRequest, ListProgramGuidesResponse,
    ListUsageRequest, ListUsageResponse, ProgramGuide, eligibility_service_server::EligibilityService,
};
use cpor_registry_client::SharedRegistry;
use tonic::{Request, Response, Status};

use crate::{assessor::Assessor, domain::Guides};

/// What the methods need.
pub(crate) struct Api {
    pub(crate) db: Db,
    pub(crate) business_clock: BusinessClock,
    pub(crate) guides: Arc<Guides>,
    pub(crate) registry: SharedRegistry,
    pub(crate) assessor: Assessor,
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
        get_program_guide::get_program_guide(self, request)
    }

    async fn list_program_guides(
        &self,
        request: Request<ListProgramGuidesRequest>,
    ) -> Result<Response<ListProgramGuidesResponse>, Status> {
        list_program_guides::list_program_guides(self, request)
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
}
