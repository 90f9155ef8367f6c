//! Somebody who calls the API: a bearer token and the clients to act with.

use std::sync::Arc;

use cpor_proto::{
    claims::v1::claim_service_client::ClaimServiceClient, consents::v1::consent_service_client::ConsentServiceClient,
    eligibility::v1::eligibility_service_client::EligibilityServiceClient,
    operations::v1::operations_service_client::OperationsServiceClient,
    registry::v1::registry_service_client::RegistryServiceClient,
    reviews::v1::review_service_client::ReviewServiceClient,
};
use cpor_types::Service;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::Wire;

/// A channel that shows the actor's token with every call.
pub type Authorised = InterceptedService<Channel, Badge>;

/// Adds `authorization: Bearer …`, or nothing for somebody without a token.
#[derive(Clone, Debug)]
pub struct Badge(Option<MetadataValue<Ascii>>);

impl Interceptor for Badge {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

/// Somebody who calls the API.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The subject of the token.
    pub subject: String,
    badge: Badge,
    wire: Arc<Wire>,
    replica: usize,
}

impl Actor {
    /// Somebody with this token, or with none.
    #[must_use]
    pub fn new(subject: &str, token: Option<&str>, wire: Arc<Wire>) -> Self {
        let bearer = token.map(|token| format!("Bearer {token}").parse().expect("a header value"));
        Self { subject: subject.to_owned(), badge: Badge(bearer), wire, replica: 0 }
    }

    /// The same person at another replica.
    #[must_use]
    pub fn at_replica(&self, replica: usize) -> Self {
        Self { replica, ..self.clone() }
    }

    /// The channel to the process that hosts a service.
    #[must_use]
    pub fn channel(&self, service: Service) -> Authorised {
        InterceptedService::new(self.wire.channel(service, self.replica), self.badge.clone())
    }

    /// Claims.
    #[must_use]
    pub fn claims(&self) -> ClaimServiceClient<Authorised> {
        ClaimServiceClient::new(self.channel(Service::ClaimIntake))
    }

    /// Review cases.
    #[must_use]
    pub fn reviews(&self) -> ReviewServiceClient<Authorised> {
        ReviewServiceClient::new(self.channel(Service::PoeReview))
    }

    /// Consents.
    #[must_use]
    pub fn consents(&self) -> ConsentServiceClient<Authorised> {
        ConsentServiceClient::new(self.channel(Service::CustomerConsent))
    }

    /// Usage, guides and assessments.
    #[must_use]
    pub fn eligibility(&self) -> EligibilityServiceClient<Authorised> {
        EligibilityServiceClient::new(self.channel(Service::Eligibility))
    }

    /// Directory, catalog and associations.
    #[must_use]
    pub fn registry(&self) -> RegistryServiceClient<Authorised> {
        RegistryServiceClient::new(self.channel(Service::Registry))
    }

    /// Streams, deadlines and the clock of the process that hosts a service.
    #[must_use]
    pub fn operations(&self, service: Service) -> OperationsServiceClient<Authorised> {
        OperationsServiceClient::new(self.channel(service))
    }
}
