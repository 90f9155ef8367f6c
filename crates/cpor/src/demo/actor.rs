//! Somebody in the story: a name, a bearer token, and the clients to act with.

use cpor_proto::{
    claims::v1::claim_service_client::ClaimServiceClient,
    eligibility::v1::eligibility_service_client::EligibilityServiceClient,
    operations::v1::operations_service_client::OperationsServiceClient,
    registry::v1::registry_service_client::RegistryServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A channel that carries the actor's token on every call.
pub(crate) type Authorised = InterceptedService<Channel, Bearer>;

/// Adds `authorization: Bearer …`.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Actor {
    /// How the timeline calls them.
    pub(crate) label: &'static str,
    channel: Authorised,
}

impl Actor {
    /// An actor with this token.
    ///
    /// # Errors
    /// When the token is no header value.
    pub(crate) fn new(label: &'static str, channel: &Channel, token: &str) -> anyhow::Result<Self> {
        let bearer = Bearer(format!("Bearer {token}").parse()?);
        Ok(Self { label, channel: InterceptedService::new(channel.clone(), bearer) })
    }

    /// Claims.
    pub(crate) fn claims(&self) -> ClaimServiceClient<Authorised> {
        ClaimServiceClient::new(self.channel.clone())
    }

    /// Review cases.
    pub(crate) fn reviews(&self) -> ReviewServiceClient<Authorised> {
        ReviewServiceClient::new(self.channel.clone())
    }

    /// Usage and assessments.
    pub(crate) fn eligibility(&self) -> EligibilityServiceClient<Authorised> {
        EligibilityServiceClient::new(self.channel.clone())
    }

    /// Directory and associations.
    pub(crate) fn registry(&self) -> RegistryServiceClient<Authorised> {
        RegistryServiceClient::new(self.channel.clone())
    }

    /// Streams, deadlines, clock.
    pub(crate) fn operations(&self) -> OperationsServiceClient<Authorised> {
        OperationsServiceClient::new(self.channel.clone())
    }
}
