//! The transport that sends a delivery of events to the service that it is addressed to.
use cpor_proto::events::v1::{DeliverEventsRequest, DeliverEventsResponse, event_service_client::EventServiceClient};
use cpor_rpc::Peers;
use tonic::Code;

/// The reason why a delivery as a whole failed. Failures of single streams are part of the
/// response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The receiver was not reached or reported a temporary failure. Some of the events may have
    /// been applied.
    #[error("{0}")]
    Unreachable(String),
    /// The receiver cannot read the request. Sending the same request again would fail again.
    #[error("{0}")]
    Unreadable(String),
}

/// Delivers events to other services. Tests implement it to simulate a network.
#[async_trait::async_trait]
pub trait EventTransport: Send + Sync {
    /// Sends the request to its destination and returns the response.
    ///
    /// # Errors
    /// Returns a [`DeliveryError`] if the delivery as a whole failed.
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError>;
}

/// Delivers events by gRPC.
#[derive(Clone)]
pub struct GrpcEventTransport {
    peers: Peers,
}

impl GrpcEventTransport {
    /// Creates a transport that uses the channels of `peers`.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self { peers }
    }
}

#[async_trait::async_trait]
impl EventTransport for GrpcEventTransport {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, DeliveryError> {
        let destination = crate::wire::service_from_wire(request.destination)
            .ok_or_else(|| DeliveryError::Unreadable("destination: must be a known service".to_owned()))?;
        let channel = self
            .peers
            .channel_as_service(destination)
            .map_err(|error| DeliveryError::Unreachable(error.to_string()))?;
        match EventServiceClient::new(channel).deliver_events(request).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => {
                let reason = format!("{:?}: {}", status.code(), status.message());
                let is_unreadable = status.code() == Code::InvalidArgument;
                Err(if is_unreadable { DeliveryError::Unreadable(reason) } else { DeliveryError::Unreachable(reason) })
            }
        }
    }
}
