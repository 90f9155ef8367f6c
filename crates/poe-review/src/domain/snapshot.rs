//! The claim as the reviewer sees it: what claim-intake told with the last submission.
use cpor_types::{
    Activity, AssociationKey, ClaimName, EvidenceName, LineId, MpnId, PolicyId, ProductId, SolutionArea, Timestamp,
};
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
    /// Its documents, oldest first.
    pub evidence: Vec<Evidence>,
}

/// A document of the claim, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its name at claim-intake, where it is downloaded.
    pub name: EvidenceName,
    /// The file's name, as the partner gave it; personal data.
    pub file_name: String,
    /// The word of its kind: `pdf`.
    pub kind: String,
    /// Its size, in bytes.
    pub size_bytes: i64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// When it was uploaded.
    pub create_time: Timestamp,
    /// When the customer signed it, as the partner declares.
    pub signature_time: Option<Timestamp>,
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
    /// Another company held the key by an association that no claim stands behind (R58), when the registry was last
    /// asked.
    pub held_by_legacy: bool,
}
