//! What the services ask of the association registry, in their own words: a trait, its gRPC implementation, and a
//! fake for tests that need no registry.
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

pub use arbitration::{Arbitration, ArbitrationAnswer, Award, AwardOutcome, AwardRefusal, AwardRefusalReason};
pub use check::{CheckedClaim, CheckedLine, ClaimToCheck, LineToCheck, Location, Product, Tenant, Violation};
pub use grpc::GrpcRegistry;
pub use hold::{HoldAnswer, HoldRequest, LineRefusal, LineToHold};
pub use reason::Reason;

/// Claims of one question.
pub const CLAIMS_AT_ONCE: usize = 256;

/// Lines of one question, so that it stays below what the registry takes by default.
pub const LINES_AT_ONCE: usize = 10_000;

/// The registry, as a service sees it.
///
/// `actor` is on whose behalf the service asks; it travels in the call's token.
#[async_trait]
pub trait Registry: Send + Sync + 'static {
    /// Holds what a claim says against the directory (R12) and fills in what the directory knows (R10 g). Changes nothing.
    ///
    /// # Errors
    /// When the registry cannot be asked now, or gives an answer that makes no sense.
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError>;

    /// As [`Self::check_claim`], for up to [`CLAIMS_AT_ONCE`] claims with [`LINES_AT_ONCE`] lines in all: one call. Answers one for each, in their
    /// order.
    ///
    /// # Errors
    /// As [`Self::check_claim`].
    async fn check_claims(&self, actor: &Actor, claims: Vec<ClaimToCheck>) -> Result<Vec<CheckedClaim>, RegistryError> {
        let mut answers = Vec::with_capacity(claims.len());
        for claim in claims {
            answers.push(self.check_claim(actor, claim).await?);
        }
        Ok(answers)
    }

    /// Holds all lines of a claim for its partner, or none (R34 to R36). Safe to repeat: one decision, one answer.
    ///
    /// # Errors
    /// When the registry cannot be asked now, or gives an answer that makes no sense. The lines may be held all the
    /// same: repeat the decision.
    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldAnswer, RegistryError>;

    /// Awards contested keys (R37), all or none. Safe to repeat: one decision, one answer.
    ///
    /// # Errors
    /// When the registry cannot be asked now, or gives an answer that makes no sense. The keys may be awarded all the
    /// same: repeat the decision.
    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationAnswer, RegistryError>;

    /// Since when the partner's association with a key is official; `None` when it is not, and usage stays closed (R50).
    ///
    /// # Errors
    /// When the registry cannot be asked now, or gives an answer that makes no sense.
    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError>;
}

/// A registry that several tasks ask.
pub type SharedRegistry = Arc<dyn Registry>;

/// Why the registry did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It is down, or too slow, or sheds load: try again later.
    #[error("the registry cannot be asked now: {0}")]
    Unavailable(String),
    /// It refused the question or gave an answer that makes no sense. For the log, not for callers.
    #[error("the registry does not understand us, or we not it: {0}")]
    Broken(String),
}
