//! The gRPC implementation of the registry client.
use std::collections::BTreeSet;

use async_trait::async_trait;
use cpor_proto::registry::v1::registry_service_client::RegistryServiceClient;
use cpor_proto::registry::v1::{
    ArbitrateHoldsRequest, CheckClaimRequest, CheckClaimsRequest, CheckUsageAccessRequest, LookupKeysRequest,
    PlaceHoldRequest,
};
use cpor_rpc::peer::{PeerChannel, Peers};
use cpor_types::{Actor, Malformed, PartnerId, Service, TenantKey, Timestamp};
use tonic::{Code, Status};

use crate::{
    Arbitration, ArbitrationOutcome, CheckedClaim, ClaimToCheck, HoldOutcome, HoldRequest, Registry, RegistryError,
    wire,
};

/// The largest size of a response of `CheckClaims` in bytes. It is large, because each result
/// repeats the domains of the tenant.
const MAX_CHECK_CLAIMS_RESPONSE: usize = 64 << 20;

/// A client that calls the registry service over gRPC. It is cheap to clone.
#[derive(Clone)]
pub struct GrpcRegistry {
    peers: Peers,
}

impl GrpcRegistry {
    /// Creates a client that uses the given channels to other services. It connects when it is
    /// first used, so the registry need not be running yet.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self { peers }
    }

    /// Returns the generated client, which sends a token for `actor`.
    fn client(&self, actor: &Actor) -> Result<RegistryServiceClient<PeerChannel>, RegistryError> {
        let channel =
            self.peers.channel(Service::Registry, actor).map_err(|error| RegistryError::Defect(error.to_string()))?;
        Ok(RegistryServiceClient::new(channel))
    }
}

#[async_trait]
impl Registry for GrpcRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        let request = CheckClaimRequest::from(claim);
        self.client(actor)?.check_claim(request).await.map_err(to_error)?.into_inner().try_into()
    }

    async fn check_claims(&self, actor: &Actor, claims: Vec<ClaimToCheck>) -> Result<Vec<CheckedClaim>, RegistryError> {
        let claim_count = claims.len();
        let request = CheckClaimsRequest { claims: claims.into_iter().map(CheckClaimRequest::from).collect() };
        let mut client = self.client(actor)?.max_decoding_message_size(MAX_CHECK_CLAIMS_RESPONSE);
        let results = client.check_claims(request).await.map_err(to_error)?.into_inner().claims;
        if results.len() != claim_count {
            let error = format!("{} results for {claim_count} claims", results.len());
            return Err(RegistryError::Defect(error));
        }
        results.into_iter().map(CheckedClaim::try_from).collect()
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError> {
        let request = PlaceHoldRequest::from(hold);
        self.client(actor)?.place_hold(request).await.map_err(to_error)?.into_inner().try_into()
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError> {
        let request = ArbitrateHoldsRequest::from(arbitration.clone());
        match self.client(actor)?.arbitrate_holds(request).await {
            Ok(response) => wire::awarded_outcome(response.into_inner()),
            Err(status) => wire::refused_outcome(&arbitration, &status).ok_or_else(|| to_error(status)),
        }
    }

    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        let request = CheckUsageAccessRequest { partner: format!("partners/{partner}"), key: key.to_string() };
        let response = self.client(actor)?.check_usage_access(request).await.map_err(to_error)?.into_inner();
        response.official_time.filter(|_| response.allowed).map(wire::parse_timestamp).transpose()
    }

    async fn unknown_keys(
        &self,
        actor: &Actor,
        keys: &BTreeSet<TenantKey>,
    ) -> Result<BTreeSet<TenantKey>, RegistryError> {
        let request = LookupKeysRequest { keys: keys.iter().map(TenantKey::to_string).collect() };
        let response = self.client(actor)?.lookup_keys(request).await.map_err(to_error)?.into_inner();
        let parsed = response.unknown_keys.iter().map(|key| key.parse());
        parsed.collect::<Result<_, Malformed>>().map_err(|error| RegistryError::Defect(error.to_string()))
    }
}

/// Converts a status to an error. If a later request can succeed, the registry counts as
/// unavailable. Every other status means that the caller or the registry has a defect.
fn to_error(status: Status) -> RegistryError {
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
        | Code::Unauthenticated => RegistryError::Defect(text),
    }
}
