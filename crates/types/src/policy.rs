use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::text_conversions;
use crate::{Length, Malformed, Timestamp};

/// Everything that a rule leaves to policy, as data (R61). A claim keeps the profile that it was submitted under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyProfile {
    /// What it is called: `2021`.
    pub name: String,
    /// Which edition of it, from 1.
    pub version: u32,
    /// Claims submitted from this moment on, until another profile's, fall under it.
    pub in_force_from: Timestamp,
    /// Whether submission needs the partner's acknowledgement of the terms (R10 m).
    pub acknowledgement_of_terms: bool,
    /// How long the customer may decline after the notice of approval (R41), in the tenant's calendar.
    pub consent_window: Length,
    /// How long the partner may take to respond to a request (R22), in the location's calendar.
    pub partner_response: Length,
    /// How long a rejection can be disputed (R28), in the location's calendar.
    pub dispute_window: Length,
    /// When the customer is notified (R40).
    pub customer_notices: CustomerNotices,
    /// What evidence may be uploaded (R14).
    pub evidence: EvidenceLimits,
    /// The clocks of a review (R45), in the vendor's calendar.
    pub review: ReviewLengths,
}

/// When the customer contact is notified by e-mail (R40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerNotices {
    /// When the claim is submitted, asking for approval.
    pub at_submission: bool,
    /// When the claim is approved, with the chance to deny.
    pub at_approval: bool,
}

/// What evidence may be uploaded (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceLimits {
    /// Size of one document, in bytes.
    pub max_document_bytes: u64,
    /// Documents per submission, response or dispute.
    pub max_documents: u32,
}

/// How long each step of a review may take (R45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewLengths {
    /// From submission to the start of the review.
    pub start: Length,
    /// From there to the decision.
    pub decision: Length,
    /// From submission to the decision.
    pub overall: Length,
    /// From a dispute to its decision.
    pub dispute_decision: Length,
}

/// A profile in one edition, written `2021@1`: what a claim records (R61).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyId {
    /// What the profile is called.
    pub name: String,
    /// Which edition of it.
    pub version: u32,
}

/// A field of a profile that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct PolicyFault {
    /// The field, as in the document: `review.start`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl PolicyProfile {
    /// The longest that any clock may run, in days.
    const MAX_DAYS: u32 = 366;
    /// The largest document that any profile may allow: 1 GiB.
    const MAX_BYTES: u64 = 1 << 30;
    /// The most documents that any profile may allow.
    const MAX_DOCUMENTS: u32 = 100;

    /// Its name and edition.
    #[must_use]
    pub fn id(&self) -> PolicyId {
        PolicyId { name: self.name.clone(), version: self.version }
    }

    /// Everything that is wrong with it; nothing, if it can be put in force.
    #[must_use]
    pub fn validate(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut check = |field, holds: bool, problem: String| {
            if !holds {
                faults.push(PolicyFault { field, problem });
            }
        };
        check("name", is_name(&self.name), format!("`{}` is not 1 to 63 letters, digits and hyphens", self.name));
        check("version", self.version >= 1, "must be at least 1".to_owned());
        for (field, length) in self.lengths() {
            let in_range = (1..=Self::MAX_DAYS).contains(&length.days());
            check(field, in_range, format!("{} days is not between 1 and {}", length.days(), Self::MAX_DAYS));
        }
        let EvidenceLimits { max_document_bytes: bytes, max_documents: documents } = self.evidence;
        check(
            "evidence.max_document_bytes",
            (1..=Self::MAX_BYTES).contains(&bytes),
            format!("{bytes} is not between 1 and {}", Self::MAX_BYTES),
        );
        check(
            "evidence.max_documents",
            (1..=Self::MAX_DOCUMENTS).contains(&documents),
            format!("{documents} is not between 1 and {}", Self::MAX_DOCUMENTS),
        );
        // The consent window runs from the notice of approval (R41): without it no association becomes official.
        check(
            "customer_notices.at_approval",
            self.customer_notices.at_approval,
            "the consent window needs it".to_owned(),
        );
        faults
    }

    fn lengths(&self) -> [(&'static str, Length); 7] {
        [
            ("consent_window", self.consent_window),
            ("partner_response", self.partner_response),
            ("dispute_window", self.dispute_window),
            ("review.start", self.review.start),
            ("review.decision", self.review.decision),
            ("review.overall", self.review.overall),
            ("review.dispute_decision", self.review.dispute_decision),
        ]
    }
}

fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl FromStr for PolicyId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let parse = || {
            let (name, version) = text.split_once('@')?;
            is_name(name).then_some(())?;
            Some(Self { name: name.to_owned(), version: version.parse().ok()? })
        };
        parse().ok_or_else(|| Malformed::new("a policy profile: name@version", text))
    }
}

text_conversions!(PolicyId);
