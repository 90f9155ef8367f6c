//! Policy profiles, and their validation. A policy profile holds the values that the business rules
//! do not fix, for example the lengths of deadlines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::text_conversions;
use crate::{Length, Malformed};

/// A policy profile: the values that the business rules do not fix (R61). A claim keeps the profile
/// that it was submitted under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyProfile {
    /// The name of the profile, for example `2021`.
    pub name: String,
    /// The version of the profile, starting with 1.
    pub version: u32,
    /// Whether the partner must acknowledge the terms before it can submit a claim (R10 m).
    pub acknowledgement_of_terms: bool,
    /// The length of the consent window, in which silence of the customer counts as consent (R41),
    /// in the tenant's calendar.
    pub consent_window: Length,
    /// The notice from which the consent window is counted (R41).
    pub consent_window_from: WindowStart,
    /// Whether the customer may still decline after the consent window has passed (R43).
    pub decline_after_window: bool,
    /// The states in which the partner may edit the claim after submission (R29).
    pub edits_after_submission: EditsAfterSubmission,
    /// Whether evidence may be added to an approved claim (R29).
    pub evidence_when_approved: bool,
    /// Whether the partner of an approved claim may add evidence while another company claims the
    /// same workload or subscription (R37a).
    pub evidence_when_contested: bool,
    /// Whether the review clocks (the deadlines of the review) run while the claim competes with
    /// claims of other companies (R37).
    pub review_clocks_run_while_competing: bool,
    /// Whether a revenue association excludes other companies from its workload or subscription
    /// (R34).
    pub revenue_association_exclusive: bool,
    /// Whether the partner may decline payment for the claim (R54b).
    pub partner_may_decline_payment: bool,
    /// The roles of the partner that may submit the claim (R4).
    pub submitters: Submitters,
    /// The number of times that the partner may dispute rejections of one claim (R28), or `None`
    /// for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disputes_per_claim: Option<u32>,
    /// How long before their own deadlines partners and reviewers are reminded (R48), in the
    /// calendar of the deadline.
    pub reminder_before: Length,
    /// The time within which the partner must answer a reviewer's request for action (R22), in the
    /// calendar of the partner's location.
    pub partner_response: Length,
    /// The time within which a rejection can be disputed (R28), in the calendar of the partner's
    /// location.
    pub dispute_window: Length,
    /// The time after the approval within which the customer's mail system must accept a notice, a
    /// mail about the claim (R41a), in the tenant's calendar.
    pub customer_delivery: Length,
    /// The occasions on which the customer is notified (R40).
    pub customer_notices: CustomerNotices,
    /// The limits for evidence (R14).
    pub evidence: EvidenceLimits,
    /// The lengths of the review deadlines (R45), in the vendor's calendar.
    pub review: ReviewLengths,
}

/// The occasions on which the customer contact is notified by e-mail (R40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerNotices {
    /// Whether a notice that asks for approval is sent when the claim is submitted.
    pub at_submission: bool,
    /// Whether a notice that offers to decline is sent when the claim is approved.
    pub at_approval: bool,
}

/// The notice from which the consent window is counted (R41).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowStart {
    /// The notice at submission. The association becomes official no earlier than at the approval.
    NoticeAtSubmission,
    /// The notice at approval.
    NoticeAtApproval,
}

/// The states in which the partner may edit the location, the lines (the claimed workloads or
/// subscriptions) and the contacts after submission (R29). Other rules apply to evidence and
/// comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditsAfterSubmission {
    /// Never. Only evidence may be added, in the state PARTNER_ACTION_REQUIRED.
    Nothing,
    /// In the state PARTNER_ACTION_REQUIRED.
    WhilePartnerActs,
    /// In the states SUBMITTED and PARTNER_ACTION_REQUIRED.
    UntilReview,
}

/// The roles of the partner that may submit a claim (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitters {
    /// The role `incentives_admin` only.
    IncentivesAdmin,
    /// All roles except `incentives_user`, which may only change drafts.
    AllAdmins,
}

/// The limits for evidence (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceLimits {
    /// The largest size of one document in bytes.
    pub max_document_bytes: u64,
    /// The largest number of documents per submission, response or dispute.
    pub max_documents: u32,
}

/// The lengths of the review deadlines (R45).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewLengths {
    /// From submission to the start of the review.
    pub start: Length,
    /// From the start of the review to the decision.
    pub decision: Length,
    /// From submission to the decision, or `None` when there is no such deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overall: Option<Length>,
    /// From a dispute to its decision.
    pub dispute_decision: Length,
}

/// The name and version of a policy profile, written `2021@1`. A claim records those of the profile
/// that it was submitted under (R61).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyId {
    /// The name of the profile, for example `2021`.
    pub name: String,
    /// The version of the profile, starting with 1.
    pub version: u32,
}

/// An invalid value in a policy profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct PolicyViolation {
    /// The path of the field in the document, for example `review.start`.
    pub field: &'static str,
    /// The rule that the value breaks.
    pub problem: String,
}

impl PolicyProfile {
    /// The greatest length of any deadline in days.
    const MAX_DAYS: u32 = 366;
    /// The greatest size of a document that a profile may allow: 1 GiB.
    const MAX_BYTES: u64 = 1 << 30;
    /// The greatest number of documents that a profile may allow.
    const MAX_DOCUMENTS: u32 = 100;

    /// Returns the name and version of the profile.
    #[must_use]
    pub fn id(&self) -> PolicyId {
        PolicyId { name: self.name.clone(), version: self.version }
    }

    /// Returns all violations in the profile. The profile is valid if there are none.
    #[must_use]
    pub fn validate(&self) -> Vec<PolicyViolation> {
        let mut violations = Vec::new();
        let mut check = |field, is_valid: bool, problem: String| {
            if !is_valid {
                violations.push(PolicyViolation { field, problem });
            }
        };
        check(
            "name",
            is_name(&self.name),
            format!("must be 1 to 63 letters, digits and hyphens, but is `{}`", self.name),
        );
        check("version", self.version >= 1, "must be at least 1".to_owned());
        for (field, length) in self.lengths() {
            let in_range = (1..=Self::MAX_DAYS).contains(&length.days());
            check(field, in_range, format!("must be 1 to {} days, but is {}", Self::MAX_DAYS, length.days()));
        }
        let EvidenceLimits { max_document_bytes: bytes, max_documents: documents } = self.evidence;
        check(
            "evidence.max_document_bytes",
            (1..=Self::MAX_BYTES).contains(&bytes),
            format!("must be 1 to {}, but is {bytes}", Self::MAX_BYTES),
        );
        check(
            "evidence.max_documents",
            (1..=Self::MAX_DOCUMENTS).contains(&documents),
            format!("must be 1 to {}, but is {documents}", Self::MAX_DOCUMENTS),
        );
        // If this notice were not sent, the consent window would never start and no association
        // would become official (R41).
        let (field, is_sent) = match self.consent_window_from {
            WindowStart::NoticeAtSubmission => ("customer_notices.at_submission", self.customer_notices.at_submission),
            WindowStart::NoticeAtApproval => ("customer_notices.at_approval", self.customer_notices.at_approval),
        };
        check(field, is_sent, "must be true: the consent window is counted from this notice".to_owned());
        violations
    }

    /// Returns all deadline lengths of the profile with the paths of their fields.
    fn lengths(&self) -> impl Iterator<Item = (&'static str, Length)> {
        let required = [
            ("consent_window", self.consent_window),
            ("reminder_before", self.reminder_before),
            ("partner_response", self.partner_response),
            ("dispute_window", self.dispute_window),
            ("customer_delivery", self.customer_delivery),
            ("review.start", self.review.start),
            ("review.decision", self.review.decision),
            ("review.dispute_decision", self.review.dispute_decision),
        ];
        required.into_iter().chain(self.review.overall.map(|overall| ("review.overall", overall)))
    }
}

/// Returns whether the text is a valid name of a profile: 1 to 63 letters, digits and hyphens.
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
        parse().ok_or_else(|| Malformed::new("a policy profile in the form name@version", text))
    }
}

text_conversions!(PolicyId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PolicyProfiles, Timestamp};

    fn default_profile() -> PolicyProfile {
        PolicyProfiles::shipped().unwrap().in_force(Timestamp::MAX_UTC).clone()
    }

    #[test]
    fn r61_the_default_profile_follows_the_rules() {
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
            overall: Some(business(10)),
            dispute_decision: business(5),
        };
        assert_eq!(profile.review, review);
        assert_eq!(profile.evidence, EvidenceLimits { max_document_bytes: 25 * 1024 * 1024, max_documents: 10 });
        assert!(!profile.acknowledgement_of_terms);
        assert_eq!(profile.consent_window_from, WindowStart::NoticeAtApproval);
        assert_eq!(profile.edits_after_submission, EditsAfterSubmission::UntilReview);
        assert_eq!((profile.decline_after_window, profile.evidence_when_approved), (false, false));
        assert_eq!((profile.disputes_per_claim, profile.reminder_before), (None, business(1)));
        assert!(!profile.review_clocks_run_while_competing);
        assert!(!profile.revenue_association_exclusive);
        assert!(!profile.partner_may_decline_payment);
        assert_eq!(profile.submitters, Submitters::AllAdmins);
    }

    #[test]
    fn r61_the_other_profiles_differ_as_documented() {
        let (business, profiles) = (Length::BusinessDays, PolicyProfiles::shipped().unwrap());
        let get = |id: &str| profiles.get(&id.parse().unwrap()).unwrap().clone();
        let (old, default, new) = (get("2020@1"), get("2021@1"), get("2023@1"));

        assert_eq!(old.customer_notices, CustomerNotices { at_submission: true, at_approval: false });
        assert_eq!((old.consent_window, old.consent_window_from), (business(5), WindowStart::NoticeAtSubmission));
        assert_eq!(old.edits_after_submission, EditsAfterSubmission::Nothing);
        assert_eq!(old.review, default.review);
        assert_eq!((old.decline_after_window, old.evidence_when_approved), (false, false));
        assert_eq!((old.disputes_per_claim, old.acknowledgement_of_terms), (None, false));
        assert_eq!((old.partner_response, old.submitters), (business(5), Submitters::IncentivesAdmin));
        assert!(!old.review_clocks_run_while_competing && !old.revenue_association_exclusive);
        assert!(!old.partner_may_decline_payment);

        assert_eq!(new.customer_notices, default.customer_notices);
        assert_eq!(
            (new.consent_window, new.consent_window_from),
            (default.consent_window, WindowStart::NoticeAtApproval)
        );
        assert_eq!(new.edits_after_submission, EditsAfterSubmission::WhilePartnerActs);
        assert_eq!((new.decline_after_window, new.evidence_when_approved), (true, true));
        assert_eq!((new.disputes_per_claim, new.acknowledgement_of_terms), (Some(1), true));
        assert_eq!(new.partner_response, business(14));
        let review =
            ReviewLengths { start: business(5), decision: business(14), overall: None, dispute_decision: business(5) };
        assert_eq!(new.review, review);
        assert!(new.review_clocks_run_while_competing && new.revenue_association_exclusive);
        assert_eq!((new.partner_may_decline_payment, new.submitters), (true, Submitters::AllAdmins));
        for profile in [old, new] {
            assert_eq!(profile.evidence, default.evidence);
            assert_eq!((profile.dispute_window, profile.reminder_before), (Length::CalendarDays(30), business(1)));
        }
    }

    #[test]
    fn r61_all_violations_are_reported_at_once() {
        let mut profile = default_profile();
        assert_eq!(profile.validate(), []);
        profile.name = "no spaces".to_owned();
        profile.version = 0;
        profile.consent_window = Length::CalendarDays(0);
        profile.review.overall = Some(Length::BusinessDays(367));
        profile.evidence = EvidenceLimits { max_document_bytes: 0, max_documents: 101 };
        profile.customer_notices.at_approval = false;
        let fields: Vec<_> = profile.validate().iter().map(|violation| violation.field).collect();
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
    fn a_profile_survives_json() {
        let profile = default_profile();
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<PolicyProfile>(&json).unwrap(), profile);
    }
}
