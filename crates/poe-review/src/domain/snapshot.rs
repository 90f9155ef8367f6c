//! The claim as the reviewer sees it: what claim-intake told with the last submission.
use cpor_types::{Activity, AssociationKey, ClaimName, LineId, MpnId, PolicyId, ProductId, SolutionArea, Timestamp};
use serde::{Deserialize, Serialize};

/// A claim at its submission or resubmission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The claim.
    pub claim: ClaimName,
    /// The claim's version at the time.
    pub version: u64,
    /// The partner's name.
    pub partner_display_name: String,
    /// MPN id of the partner location.
    pub mpn_id: MpnId,
    /// The customer's name.
    pub customer_display_name: String,
    /// The customer's domain.
    pub customer_domain: String,
    /// What the partner calls the claim.
    pub claim_display_name: String,
    /// The solution area.
    pub solution_area: SolutionArea,
    /// The activities claimed for.
    pub activities: Vec<Activity>,
    /// What is claimed.
    pub lines: Vec<Line>,
    /// The profile that the claim was submitted under and keeps (R61).
    pub policy: PolicyId,
    /// When the claim was first submitted.
    pub submit_time: Timestamp,
}

/// A line of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its id within the claim.
    pub id: LineId,
    /// Its product.
    pub product: ProductId,
    /// The product's name.
    pub product_display_name: String,
    /// What of the tenant is claimed.
    pub key: AssociationKey,
}
