//! The parts of a claim that this service stores. A *notice* is a mail to the customer contact
//! about the claim.

use std::collections::BTreeSet;

use cpor_types::{
    Activity, AssociationKey, CaseId, ClaimName, DomainName, MpnId, Personal, PolicyId, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The claim as it is shown to the customer (R40), as last reported by claim-intake (the service
/// that owns the claims). It has no evidence, comments or notes, because customers never see them
/// (R5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimSummary {
    /// The resource name of the claim.
    pub(crate) name: ClaimName,
    /// The partner's display name.
    pub(crate) partner: String,
    /// The Microsoft Partner Network (MPN) id of the partner location in the claim.
    pub(crate) mpn_id: MpnId,
    /// The customer's tenant.
    pub(crate) tenant: TenantId,
    /// The customer's display name; may be empty.
    pub(crate) customer: String,
    /// The customer's domain in the claim.
    pub(crate) customer_domain: DomainName,
    /// The name that the partner gave to the claim.
    pub(crate) display_name: String,
    /// The partner's activities in the claim.
    pub(crate) activities: Vec<Activity>,
    /// The parts of the claim, each for one workload or subscription.
    pub(crate) lines: Vec<Line>,
    /// The policy profile that the claim was submitted under (R61).
    pub(crate) policy: PolicyId,
    /// The id of the tenant's calendar (R46).
    pub(crate) calendar: String,
    /// The customer contact that notices are sent to.
    pub(crate) contact: Contact,
    /// Whether an approval of the contact by link, and its silence, count as consent of the tenant
    /// (R43a).
    pub(crate) contact_authorized: bool,
    /// The time of the first submission.
    pub(crate) submit_time: Timestamp,
    /// The number of times the customer has been asked again since the first submission, because
    /// the partner edited the claim (R29) or disputed a rejection (R28). An approval counts only
    /// for the request that it answers.
    pub(crate) consent_request_number: u32,
    /// The review cases of the claim so far: one for the submission, and one for each dispute
    /// (R28).
    pub(crate) review_cases: BTreeSet<CaseId>,
}

impl ClaimSummary {
    /// Returns this claim with the review cases that an earlier report of it also has.
    pub(crate) fn with_review_cases_of(mut self, earlier: &Self) -> Self {
        self.review_cases.extend(&earlier.review_cases);
        self
    }

    /// Returns the customer's display name, or the customer's domain if the name is empty.
    pub(crate) fn customer_name(&self) -> &str {
        if self.customer.is_empty() { self.customer_domain.as_str() } else { &self.customer }
    }

    /// Returns the differences between this claim and `next` that a notice shows to the customer.
    pub(crate) fn difference_to(&self, next: &Self) -> ClaimChange {
        let lines_only_in = |claim: &Self, other: &Self| {
            let is_missing = |line: &&Line| other.lines.iter().all(|other_line| other_line.key != line.key);
            claim.lines.iter().filter(is_missing).cloned().collect()
        };
        let new_contact = self.contact.email != next.contact.email;
        ClaimChange { added: lines_only_in(next, self), removed: lines_only_in(self, next), new_contact }
    }
}

/// One line of a claim: a workload or a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The product's display name.
    pub(crate) product: String,
    /// The workload or subscription of the tenant.
    pub(crate) key: AssociationKey,
}

/// The changes of an edit after submission (R29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimChange {
    /// The lines that the edit added.
    pub(crate) added: Vec<Line>,
    /// The lines that the edit removed.
    pub(crate) removed: Vec<Line>,
    /// Whether the edit changed the e-mail address of the customer contact.
    pub(crate) new_contact: bool,
}

/// The customer contact. Both fields are empty after the contact was erased (R56).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// The full name of the contact.
    pub(crate) name: Personal,
    /// The e-mail address of the contact.
    pub(crate) email: Personal,
}
