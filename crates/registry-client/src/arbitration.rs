//! Awarding contested keys (R37).
use cpor_types::{Activity, AssociationKey, CaseId, ClaimName, DecisionId, TenantId};

/// A lead's decision on keys of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arbitration {
    /// Repeating it gets the first answer.
    pub decision_id: DecisionId,
    /// The customer.
    pub tenant: TenantId,
    /// At least one, a key once.
    pub awards: Vec<Award>,
}

/// One key, awarded to one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// What is contested.
    pub key: AssociationKey,
    /// The claim that wins it.
    pub winner: ClaimName,
    /// The claim's review case.
    pub review_case: CaseId,
    /// What the claim wants it for.
    pub activities: Vec<Activity>,
}

/// The registry's answer to an arbitration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArbitrationAnswer {
    /// Every key is awarded: one outcome for each award, in their order.
    Awarded(Vec<AwardOutcome>),
    /// None is; everything that stands in the way, at least one.
    Refused(Vec<AwardRefusal>),
}

/// What became of an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardOutcome {
    /// Nobody else held the key.
    Cleared,
    /// A pending hold of another has ended.
    Yielded,
    /// An official holder stays on record until the winner's association becomes official.
    Successor,
}

/// Why a key cannot be awarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardRefusal {
    /// The key.
    pub key: AssociationKey,
    /// Why.
    pub reason: AwardRefusalReason,
}

/// What the registry has against an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardRefusalReason {
    /// The key's holder has a successor already.
    SuccessorExists,
    /// The customer does not have the key.
    KeyUnknown,
    /// The winner was closed meanwhile.
    ClaimClosed,
}
