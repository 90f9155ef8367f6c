//! The certificates, keys and authorities of a process. They are read again when their files have
//! changed, so that they can be replaced without a restart. Open connections keep what they have
//! been established with, and end at their maximum age.
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use cpor_auth::ClientCertificate;
use cpor_process::{WatchedFiles, listener::Connection};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};
use webpki::EndEntityCert;

use crate::config::{PeersConfig, TlsConfig};

/// The time after which a changed file is noticed, if connections are established.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);

/// The reason why TLS files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the TLS files: {0}")]
    File(#[from] std::io::Error),
    /// A file is not valid PEM.
    #[error("a TLS file is not valid PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The certificate, its key or an authority cannot be used.
    #[error("the TLS files cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The authorities of the client certificates cannot be used.
    #[error("the authorities of client certificates cannot be used: {0}")]
    Authorities(#[from] rustls::server::VerifierBuilderError),
}

/// TLS of the gRPC listener.
#[derive(Debug)]
pub(crate) struct ServerTls {
    /// The certificate, its key and, if clients have certificates, their authorities.
    files: WatchedFiles,
    current: RwLock<Arc<ServerConfig>>,
    /// The trust domain of client certificates. `None` if clients have none.
    trust_domain: Option<String>,
}

impl ServerTls {
    /// Reads the files, or returns `None` if TLS is not configured.
    pub(crate) fn open(config: &TlsConfig) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else { return Ok(None) };
        let paths = [certificate, key].into_iter().chain(&config.client_ca_file).cloned().collect();
        let (files, contents) = WatchedFiles::open(paths)?;
        let current = RwLock::new(Arc::new(server_config(&contents)?));
        Ok(Some(Self { files, current, trust_domain: config.trust_domain.clone() }))
    }

    /// Returns true if services must have a client certificate.
    pub(crate) fn requires_certificates(&self) -> bool {
        self.trust_domain.is_some()
    }

    /// Makes the TLS handshake of a connection. Returns the services that the certificate of the
    /// client names, too.
    ///
    /// # Errors
    /// Returns an error if the handshake fails, for example because the certificate of the client
    /// has expired or is not from one of the authorities.
    pub(crate) async fn accept(
        &self,
        connection: Connection,
    ) -> std::io::Result<(TlsStream<Connection>, ClientCertificate)> {
        let stream = TlsAcceptor::from(self.current()).accept(connection).await?;
        let certificate = self.client_certificate(stream.get_ref().1.peer_certificates());
        Ok((stream, certificate))
    }

    /// Reads the services that a client's certificate names. `chain` begins with the certificate.
    fn client_certificate(&self, chain: Option<&[CertificateDer<'_>]>) -> ClientCertificate {
        let (Some(domain), Some(certificate)) = (&self.trust_domain, chain.and_then(<[_]>::first)) else {
            return ClientCertificate::default();
        };
        let parsed = EndEntityCert::try_from(certificate);
        parsed.map_or_else(
            |_| ClientCertificate::default(),
            |parsed| ClientCertificate::from_uris(parsed.valid_uri_names(), domain),
        )
    }

    /// Returns the configuration for a new connection. Files that cannot be used, for example
    /// because only one of two files is replaced so far, are logged and ignored.
    fn current(&self) -> Arc<ServerConfig> {
        self.files.load_if_changed(REREAD_INTERVAL, |contents| match server_config(contents) {
            Ok(config) => {
                tracing::info!("the certificate of the server was read again");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
            }
            Err(error) => tracing::error!(%error, "the changed certificate of the server cannot be used"),
        });
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Returns the configuration for a certificate, its key and, as an optional third, the authorities
/// of client certificates.
fn server_config(contents: &[String]) -> Result<ServerConfig, TlsError> {
    let (chain, key) = (certificates(&contents[0])?, PrivateKeyDer::from_pem_slice(contents[1].as_bytes())?);
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match contents.get(2) {
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            certificates(authorities)?.into_iter().try_for_each(|authority| roots.add(authority))?;
            // Users have no certificate. The access check refuses services without one.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    if contents.len() > 2 {
        // A resumed session would not verify the client certificate again, which may have expired.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect()
}

/// TLS of the connections to other services.
#[derive(Debug)]
pub struct PeerTls {
    /// The authorities of the peers and, if the process has a client certificate, the certificate
    /// and its key.
    files: WatchedFiles,
    current: RwLock<PeerFiles>,
}

/// The contents of the files when they were last read.
#[derive(Debug)]
struct PeerFiles {
    contents: Vec<String>,
    /// The number of changes so far.
    version: u64,
}

impl PeerTls {
    /// Reads the files, or returns `None` if no authorities are configured.
    pub(crate) fn open(config: &PeersConfig) -> Result<Option<Self>, TlsError> {
        let Some(authorities) = &config.ca_file else { return Ok(None) };
        let identity = config.certificate_file.iter().zip(&config.key_file).flat_map(|(chain, key)| [chain, key]);
        let paths: Vec<PathBuf> = std::iter::once(authorities).chain(identity).cloned().collect();
        let (files, contents) = WatchedFiles::open(paths)?;
        Ok(Some(Self { files, current: RwLock::new(PeerFiles { contents, version: 0 }) }))
    }

    /// Reads the files again if they have changed. Returns a number that is another one after each
    /// change. Files that cannot be used are logged and ignored.
    pub(crate) fn version(&self) -> u64 {
        self.files.load_if_changed(REREAD_INTERVAL, |contents| match check_peer_files(contents) {
            Ok(()) => {
                tracing::info!("the certificates for calls to other services were read again");
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = PeerFiles { contents: contents.to_vec(), version: current.version + 1 };
            }
            Err(error) => tracing::error!(%error, "the changed certificates for calls cannot be used"),
        });
        self.current.read().unwrap_or_else(PoisonError::into_inner).version
    }

    /// Returns the configuration for new connections.
    pub(crate) fn client_config(&self) -> ClientTlsConfig {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let contents = &current.contents;
        let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&contents[0]));
        match contents.get(1).zip(contents.get(2)) {
            Some((chain, key)) => config.identity(Identity::from_pem(chain, key)),
            None => config,
        }
    }
}

/// Checks that there is an authority, and that the certificate and the key belong together.
fn check_peer_files(contents: &[String]) -> Result<(), TlsError> {
    let mut roots = RootCertStore::empty();
    certificates(&contents[0])?.into_iter().try_for_each(|authority| roots.add(authority))?;
    if roots.is_empty() {
        return Err(rustls::pki_types::pem::Error::NoItemsFound.into());
    }
    // A configuration of a server has the same checks.
    if contents.len() > 1 { server_config(&contents[1..]).map(drop) } else { Ok(()) }
}
