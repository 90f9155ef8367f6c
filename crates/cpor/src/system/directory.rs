//! Asks the registry over gRPC whether a partner or tenant exists. The server refuses users of
//! partners and tenants that do not exist.

use std::sync::Arc;

use async_trait::async_trait;
use cpor_proto::registry::v1::{GetPartnerRequest, GetTenantRequest, registry_service_client::RegistryServiceClient};
use cpor_rpc::{Peers, peer::PeerChannel, server::Directory};
use cpor_types::{PartnerId, Service, TenantId};
use tonic::{Code, Response, Status};

use super::Settings;

/// The directory (the registry's data about partners and tenants), which is asked over gRPC.
struct RegistryDirectory {
    peers: Peers,
}

/// Returns the directory, or `None` if the address of the registry is not configured. Only a
/// process that hosts nothing but the registry may lack the address.
pub(super) fn connect(settings: &Settings) -> anyhow::Result<Option<Arc<dyn Directory>>> {
    let peers_config = &settings.config.peers;
    let (Some(_), Some(service)) = (&peers_config.registry, settings.services.first()) else { return Ok(None) };
    let peers = Peers::new(peers_config, settings.signer(*service)?)?;
    Ok(Some(Arc::new(RegistryDirectory { peers })))
}

impl RegistryDirectory {
    fn client(&self) -> Result<RegistryServiceClient<PeerChannel>, Status> {
        Ok(RegistryServiceClient::new(self.peers.channel_as_service(Service::Registry)?))
    }
}

#[async_trait]
impl Directory for RegistryDirectory {
    async fn has_partner(&self, partner: &PartnerId) -> Result<bool, Status> {
        let request = GetPartnerRequest { name: format!("partners/{partner}") };
        was_found(self.client()?.get_partner(request).await)
    }

    async fn has_tenant(&self, tenant: TenantId) -> Result<bool, Status> {
        let request = GetTenantRequest { name: format!("tenants/{tenant}") };
        was_found(self.client()?.get_tenant(request).await)
    }
}

/// Returns whether the call found its resource.
fn was_found<T>(answer: Result<Response<T>, Status>) -> Result<bool, Status> {
    match answer {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(status),
    }
}
