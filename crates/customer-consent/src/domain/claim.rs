use std::fmt;

use cpor_types::{Activity, AssociationKey, ClaimName, DomainName, MpnId, PolicyId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// The claim as the customer is shown it (R40): what claim-intake last stated, without proof, comments or notes (R5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimSummary {
    /// The claim.
    pub(crate) name: ClaimName,
    /// The partner's display name.
    pub(crate) partner: String,
    /// The partner location on the claim.
    pub(crate) mpn_id: MpnId,
    /// The customer.
    pub(crate) tenant: TenantId,
    /// The customer's display name; may be empty.
    pub(crate) customer: String,
    /// The customer's domain on the claim.
    pub(crate) customer_domain: DomainName,
    /// What the partner calls the claim.
    pub(crate) display_name: String,
    /// What the partner says it does.
    pub(crate) activities: Vec<Activity>,
    /// What is claimed.
    pub(crate) lines: Vec<Line>,
    /// The policy that the claim was submitted under (R61).
    pub(crate) policy: PolicyId,
    /// The tenant's calendar, by id (R46).
    pub(crate) calendar: String,
    /// Whom notices go to.
    pub(crate) contact: Contact,
    /// When the claim was first submitted.
    pub(crate) submit_time: Timestamp,
    /// How often the customer was asked anew since (R29): an approval is of the asking that it answers.
    pub(crate) askings: u32,
}

impl ClaimSummary {
    /// The customer's display name, or its domain where the directory has no name.
    pub(crate) fn customer_name(&self) -> &str {
        if self.customer.is_empty() { self.customer_domain.as_str() } else { &self.customer }
    }

    /// What is different in `next`, of what the customer is told about.
    pub(crate) fn difference_to(&self, next: &Self) -> ClaimChange {
        let lines_only_in = |claim: &Self, other: &Self| {
            let is_missing = |line: &&Line| other.lines.iter().all(|known| known.key != line.key);
            claim.lines.iter().filter(is_missing).cloned().collect()
        };
        let new_contact = self.contact.email != next.contact.email;
        ClaimChange { added: lines_only_in(next, self), removed: lines_only_in(self, next), new_contact }
    }
}

/// One workload or subscription that is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The product's display name.
    pub(crate) product: String,
    /// What of the tenant is claimed.
    pub(crate) key: AssociationKey,
}

/// What a partner changed after its submission (R29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimChange {
    /// What is claimed now and was not before.
    pub(crate) added: Vec<Line>,
    /// What is no longer claimed.
    pub(crate) removed: Vec<Line>,
    /// Another person is the contact.
    pub(crate) new_contact: bool,
}

/// The customer's contact; empty once it was erased. Personal data: not for logs, so `Debug` shows none of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contact {
    /// Full name.
    pub(crate) name: String,
    /// E-mail address.
    pub(crate) email: String,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact([redacted])")
    }
}
