//! The example directory: two partners and three customers.

use anyhow::{Context as _, ensure};
use cpor_proto::registry::v1::{
    ImportDirectoryRequest, import_result::Outcome, registry_service_client::RegistryServiceClient,
};
use prost_reflect::{DescriptorPool, DynamicMessage};
use tonic::{Request, transport::Channel};

/// The request as a user of any gRPC client would write it.
const EXAMPLE: &str = include_str!("../../../examples/directory.json");

/// Imports it through the API, as `directory_sync` would. Doing so again changes nothing.
///
/// # Errors
/// When the registry cannot be reached, or refuses a row.
pub(crate) async fn import(channel: Channel, token: &str) -> anyhow::Result<()> {
    let mut request = Request::new(example()?);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let results = RegistryServiceClient::new(channel).import_directory(request).await?.into_inner().results;
    for result in results {
        ensure!(result.outcome() != Outcome::Refused, "{} was refused: {:?}", result.name, result.error);
    }
    Ok(())
}

fn example() -> anyhow::Result<ImportDirectoryRequest> {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET)?;
    let message =
        pool.get_message_by_name("cpor.registry.v1.ImportDirectoryRequest").context("the protos lack the import")?;
    let mut json = serde_json::Deserializer::from_str(EXAMPLE);
    let request = DynamicMessage::deserialize(message, &mut json)?;
    json.end()?;
    Ok(request.transcode_to()?)
}
