//! The gRPC server for operators: the event streams, deadlines and business clock of all services
//! that a process hosts. The *business clock* is the clock by which deadlines are decided; it can
//! be virtual.
mod advance_clock;
mod get_clock;
mod list_deadlines;
mod list_streams;
mod retry_stream;
mod wait_until_idle;

use std::sync::Arc;

use cpor_proto::operations::v1 as wire;
use sea_orm::DbErr;
use tonic::{Request, Response, Status};

use crate::{Host, event_server::not_hosted};

/// Serves `cpor.operations.v1.OperationsService` for the hosted services.
#[derive(Clone, Debug)]
pub struct OperationsServer {
    hosts: Arc<[Host]>,
    /// Locked while a call moves the clock, so that only one call moves it at a time.
    clock_lock: Arc<tokio::sync::Mutex<()>>,
}

impl OperationsServer {
    /// Creates a server for `hosts`.
    pub fn new(hosts: impl IntoIterator<Item = Host>) -> Self {
        Self { hosts: hosts.into_iter().collect(), clock_lock: Arc::default() }
    }

    /// Returns the host of a service, given by its protobuf number.
    fn host(&self, service: i32) -> Result<&Host, Status> {
        let service = crate::wire::service_from_wire(service);
        self.hosts.iter().find(|host| Some(host.service()) == service).ok_or_else(|| not_hosted(service))
    }
}

#[tonic::async_trait]
impl wire::operations_service_server::OperationsService for OperationsServer {
    async fn list_streams(
        &self,
        request: Request<wire::ListStreamsRequest>,
    ) -> Result<Response<wire::ListStreamsResponse>, Status> {
        let (_caller, request) = cpor_rpc::request::validate(request)?;
        self.handle_list_streams(request).await.map(Response::new)
    }

    async fn retry_stream(&self, request: Request<wire::RetryStreamRequest>) -> Result<Response<wire::Stream>, Status> {
        let (_caller, request) = cpor_rpc::request::validate(request)?;
        self.handle_retry_stream(request).await.map(Response::new)
    }

    async fn list_deadlines(
        &self,
        request: Request<wire::ListDeadlinesRequest>,
    ) -> Result<Response<wire::ListDeadlinesResponse>, Status> {
        let (_caller, request) = cpor_rpc::request::validate(request)?;
        self.handle_list_deadlines(request).await.map(Response::new)
    }

    async fn get_clock(
        &self,
        request: Request<wire::GetClockRequest>,
    ) -> Result<Response<wire::BusinessClock>, Status> {
        let (_caller, wire::GetClockRequest {}) = cpor_rpc::request::validate(request)?;
        self.handle_get_clock().await.map(Response::new)
    }

    async fn advance_clock(
        &self,
        request: Request<wire::AdvanceClockRequest>,
    ) -> Result<Response<wire::AdvanceClockResponse>, Status> {
        let time_limit = advance_clock::time_limit(&request);
        let (_caller, request) = cpor_rpc::request::validate(request)?;
        self.handle_advance_clock(request, time_limit).await.map(Response::new)
    }
}

/// Converts a database error to INTERNAL. The text of the error is logged and not sent to the
/// caller.
fn internal(error: DbErr) -> Status {
    cpor_call::status::internal(&error)
}
