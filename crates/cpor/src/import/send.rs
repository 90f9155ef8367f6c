//! Sending batches, and again where the server asks for patience: rows are safe to repeat.

use std::time::Duration;

use anyhow::Context as _;
use cpor_kit::{server, status};
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResponse, claim_service_client::ClaimServiceClient,
};
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use super::{Args, results::Outcome, row::Sendable};

/// How often a batch is sent, at most.
const TRIES: u32 = 5;

/// How long the answer to a batch is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Bytes of an answer: more than one of 1,000 rows has.
const ANSWER: usize = 64 << 20;

/// A connection to the server, as the partner.
pub(super) struct Sender {
    client: ClaimServiceClient<Channel>,
    token: MetadataValue<Ascii>,
    parent: String,
    validate_only: bool,
}

impl Sender {
    pub(super) async fn connect(args: &Args) -> anyhow::Result<Self> {
        let mut endpoint = Endpoint::from_shared(args.server.clone()).context("--server is no address")?;
        if let Some(path) = &args.ca {
            server::install_crypto();
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))?;
        }
        let channel = endpoint.connect().await.with_context(|| format!("{} does not answer", args.server))?;
        Ok(Self {
            client: ClaimServiceClient::new(channel).max_decoding_message_size(ANSWER),
            token: format!("Bearer {}", args.token).parse().context("--token is no token")?,
            parent: format!("partners/{}", args.partner),
            validate_only: args.validate_only,
        })
    }

    /// Sends rows, and answers what became of each.
    pub(super) async fn send(&mut self, rows: Vec<Sendable>) -> anyhow::Result<Vec<Outcome>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (lines, rows): (Vec<u64>, Vec<_>) = rows.into_iter().map(|Sendable { line, row }| (line, row)).unzip();
        let request = BatchCreateClaimsRequest { parent: self.parent.clone(), rows, validate_only: self.validate_only };
        let answer = self.patiently(request).await.map_err(|refused| {
            let reason = status::reason(&refused).unwrap_or_default();
            anyhow::anyhow!("the server refuses ({:?} {reason}): {}", refused.code(), refused.message())
        })?;
        Ok(lines.into_iter().zip(answer.results).map(|(line, result)| Outcome::answered(line, result)).collect())
    }

    async fn patiently(&mut self, message: BatchCreateClaimsRequest) -> Result<BatchCreateClaimsResponse, Status> {
        let mut tries = 1;
        loop {
            let mut request = Request::new(message.clone());
            request.metadata_mut().insert("authorization", self.token.clone());
            request.set_timeout(PATIENCE);
            match self.client.batch_create_claims(request).await {
                Err(refused) if tries < TRIES && may_pass(&refused) => {
                    let pause = status::retry_after(&refused).unwrap_or(Duration::from_secs(1));
                    tokio::time::sleep(pause * tries).await;
                    tries += 1;
                }
                answer => return answer.map(tonic::Response::into_inner),
            }
        }
    }
}

/// Whether the same call may succeed a little later.
fn may_pass(refused: &Status) -> bool {
    match refused.code() {
        Code::Unavailable | Code::DeadlineExceeded => true,
        // Not for a message that is too large.
        Code::ResourceExhausted => status::retry_after(refused).is_some(),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}
