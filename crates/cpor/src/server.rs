//! A server that a command is a client of.

use std::path::PathBuf;

use anyhow::Context as _;
use cpor_kit::server;
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

/// Which server, and as whom.
#[derive(clap::Args)]
pub struct Server {
    /// The claim-intake service.
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    server: String,
    /// The authorities that vouch for an `https` server, PEM.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// A bearer token, as `cpor token` prints it.
    #[arg(long, env = "CPOR_TOKEN", hide_env_values = true)]
    token: String,
}

/// A connection to it.
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    token: MetadataValue<Ascii>,
}

impl Server {
    /// # Errors
    /// When the address or the token is none, or the server does not answer.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let mut endpoint = Endpoint::from_shared(self.server.clone()).context("--server is no address")?;
        if let Some(path) = &self.ca {
            server::install_crypto_provider();
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?;
        }
        let channel = endpoint.connect().await.with_context(|| format!("{} does not answer", self.server))?;
        Ok(Connection { channel, token: format!("Bearer {}", self.token).parse().context("--token is no token")? })
    }
}

impl Connection {
    /// The message with the caller's token.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

/// What a server said, for people.
pub(crate) fn told(refused: &tonic::Status) -> anyhow::Error {
    let reason = cpor_kit::status::reason(refused).unwrap_or_default();
    let violations = cpor_kit::status::field_violations(refused).into_iter();
    let fields = violations.filter(|found| !refused.message().contains(&found.description));
    let fields: String = fields.map(|found| format!("; {}: {}", found.field, found.description)).collect();
    anyhow::anyhow!("the server refuses ({:?} {reason}): {}{fields}", refused.code(), refused.message())
}
