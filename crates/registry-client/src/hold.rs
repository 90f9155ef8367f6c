//! Holding a claim's lines.
use cpor_types::{
    Activity, AssociationKey, CaseId, ClaimName, DecisionId, LineId, MpnId, ProductId, SolutionArea, TenantId,
    Timestamp,
};

use crate::Reason;

/// A review's decision to hold every line of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// Repeating it gets the first answer.
    pub decision_id: DecisionId,
    /// The review case that decided: a claim that was closed may be held again under its next one (R28).
    pub review_case: CaseId,
    /// The claim, and with it the partner.
    pub claim: ClaimName,
    /// MPN id of the location on the claim.
    pub mpn_id: MpnId,
    /// The customer.
    pub tenant: TenantId,
    /// The customer's domain on the claim.
    pub customer_domain: String,
    /// The solution area.
    pub solution_area: SolutionArea,
    /// Each line is held for each of them.
    pub activities: Vec<Activity>,
    /// At least one.
    pub lines: Vec<LineToHold>,
    /// When the claim was first submitted.
    pub submit_time: Timestamp,
}

/// A line to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineToHold {
    /// Its id within the claim.
    pub line_id: LineId,
    /// Its product.
    pub product: ProductId,
    /// What is claimed in the tenant.
    pub key: AssociationKey,
}

/// The registry's answer to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldAnswer {
    /// Every line is held.
    Held,
    /// None is; everything that stands in the way, at least one.
    Refused(Vec<LineRefusal>),
}

/// Why a line cannot be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRefusal {
    /// `None`: the claim as a whole.
    pub line_id: Option<LineId>,
    /// Why.
    pub reason: Reason,
    /// The same in words; never who holds it.
    pub description: String,
}
