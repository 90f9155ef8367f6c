//! A caller of the demo: a label, a bearer token, and gRPC clients that send the token.

use cpor_proto::{
    claims::v1::claim_service_client::ClaimServiceClient, consents::v1::consent_service_client::ConsentServiceClient,
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

/// A channel that sends the token of an actor with every call.
pub(crate) type AuthorizedChannel = InterceptedService<Channel, BearerToken>;

/// Adds the header `authorization: Bearer …`.
#[derive(Clone)]
pub(crate) struct BearerToken(MetadataValue<Ascii>);

impl Interceptor for BearerToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// A person or program that calls the API.
#[derive(Clone)]
pub(crate) struct Actor {
    /// The name of the actor in the demo's output.
    pub(crate) label: &'static str,
    channel: AuthorizedChannel,
}

impl Actor {
    /// Creates an actor with this token.
    ///
    /// # Errors
    /// Returns an error if the token is not a valid header value.
    pub(crate) fn new(label: &'static str, channel: &Channel, token: &str) -> anyhow::Result<Self> {
        let bearer = BearerToken(format!("Bearer {token}").parse()?);
        Ok(Self { label, channel: InterceptedService::new(channel.clone(), bearer) })
    }

    pub(crate) fn claims(&self) -> ClaimServiceClient<AuthorizedChannel> {
        ClaimServiceClient::new(self.channel.clone())
    }

    pub(crate) fn reviews(&self) -> ReviewServiceClient<AuthorizedChannel> {
        ReviewServiceClient::new(self.channel.clone())
    }

    /// Returns a client for notices and consents.
    pub(crate) fn consents(&self) -> ConsentServiceClient<AuthorizedChannel> {
        ConsentServiceClient::new(self.channel.clone())
    }

    /// Returns a client for usage, assessments, guides and earnings.
    pub(crate) fn eligibility(&self) -> EligibilityServiceClient<AuthorizedChannel> {
        EligibilityServiceClient::new(self.channel.clone())
    }

    /// Returns a client for partners, tenants, products and associations.
    pub(crate) fn registry(&self) -> RegistryServiceClient<AuthorizedChannel> {
        RegistryServiceClient::new(self.channel.clone())
    }

    /// Returns a client for event streams and the clock.
    pub(crate) fn operations(&self) -> OperationsServiceClient<AuthorizedChannel> {
        OperationsServiceClient::new(self.channel.clone())
    }
}
