//! The example directory: two partners and three customers.

use anyhow::ensure;
use cpor_kit::json;
use cpor_proto::registry::v1::{
    ImportDirectoryRequest, import_result::Outcome, registry_service_client::RegistryServiceClient,
};
use tonic::{Request, transport::Channel};

/// The request as a user of any gRPC client would write it.
const EXAMPLE: &str = include_str!("../../../examples/directory.json");

/// Imports it through the API, as `directory_sync` would. Doing so again changes nothing.
///
/// # Errors
/// When the registry cannot be reached, or refuses a row.
pub(crate) async fn import(channel: Channel, token: &str) -> anyhow::Result<()> {
    let mut request = Request::new(json::parse::<ImportDirectoryRequest>(EXAMPLE)?);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let results = RegistryServiceClient::new(channel).import_directory(request).await?.into_inner().results;
    for result in results {
        ensure!(result.outcome() != Outcome::Refused, "{} was refused: {:?}", result.name, result.error);
    }
    Ok(())
}
