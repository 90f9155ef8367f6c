//! Authentication and authorization. Callers present bearer tokens (JWT), which are verified
//! against the public keys of the users' issuers or of the services. One middleware then enforces
//! the access rules that the protos declare. Each service signs its tokens with a key of its own.
//! Receipts (proofs of the history of a claim) are signed with another key.
mod access;
mod caller;
mod claims;
mod client_certificate;
mod config;
mod jwks;
mod keys;
mod middleware;
mod on_behalf_of;
mod receipt;
mod service_keys;
mod service_signer;
mod signer;
mod signing_key;
mod users;
mod watched_key;

pub use access::{Access, AccessError, Method, MethodTable};
pub use caller::Caller;
pub use client_certificate::ClientCertificate;
pub use config::AuthConfig;
pub use jwks::KeyError;
pub use keys::{TokenError, VerificationKeys};
pub use middleware::Authorizer;
pub use on_behalf_of::OnBehalfOf;
pub use receipt::{ReceiptKeys, ReceiptSigner, SignatureError};
pub use service_signer::{ServiceSigner, ServiceSigners};
pub use signer::{TokenSigner, UserToken};
pub use signing_key::{SignerError, join_jwks};
pub use users::{AuthorityError, IssuerConfig, IssuerError};

/// The audience (`aud`) of the tokens of users that the installation's own key signs.
pub const USER_AUDIENCE: &str = "cpor";
/// The issuer (`iss`) of the tokens with which services call each other. Users have another issuer,
/// so that no issuer can create tokens for both.
pub const SERVICE_ISSUER: &str = "cpor-services";

#[cfg(test)]
mod fuzz_token;
#[cfg(test)]
mod token_tests;
