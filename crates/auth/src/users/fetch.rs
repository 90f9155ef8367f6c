//! Fetches small documents from issuers over HTTPS.
use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header::ACCEPT};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// The maximum time of a fetch, from the name resolution to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of a document.
const MAX_BYTES: usize = 256 << 10;

/// The reason why a document cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{0:?} is not an https URL, and not an http URL with a loopback address")]
    DocumentUrl(String),
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    #[error("the request failed: {0:?}")]
    Request(#[from] hyper_util::client::legacy::Error),
    #[error("the answer has the status {0}")]
    Status(StatusCode),
    #[error("the answer is incomplete, or has more than {MAX_BYTES} bytes")]
    Body,
    #[error("the answer is not UTF-8")]
    Encoding,
}

/// The reason why the certificate authorities for an issuer's server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file is not readable PEM.
    #[error("cannot read the certificate authorities: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// A certificate is not usable, or TLS cannot be configured.
    #[error("cannot use the certificate authorities: {0}")]
    Tls(#[from] rustls::Error),
}

/// The URL of a document. A URL without TLS must have a loopback address, because somebody on the
/// network who can change the keys of an issuer can create tokens.
#[derive(Clone, Debug)]
pub(super) struct DocumentUrl(Uri);

impl DocumentUrl {
    pub(super) fn parse(url: &str) -> Result<Self, FetchError> {
        let invalid = || FetchError::DocumentUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let host = uri.host().ok_or_else(invalid)?;
        let is_accepted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(host),
            _ => false,
        };
        if is_accepted { Ok(Self(uri)) } else { Err(invalid()) }
    }

    /// Parses a URL that the document at this location names. It must use TLS if the document did,
    /// so that an issuer cannot direct requests to services on this machine.
    pub(super) fn parse_named(&self, url: &str) -> Result<Self, FetchError> {
        let named = Self::parse(url)?;
        let is_downgrade = self.0.scheme_str() == Some("https") && named.0.scheme_str() != Some("https");
        if is_downgrade { Err(FetchError::DocumentUrl(url.to_owned())) } else { Ok(named) }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An HTTPS client that follows no redirects.
#[derive(Clone, Debug)]
pub(super) struct Fetcher(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Fetcher {
    /// Creates a client. `ca_file` is a PEM file with the accepted certificate authorities; without
    /// it the public ones are accepted.
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, AuthorityError> {
        let mut roots = RootCertStore::empty();
        match ca_file {
            Some(file) => {
                for certificate in CertificateDer::pem_file_iter(file)? {
                    roots.add(certificate?)?;
                }
            }
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        // Fetches are minutes apart, so connections are not kept.
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    /// Fetches a document.
    pub(super) async fn get(&self, location: &DocumentUrl) -> Result<String, FetchError> {
        tokio::time::timeout(TIMEOUT, self.get_untimed(location)).await.map_err(|_| FetchError::Timeout)?
    }

    async fn get_untimed(&self, DocumentUrl(uri): &DocumentUrl) -> Result<String, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        request.headers_mut().insert(ACCEPT, http::HeaderValue::from_static("application/json"));
        let response = self.0.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await.map_err(|_| FetchError::Body)?;
        String::from_utf8(body.to_bytes().into()).map_err(|_| FetchError::Encoding)
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ServerConfig, pki_types::PrivateKeyDer};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Starts a server that gives this answer to each connection, by TLS if it has a certificate.
    async fn serve(answer: String, tls: Option<TlsAcceptor>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let (tls, answer) = (tls.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    if let Some(tls) = tls {
                        let Ok(mut connection) = tls.accept(connection).await else { return };
                        let _ = connection.read(&mut request).await;
                        let _ = connection.write_all(answer.as_bytes()).await;
                        let _ = connection.shutdown().await;
                    } else {
                        let _ = connection.read(&mut request).await;
                        let _ = connection.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        port
    }

    async fn get(answer: String) -> Result<String, FetchError> {
        let port = serve(answer, None).await;
        Fetcher::new(None).unwrap().get(&DocumentUrl::parse(&format!("http://127.0.0.1:{port}/keys")).unwrap()).await
    }

    #[tokio::test]
    async fn the_answer_must_be_complete_and_small() {
        assert_eq!(get("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned()).await.unwrap(), "{}");
        let redirect = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n".to_owned();
        assert!(matches!(get(redirect).await, Err(FetchError::Status(StatusCode::FOUND))));
        let torn = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{}".to_owned();
        assert!(matches!(get(torn).await, Err(FetchError::Body)));
        let large = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(MAX_BYTES + 1));
        assert!(matches!(get(large).await, Err(FetchError::Body)));
        assert!(matches!(get("SSH-2.0\r\n".to_owned()).await, Err(FetchError::Request(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let outcome = Fetcher::new(None).unwrap().get(&DocumentUrl::parse(&url).unwrap()).await;
        assert!(matches!(outcome, Err(FetchError::Timeout)));
    }

    #[tokio::test]
    async fn the_certificate_is_verified() {
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let authorities = directory.path().join("ca.pem");
        std::fs::write(&authorities, certified.cert.pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(certified.signing_key.serialize_pem().as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned();
        let port = serve(answer, Some(TlsAcceptor::from(Arc::new(config)))).await;
        let get = async |host: &str, ca_file: Option<&Path>| {
            let url = DocumentUrl::parse(&format!("https://{host}:{port}/keys")).unwrap();
            Fetcher::new(ca_file).unwrap().get(&url).await
        };
        assert_eq!(get("localhost", Some(&authorities)).await.unwrap(), "{}");
        assert!(matches!(get("localhost", None).await, Err(FetchError::Request(_))), "an unknown authority");
        assert!(matches!(get("127.0.0.1", Some(&authorities)).await, Err(FetchError::Request(_))), "another name");
    }

    #[test]
    fn plain_http_is_for_loopback_addresses_only() {
        for url in ["https://login.example/a", "http://localhost:8080", "http://127.0.0.1:1/x", "http://[::1]:1/x"] {
            assert!(DocumentUrl::parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://login.example",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "http://127.0.0.1@login.example/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "/relative",
            "login.example",
            "cpor",
            "",
        ] {
            assert!(DocumentUrl::parse(url).is_err(), "{url}");
        }
        let issuer = DocumentUrl::parse("https://login.example/").unwrap();
        assert!(issuer.parse_named("https://keys.example/").is_ok());
        assert!(issuer.parse_named("http://127.0.0.1:9090/metrics").is_err());
    }
}
