//! The argument and result types of [`Registry::place_hold`](crate::Registry::place_hold), which
//! holds the lines of an approved claim: it reserves the workload or subscription of each line (its
//! key) for the claim's partner.
use cpor_types::{
    Activity, AssociationKey, CaseId, ClaimName, DecisionId, LineId, MpnId, ProductId, SolutionArea, TenantId,
    Timestamp,
};

use crate::RegistryReason;

/// The request of a review case to hold all lines of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// The id of the decision. A request with the same id returns the first outcome.
    pub decision_id: DecisionId,
    /// The review case (the reviewers' record) in which the claim was approved. If a rejected claim
    /// is disputed, it gets a new case and can be held for that case (R28).
    pub review_case: CaseId,
    /// The claim. Its name contains the partner.
    pub claim: ClaimName,
    /// The MPN (Microsoft Partner Network) id of the partner's location.
    pub mpn_id: MpnId,
    /// The tenant to which the keys belong.
    pub tenant: TenantId,
    /// The domain of the customer on the claim.
    pub customer_domain: String,
    /// The solution area of the claim. Each product must belong to it.
    pub solution_area: SolutionArea,
    /// The activities of the claim. Each line is held for each activity.
    pub activities: Vec<Activity>,
    /// The lines to hold. There is at least one.
    pub lines: Vec<LineToHold>,
    /// The time at which the claim was first submitted.
    pub submit_time: Timestamp,
    /// Whether only one company can be on record for a key with the activity *revenue association*,
    /// by the policy profile of the claim (R34).
    pub revenue_association_exclusive: bool,
}

/// A line of a claim that is to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToHold {
    /// The id of the line within the claim.
    pub line_id: LineId,
    /// The claimed product of the catalog.
    pub product: ProductId,
    /// The claimed workload or subscription of the tenant.
    pub key: AssociationKey,
}

/// The outcome of a request to hold a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldOutcome {
    /// All lines are held.
    Held,
    /// No line is held. Contains every reason, at least one.
    Refused(Vec<LineRefusal>),
}

/// A line that cannot be held, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRefusal {
    /// The line, or `None` when the reason concerns the claim as a whole.
    pub line_id: Option<LineId>,
    /// The machine-readable reason.
    pub reason: RegistryReason,
    /// The reason as a sentence for users. It never reveals which company holds the key.
    pub description: String,
}
