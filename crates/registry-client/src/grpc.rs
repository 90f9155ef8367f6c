//! The registry over gRPC.
use async_trait::async_trait;
use cpor_kit::peer::{PeerChannel, Peers};
use cpor_proto::registry::v1::registry_service_client::RegistryServiceClient;
use cpor_proto::registry::v1::{
    ArbitrateHoldsRequest, CheckClaimRequest, CheckClaimsRequest, CheckUsageAccessRequest, PlaceHoldRequest,
};
use cpor_types::{Actor, PartnerId, Service, TenantKey, Timestamp};
use tonic::{Code, Status};

use crate::{
    Arbitration, ArbitrationAnswer, CheckedClaim, ClaimToCheck, HoldAnswer, HoldRequest, Registry, RegistryError, wire,
};

/// Bytes of an answer about many claims, at most: a customer's domains stand in each.
const ANSWER: usize = 64 << 20;

/// The registry service, wherever it runs. Cheap to clone.
#[derive(Clone)]
pub struct GrpcRegistry {
    peers: Peers,
}

impl GrpcRegistry {
    /// Asks the registry over these channels. Nothing is connected yet: it may be down for now.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self { peers }
    }

    fn client(&self, actor: &Actor) -> Result<RegistryServiceClient<PeerChannel>, RegistryError> {
        let channel =
            self.peers.channel(Service::Registry, actor).map_err(|error| RegistryError::Broken(error.to_string()))?;
        Ok(RegistryServiceClient::new(channel))
    }
}

#[async_trait]
impl Registry for GrpcRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        let request = CheckClaimRequest::from(claim);
        self.client(actor)?.check_claim(request).await.map_err(failed)?.into_inner().try_into()
    }

    async fn check_claims(&self, actor: &Actor, claims: Vec<ClaimToCheck>) -> Result<Vec<CheckedClaim>, RegistryError> {
        let asked = claims.len();
        let request = CheckClaimsRequest { claims: claims.into_iter().map(CheckClaimRequest::from).collect() };
        let mut client = self.client(actor)?.max_decoding_message_size(ANSWER);
        let answers = client.check_claims(request).await.map_err(failed)?.into_inner().claims;
        if answers.len() != asked {
            return Err(RegistryError::Broken(format!("{} answers about {asked} claims", answers.len())));
        }
        answers.into_iter().map(CheckedClaim::try_from).collect()
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldAnswer, RegistryError> {
        let request = PlaceHoldRequest::from(hold);
        self.client(actor)?.place_hold(request).await.map_err(failed)?.into_inner().try_into()
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationAnswer, RegistryError> {
        let request = ArbitrateHoldsRequest::from(arbitration.clone());
        match self.client(actor)?.arbitrate_holds(request).await {
            Ok(answer) => wire::awarded(answer.into_inner()),
            Err(status) => wire::not_awarded(&arbitration, &status).ok_or_else(|| failed(status)),
        }
    }

    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        let request = CheckUsageAccessRequest { partner: format!("partners/{partner}"), key: key.to_string() };
        let answer = self.client(actor)?.check_usage_access(request).await.map_err(failed)?.into_inner();
        answer.official_time.filter(|_| answer.allowed).map(wire::moment).transpose()
    }
}

/// What passes by itself is worth another try; the rest is a fault of ours.
fn failed(status: Status) -> RegistryError {
    let text = format!("{}: {}", status.code(), status.message());
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Cancelled
        | Code::Unknown => RegistryError::Unavailable(text),
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => RegistryError::Broken(text),
    }
}
