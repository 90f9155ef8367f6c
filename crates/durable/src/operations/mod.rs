//! The process's server for operators: streams, deadlines and the clock of all services that it hosts.
mod advance_clock;
mod get_clock;
mod list_deadlines;
mod list_streams;
mod retry_stream;
mod settle;

use std::sync::Arc;

use cpor_proto::operations::v1 as wire;
use sea_orm::DbErr;
use tonic::{Request, Response, Status};

use crate::{Host, event_server::not_hosted};

/// Serves `cpor.operations.v1.OperationsService` for these hosts.
#[derive(Clone, Debug)]
pub struct OperationsServer {
    hosts: Arc<[Host]>,
    /// One operator moves the clock at a time.
    moving: Arc<tokio::sync::Mutex<()>>,
}

impl OperationsServer {
    /// A server for `hosts`.
    pub fn new(hosts: impl IntoIterator<Item = Host>) -> Self {
        Self { hosts: hosts.into_iter().collect(), moving: Arc::default() }
    }

    /// The host of the service with this number on the wire.
    fn host(&self, service: i32) -> Result<&Host, Status> {
        let service = crate::wire::service_from(service);
        self.hosts.iter().find(|host| Some(host.service()) == service).ok_or_else(|| not_hosted(service))
    }
}

#[tonic::async_trait]
impl wire::operations_service_server::OperationsService for OperationsServer {
    async fn list_streams(
        &self,
        request: Request<wire::ListStreamsRequest>,
    ) -> Result<Response<wire::ListStreamsResponse>, Status> {
        let (_caller, request) = cpor_kit::request::open(request)?;
        self.streams(request).await.map(Response::new)
    }

    async fn retry_stream(&self, request: Request<wire::RetryStreamRequest>) -> Result<Response<wire::Stream>, Status> {
        let (_caller, request) = cpor_kit::request::open(request)?;
        self.retry(&request.name).await.map(Response::new)
    }

    async fn list_deadlines(
        &self,
        request: Request<wire::ListDeadlinesRequest>,
    ) -> Result<Response<wire::ListDeadlinesResponse>, Status> {
        let (_caller, request) = cpor_kit::request::open(request)?;
        self.deadlines(request).await.map(Response::new)
    }

    async fn get_clock(
        &self,
        request: Request<wire::GetClockRequest>,
    ) -> Result<Response<wire::BusinessClock>, Status> {
        let (_caller, wire::GetClockRequest {}) = cpor_kit::request::open(request)?;
        self.clock().await.map(Response::new)
    }

    async fn advance_clock(
        &self,
        request: Request<wire::AdvanceClockRequest>,
    ) -> Result<Response<wire::AdvanceClockResponse>, Status> {
        let within = advance_clock::time_allowed(&request);
        let (_caller, request) = cpor_kit::request::open(request)?;
        self.advance(request, within).await.map(Response::new)
    }
}

/// The database's trouble is not the operator's fault, and its text is for the log.
fn internal(error: DbErr) -> Status {
    cpor_kit::status::internal(&error)
}
