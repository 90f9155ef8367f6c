//! The connection of a command, such as `cpor import`, to a running server.

use std::path::PathBuf;

use anyhow::Context as _;
use cpor_rpc::server;
use tonic::{
    Request,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

/// The environment variable with the caller's token.
pub(crate) const TOKEN_VARIABLE: &str = "CPOR_TOKEN";

/// Arguments of commands that call a server: its address and the caller's token.
#[derive(clap::Args)]
pub struct ServerArgs {
    /// URL of the claim-intake service.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    server: String,
    /// File with the CA certificates (PEM) by which an `https` server is verified.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// File with the bearer token of the caller, as `cpor token` prints it. By default the token is
    /// read from the variable CPOR_TOKEN. Others could see a token among the arguments.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A channel to the server, with the caller's token.
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    token: MetadataValue<Ascii>,
}

impl ServerArgs {
    /// Connects to the server.
    ///
    /// # Errors
    /// Returns an error if there is no token, if the address, the token or the certificate file is
    /// invalid, or if the server cannot be reached.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let token = self.read_token()?;
        let mut endpoint = Endpoint::from_shared(self.server.clone()).context("--server: must be a valid URL")?;
        if let Some(path) = &self.ca {
            server::install_crypto_provider();
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?;
        }
        let channel = endpoint.connect().await.with_context(|| format!("cannot connect to {}", self.server))?;
        let token = format!("Bearer {token}").parse().context("the token must be a bearer token")?;
        Ok(Connection { channel, token })
    }

    /// Reads the token from the file or the environment.
    fn read_token(&self) -> anyhow::Result<String> {
        let token = match &self.token_file {
            Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
            None => std::env::var(TOKEN_VARIABLE).context(
                "no token: set the variable CPOR_TOKEN, or pass --token-file; \
                 for a system started with `cpor dev`, `cpor token` creates one",
            )?,
        };
        Ok(token.trim().to_owned())
    }
}

impl Connection {
    /// Returns a request with this message and the caller's token.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.token.clone());
        request
    }
}

/// Converts the status of a failed call to an error message with its code, reason and violations.
pub(crate) fn status_error(status: &tonic::Status) -> anyhow::Error {
    let reason = cpor_call::status::reason(status).unwrap_or_default();
    let violations = cpor_call::status::field_violations(status).into_iter();
    let fields = violations.filter(|violation| !status.message().contains(&violation.description));
    let fields: String = fields.map(|violation| format!("; {}: {}", violation.field, violation.description)).collect();
    anyhow::anyhow!("the server refused the call ({:?} {reason}): {}{fields}", status.code(), status.message())
}
