//! Who calls, and whether they may: bearer tokens, keys, and the one layer that enforces what the protos declare.
mod access;
mod caller;
mod claims;
mod jwks;
mod keys;
mod layer;
mod receipt;
mod signer;

pub use access::{Access, AccessError, Method, MethodTable};
pub use caller::Caller;
pub use jwks::KeyError;
pub use keys::{Keys, Refused};
pub(crate) use layer::{Gatekeeper, authorize};
pub use receipt::{BadSignature, ReceiptKeys};
pub use signer::{SignerError, TokenSigner, UserToken};

/// The audience of every user's token.
pub const USER_AUDIENCE: &str = "cpor";
/// The issuer of the tokens that services give each other. Users' issuer is another, so that neither can mint the other's.
pub const SERVICE_ISSUER: &str = "cpor-services";

#[cfg(test)]
mod attacks;
