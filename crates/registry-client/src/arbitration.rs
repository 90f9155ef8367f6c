//! The argument and result types of [`Registry::arbitrate`](crate::Registry::arbitrate), by which a
//! review lead awards contested keys (R37). A key is one workload or subscription of a tenant; it
//! is contested if claims of different partners ask for it.
use cpor_types::{Activity, AssociationKey, CaseId, ClaimName, DecisionId, TenantId};

/// A review lead's decision about contested keys of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arbitration {
    /// The id of the decision. A request with the same id returns the first outcome.
    pub decision_id: DecisionId,
    /// The tenant to which the keys belong.
    pub tenant: TenantId,
    /// The awards. There is at least one, and each key occurs once.
    pub awards: Vec<Award>,
}

/// The award of one contested key to one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    /// The contested workload or subscription.
    pub key: AssociationKey,
    /// The claim that is awarded the key.
    pub winner: ClaimName,
    /// The review case (the reviewers' record) of the winning claim.
    pub review_case: CaseId,
    /// The activities of the winning claim.
    pub activities: Vec<Activity>,
    /// Whether the winning claim's policy profile (its set of configured rule values) makes the
    /// activity revenue association exclusive (R34).
    pub revenue_association_exclusive: bool,
}

/// The registry's answer to an arbitration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArbitrationOutcome {
    /// All keys are awarded. Contains one outcome for each award, in the order of the awards.
    Awarded(Vec<AwardOutcome>),
    /// No key is awarded. Contains every reason, at least one.
    Refused(Vec<AwardRefusal>),
}

/// The effect of an award on the company that held the key before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardOutcome {
    /// No other company held the key, so the winning claim can hold it at once.
    Unopposed,
    /// Another company had a pending hold on the key: it was not on record yet (its association was
    /// not official). That hold has ended.
    PendingHoldEnded,
    /// Another company's association with the key is official. That company remains the holder
    /// until the winner's association becomes official.
    SucceedsHolder,
}

/// A key that cannot be awarded, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardRefusal {
    /// The workload or subscription.
    pub key: AssociationKey,
    /// Why it cannot be awarded.
    pub reason: AwardRefusalReason,
}

/// The reason why a key cannot be awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwardRefusalReason {
    /// The key was already awarded to another claim, which waits to replace the holder.
    SuccessorExists,
    /// The tenant does not have the key.
    KeyUnknown,
    /// The winning claim is closed: it was withdrawn, rejected or has otherwise ended.
    ClaimClosed,
}
