//! The client of the registry service for other services: the trait [`Registry`], its gRPC
//! implementation [`GrpcRegistry`], and an in-memory fake for tests.
//!
//! A *key* is one workload or subscription of a tenant. To hold a key is to reserve it for one
//! partner; at most one company can hold it. Rule numbers such as R34 refer to docs/rules.md.
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use cpor_types::{Actor, PartnerId, TenantKey, Timestamp};

mod arbitration;
mod check;
pub mod fake;
mod grpc;
mod hold;
mod reason;
mod wire;

pub use arbitration::{Arbitration, ArbitrationOutcome, Award, AwardOutcome, AwardRefusal, AwardRefusalReason};
pub use check::{
    CheckedClaim, CheckedLine, ClaimToCheck, LineToCheck, Location, Product, SubmittedFields, SuggestedLine, Tenant,
    Violation,
};
pub use grpc::GrpcRegistry;
pub use hold::{HoldOutcome, HoldRequest, LineRefusal, LineToHold};
pub use reason::RegistryReason;

/// The largest number of claims in one call of [`Registry::check_claims`].
pub const MAX_CLAIMS_PER_CALL: usize = 256;

/// The largest number of lines of all claims in one call of [`Registry::check_claims`]. It keeps
/// the request below the registry's default message size limit.
pub const MAX_LINES_PER_CALL: usize = 10_000;

/// The largest number of keys in one call of [`Registry::unknown_keys`].
pub const MAX_KEYS_PER_CALL: usize = 1_000;

/// The RPCs of the registry that other services call.
///
/// The parameter `actor` is the person or service on whose behalf the call is made. It is sent in
/// the token of the call.
#[async_trait]
pub trait Registry: Send + Sync + 'static {
    /// Checks a claim against the directory, which is the registry's data about partners, tenants
    /// and products (R12). For a line without a subscription, the result contains the subscription
    /// if only one is possible (R10 g). Changes nothing.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] when the registry is unavailable or its response is invalid.
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError>;

    /// Checks up to [`MAX_CLAIMS_PER_CALL`] claims in one call. The claims may have up to
    /// [`MAX_LINES_PER_CALL`] lines in total. Returns one result for each claim, in the order of
    /// the claims.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::check_claim`].
    async fn check_claims(&self, actor: &Actor, claims: Vec<ClaimToCheck>) -> Result<Vec<CheckedClaim>, RegistryError> {
        let mut results = Vec::with_capacity(claims.len());
        for claim in claims {
            results.push(self.check_claim(actor, claim).await?);
        }
        Ok(results)
    }

    /// Holds all lines of a claim for its partner, or none (R34 to R36): the partner becomes the
    /// pending holder of each line's key. A call that repeats a decision id returns the outcome of
    /// the first call.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] when the registry is unavailable or its response is invalid. The
    /// lines may be held nevertheless, so the caller must repeat the call with the same decision
    /// id.
    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError>;

    /// Awards contested keys, for which claims of different partners compete, to one claim each
    /// (R37). Awards all of them or none. A call that repeats a decision id returns the outcome of
    /// the first call.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] when the registry is unavailable or its response is invalid. The
    /// keys may be awarded nevertheless, so the caller must repeat the call with the same decision
    /// id.
    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError>;

    /// Returns the time at which the partner's association with a key became official, that is, the
    /// partner was put on record for it. Returns `None` if it is not official now: then the partner
    /// may not see the usage of the key (R50).
    ///
    /// # Errors
    /// Returns a [`RegistryError`] when the registry is unavailable or its response is invalid.
    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError>;

    /// Returns those of up to [`MAX_KEYS_PER_CALL`] keys that the directory does not know. The
    /// directory also knows workloads and subscriptions that have ended.
    ///
    /// # Errors
    /// Returns a [`RegistryError`] when the registry is unavailable or its response is invalid.
    async fn unknown_keys(
        &self,
        actor: &Actor,
        keys: &BTreeSet<TenantKey>,
    ) -> Result<BTreeSet<TenantKey>, RegistryError>;
}

/// A registry client that several tasks share.
pub type SharedRegistry = Arc<dyn Registry>;

/// The reason why a call to the registry failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The registry is down, too slow or overloaded. The caller can try again later.
    #[error("the registry is unavailable: {0}")]
    Unavailable(String),
    /// The caller or the registry has a defect: the registry refused the request as invalid, or its
    /// response is invalid. The text is for the log and must not be shown to clients.
    #[error("the registry refused the request or sent an invalid response: {0}")]
    Defect(String),
}
