//! The claim as the reviewer sees it. The service claim-intake sends a snapshot with each
//! submission, resubmission, dispute and edit.
use cpor_types::{
    Activity, AssociationKey, ClaimName, EvidenceKind, EvidenceName, LegacyHolderId, LineId, MpnId, Personal, PolicyId,
    ProductId, SolutionArea, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A claim at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The resource name of the claim.
    pub claim: ClaimName,
    /// The number of changes of the claim in claim-intake so far.
    pub version: u64,
    /// The partner's name as reviewers see it.
    pub partner_display_name: String,
    /// The Microsoft Partner Network (MPN) id of the partner location.
    pub mpn_id: MpnId,
    /// The customer's name as reviewers see it.
    pub customer_display_name: String,
    /// The customer's domain name in the claim.
    pub customer_domain: String,
    /// The name that the partner gave to the claim.
    pub claim_display_name: String,
    /// The solution area to which all claimed products belong.
    pub solution_area: SolutionArea,
    /// The claimed activities.
    pub activities: Vec<Activity>,
    /// The parts of the claim, each about one workload or subscription.
    pub lines: Vec<Line>,
    /// The policy profile under which the claim was submitted. It does not change later (R61).
    pub policy: PolicyId,
    /// The time of the first submission of the claim.
    pub submit_time: Timestamp,
    /// The documents of the claim, oldest first.
    pub evidence: Vec<Evidence>,
    /// The contact through which the customer is notified.
    pub customer_contact: CustomerContact,
}

/// The contact through which the customer is notified. The texts are personal data, and empty after
/// they were erased. `Debug` prints none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerContact {
    /// The full name.
    pub name: Personal,
    /// The job title.
    pub title: Personal,
    /// The e-mail address.
    pub email: Personal,
    /// Whether an approval of the contact by link, and its silence, count as consent of the tenant
    /// (R43a): the address is at one of the tenant's domains, or a reviewer has confirmed the
    /// contact.
    pub authorized: bool,
}

/// A document of the claim, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The resource name in claim-intake, from where the document can be downloaded.
    pub name: EvidenceName,
    /// The file name that the partner gave. It is personal data.
    pub file_name: String,
    /// The file type that was determined from the content.
    pub kind: EvidenceKind,
    /// The size of the content.
    pub size_bytes: i64,
    /// The SHA-256 hash of the content, in hexadecimal form.
    pub sha256: String,
    /// The time of the upload.
    pub create_time: Timestamp,
    /// The time at which the customer signed the document, as the partner declares.
    pub signature_time: Option<Timestamp>,
}

/// A line: the part of the claim that is about one key (a workload or subscription of the tenant).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The id of the line within the claim.
    pub id: LineId,
    /// The id of the claimed product in the catalog.
    pub product: ProductId,
    /// The product's name as reviewers see it.
    pub product_display_name: String,
    /// The claimed workload or subscription.
    pub key: AssociationKey,
    /// The other company that held the key by a legacy association, which dates from before claims
    /// existed (R58), when claim-intake last asked the registry.
    pub legacy_holder: Option<LegacyHolderId>,
}
