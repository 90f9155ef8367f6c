//! How a delivery reaches the service it is for.
use cpor_kit::Peers;
use cpor_proto::events::v1::{DeliverEventsRequest, DeliverEventsResponse, event_service_client::EventServiceClient};
use tonic::Code;

/// Why a delivery was not answered stream by stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The receiver was not reached or was not able to: try again later. What was applied is not known.
    #[error("{0}")]
    Unreachable(String),
    /// The receiver cannot read the request, so sending it again is of no use.
    #[error("{0}")]
    Unreadable(String),
}

/// The way to other services; a fake in tests.
#[async_trait::async_trait]
pub trait Courier: Send + Sync {
    /// Brings the request to its destination and its answer back.
    ///
    /// # Errors
    /// See [`Undelivered`].
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, Undelivered>;
}

/// Delivery by gRPC.
#[derive(Clone)]
pub struct PeerCourier {
    peers: Peers,
}

impl PeerCourier {
    /// A courier by these channels.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self { peers }
    }
}

#[async_trait::async_trait]
impl Courier for PeerCourier {
    async fn deliver(&self, request: DeliverEventsRequest) -> Result<DeliverEventsResponse, Undelivered> {
        let destination = crate::wire::service_from(request.destination)
            .ok_or_else(|| Undelivered::Unreadable("the destination is not a service".to_owned()))?;
        let channel =
            self.peers.channel_as_service(destination).map_err(|error| Undelivered::Unreachable(error.to_string()))?;
        match EventServiceClient::new(channel).deliver_events(request).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => {
                let why = format!("{:?}: {}", status.code(), status.message());
                let unreadable = status.code() == Code::InvalidArgument;
                Err(if unreadable { Undelivered::Unreadable(why) } else { Undelivered::Unreachable(why) })
            }
        }
    }
}
