//! A caller of the API: a bearer token and the clients that send it.

use std::sync::Arc;

use cpor_proto::{
    claims::v1::claim_service_client::ClaimServiceClient, consents::v1::consent_service_client::ConsentServiceClient,
    eligibility::v1::eligibility_service_client::EligibilityServiceClient,
    operations::v1::operations_service_client::OperationsServiceClient,
    registry::v1::registry_service_client::RegistryServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
};
use cpor_testing::BearerToken;
use cpor_types::Service;
use tonic::service::interceptor::InterceptedService;

use crate::{
    Connections,
    recording::{RecordedChannel, Recording},
};

/// A channel that sends the caller's token with every call, and records the call.
pub type AuthorizedChannel = InterceptedService<RecordedChannel, BearerToken>;

/// A caller of the API.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The subject of the token.
    pub subject: String,
    bearer_token: BearerToken,
    connections: Arc<Connections>,
    recording: Recording,
    /// The index of the replica that the actor calls.
    replica: usize,
    /// The name of the partner or tenant for which the actor calls.
    owner: Option<String>,
}

impl Actor {
    /// Returns a caller with this token, or without a token. The recording contains the calls.
    #[must_use]
    pub(crate) fn new(subject: &str, token: Option<&str>, connections: Arc<Connections>, recording: Recording) -> Self {
        let bearer_token = BearerToken::new(token);
        Self { subject: subject.to_owned(), bearer_token, connections, recording, replica: 0, owner: None }
    }

    /// Returns the same caller, with the name of the partner or tenant of its token.
    #[must_use]
    pub(crate) fn of_owner(self, owner: Option<&str>) -> Self {
        Self { owner: owner.map(str::to_owned), ..self }
    }

    /// Returns the same caller, connected to another replica.
    #[must_use]
    pub fn at_replica(&self, replica: usize) -> Self {
        Self { replica, ..self.clone() }
    }

    /// Returns the channel to the process that hosts a service, with the caller's token.
    #[must_use]
    pub fn channel(&self, service: Service) -> AuthorizedChannel {
        let channel = self.connections.channel(service, self.replica);
        let caller = format!("{} {}", self.owner.as_deref().unwrap_or_default(), self.subject);
        InterceptedService::new(self.recording.record(channel, &caller), self.bearer_token.clone())
    }

    /// Returns a client of the claim-intake service.
    #[must_use]
    pub fn claims(&self) -> ClaimServiceClient<AuthorizedChannel> {
        ClaimServiceClient::new(self.channel(Service::ClaimIntake))
    }

    /// Returns a client of the PoE review service.
    #[must_use]
    pub fn reviews(&self) -> ReviewServiceClient<AuthorizedChannel> {
        ReviewServiceClient::new(self.channel(Service::PoeReview))
    }

    /// Returns a client of the customer consent service.
    #[must_use]
    pub fn consents(&self) -> ConsentServiceClient<AuthorizedChannel> {
        ConsentServiceClient::new(self.channel(Service::CustomerConsent))
    }

    /// Returns a client of the eligibility service.
    #[must_use]
    pub fn eligibility(&self) -> EligibilityServiceClient<AuthorizedChannel> {
        EligibilityServiceClient::new(self.channel(Service::Eligibility))
    }

    /// Returns a client of the registry.
    #[must_use]
    pub fn registry(&self) -> RegistryServiceClient<AuthorizedChannel> {
        RegistryServiceClient::new(self.channel(Service::Registry))
    }

    /// Returns a client of the operations API of the process that hosts a service.
    #[must_use]
    pub fn operations(&self, service: Service) -> OperationsServiceClient<AuthorizedChannel> {
        OperationsServiceClient::new(self.channel(service))
    }
}
