//! The places from which the keys of an issuer are loaded.
use std::path::PathBuf;

use serde::Deserialize;

use super::{
    IssuerConfig,
    fetch::{AuthorityError, DocumentUrl, FetchError, Fetcher},
};

/// The path of the document that describes an issuer (OpenID Connect Discovery 1.0, section 4).
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// The place from which the keys of an issuer are loaded.
#[derive(Debug)]
pub(super) enum KeySource {
    /// The keys never change. Only tests use this.
    Fixed,
    /// A JWKS file.
    File(PathBuf),
    /// A JWKS at a URL.
    Url { fetcher: Fetcher, jwks_url: DocumentUrl },
    /// A JWKS whose URL is in the document that describes the issuer.
    Discovery { fetcher: Fetcher, issuer: String, document_url: DocumentUrl },
}

/// The reason why keys cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the discovery document is malformed: {0}")]
    Document(serde_json::Error),
    #[error("the discovery document is that of the issuer {0:?}")]
    OtherIssuer(String),
    #[error("not a JWKS: {0}")]
    Jwks(#[from] serde_json::Error),
}

/// The reason why an issuer cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The keys of the issuer cannot be loaded from the file, the file has no usable key, or the
    /// configured URL is not accepted.
    #[error("the issuer {issuer}: {problem}")]
    Keys {
        /// The `iss` of the issuer.
        issuer: String,
        /// The description of the problem.
        problem: String,
    },
    /// The certificate authorities for the issuer's server, from the setting `ca_file` or the
    /// built-in ones, cannot be used.
    #[error("the issuer {issuer}: {source}")]
    Authorities {
        /// The `iss` of the issuer.
        issuer: String,
        /// The reason why the certificate authorities cannot be used.
        source: AuthorityError,
    },
}

/// The part of a discovery document that is used.
#[derive(Deserialize)]
struct DiscoveryDocument {
    issuer: String,
    jwks_uri: String,
}

impl KeySource {
    /// Returns the configured source.
    pub(super) fn new(config: &IssuerConfig) -> Result<Self, IssuerError> {
        if let Some(file) = &config.jwks_file {
            return Ok(Self::File(file.clone()));
        }
        let issuer = config.url.clone();
        let fetcher = Fetcher::new(config.ca_file.as_deref())
            .map_err(|source| IssuerError::Authorities { issuer: issuer.clone(), source })?;
        let location = |url: &str| {
            let unusable = |error: FetchError| IssuerError::Keys { issuer: issuer.clone(), problem: error.to_string() };
            DocumentUrl::parse(url).map_err(unusable)
        };
        Ok(match &config.jwks_url {
            Some(url) => Self::Url { fetcher, jwks_url: location(url)? },
            None => {
                let document_url = location(&format!("{}{DISCOVERY_PATH}", issuer.trim_end_matches('/')))?;
                Self::Discovery { fetcher, issuer, document_url }
            }
        })
    }

    /// Loads the text of the JWKS, or returns `None` if the keys never change.
    pub(super) async fn load(&self) -> Result<Option<String>, SourceError> {
        match self {
            Self::Fixed => Ok(None),
            Self::File(path) => {
                let text = tokio::fs::read_to_string(path).await;
                text.map(Some).map_err(|source| SourceError::File { path: path.clone(), source })
            }
            Self::Url { fetcher, jwks_url } => Ok(Some(fetcher.get(jwks_url).await?)),
            Self::Discovery { fetcher, issuer, document_url } => {
                let text = fetcher.get(document_url).await?;
                let document: DiscoveryDocument = serde_json::from_str(&text).map_err(SourceError::Document)?;
                if document.issuer != *issuer {
                    return Err(SourceError::OtherIssuer(document.issuer));
                }
                let jwks_url = document_url.parse_named(&document.jwks_uri)?;
                Ok(Some(fetcher.get(&jwks_url).await?))
            }
        }
    }
}
