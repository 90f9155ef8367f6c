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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyProfiles;

    fn default_profile() -> PolicyProfile {
        PolicyProfiles::shipped().unwrap().in_force(Timestamp::MAX_UTC).clone()
    }

    #[test]
    fn r61_the_default_profile_says_what_the_rules_say() {
        let business = Length::BusinessDays;
        let profile = default_profile();
        assert_eq!(profile.id().to_string(), "2021@1");
        assert_eq!(profile.customer_notices, CustomerNotices { at_submission: true, at_approval: true });
        assert_eq!(profile.consent_window, Length::CalendarDays(7));
        assert_eq!(profile.partner_response, business(5));
        assert_eq!(profile.dispute_window, Length::CalendarDays(30));
        let review = ReviewLengths {
            start: business(5),
            decision: business(5),
            overall: business(10),
            dispute_decision: business(5),
        };
        assert_eq!(profile.review, review);
        assert_eq!(profile.evidence, EvidenceLimits { max_document_bytes: 25 * 1024 * 1024, max_documents: 10 });
        assert!(!profile.acknowledgement_of_terms);
    }

    #[test]
    fn r61_every_fault_is_named_at_once() {
        let mut profile = default_profile();
        assert_eq!(profile.validate(), []);
        profile.name = "no spaces".to_owned();
        profile.version = 0;
        profile.consent_window = Length::CalendarDays(0);
        profile.review.overall = Length::BusinessDays(367);
        profile.evidence = EvidenceLimits { max_document_bytes: 0, max_documents: 101 };
        profile.customer_notices.at_approval = false;
        let fields: Vec<_> = profile.validate().iter().map(|fault| fault.field).collect();
        let expected = [
            "name",
            "version",
            "consent_window",
            "review.overall",
            "evidence.max_document_bytes",
            "evidence.max_documents",
            "customer_notices.at_approval",
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn r61_a_claim_records_name_and_version() {
        let id: PolicyId = "2021@1".parse().unwrap();
        assert_eq!(id, default_profile().id());
        for bad in ["", "2021", "2021@", "@1", "20 21@1", "2021@-1", "2021@1@1"] {
            assert!(bad.parse::<PolicyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_profile_reads_back_from_json() {
        let profile = default_profile();
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<PolicyProfile>(&json).unwrap(), profile);
    }
}
