//! The violations of a claim: what is wrong with it, field by field (R11). This service finds most
//! of them itself. The registry service finds others when it checks the claim against its
//! directory, the records of partners, tenants, subscriptions and products (R12). A *line* is the
//! part of a claim that is about one workload or subscription of the customer.
use super::string_enum;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with one field of a claim. A submission with violations is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The path of the field, for example `customer_contact.email` or `lines[1]`.
    pub field: String,
    /// The stable reason: one of [`ViolationReason`], or one of the registry's reasons.
    pub reason: String,
    /// The rule that the field violates, as text.
    pub description: String,
}

string_enum! {
    /// The reasons of the violations that this service finds itself. The registry service has
    /// further reasons.
    pub enum ViolationReason, "a reason of a violation" {
        /// The field is required (R10).
        FieldRequired = "FIELD_REQUIRED",
        /// The field must be empty for the claimed activities (R10 k).
        FieldNotAllowed = "FIELD_NOT_ALLOWED",
        /// The value of the field is malformed.
        FieldMalformed = "MALFORMED",
        /// The activity does not belong to the solution area (R7).
        ActivityNotInSolutionArea = "ACTIVITY_NOT_IN_SOLUTION_AREA",
        /// Revenue association cannot be combined with usage or pre-sales (R8).
        ActivitiesExcludeEachOther = "ACTIVITIES_EXCLUDE_EACH_OTHER",
        /// This system does not handle the program; the co-op claims process handles it (R6).
        UseCoopClaims = "USE_COOP_CLAIMS",
        /// The program is not the one that solution area and activities determine (R7).
        ProgramDoesNotMatch = "PROGRAM_DOES_NOT_MATCH",
        /// The product is claimed twice for one subscription (R10 f).
        DuplicateLine = "DUPLICATE_LINE",
        /// The company claims the workload or subscription in another open or approved claim, for
        /// the same activity (R38).
        AlreadyClaimed = "ALREADY_CLAIMED",
        /// At least one document is required (R10 l).
        EvidenceRequired = "EVIDENCE_REQUIRED",
        /// The address of a customer contact is at the partner contact's domain, which is not one
        /// of the tenant's domains (R43a).
        ContactAtPartnerDomain = "CONTACT_AT_PARTNER_DOMAIN",
        /// The terms must be acknowledged (R10 m).
        TermsNotAcknowledged = "TERMS_NOT_ACKNOWLEDGED",
    }
}

impl ViolationReason {
    /// Returns a violation of the field at the path `field` for this reason.
    #[must_use]
    pub fn violation(self, field: impl Into<String>) -> Violation {
        Violation { field: field.into(), reason: self.as_str().to_owned(), description: self.description().to_owned() }
    }

    /// Returns the text of the rule that is violated.
    const fn description(self) -> &'static str {
        match self {
            Self::FieldRequired => "is required",
            Self::FieldNotAllowed => "must be empty unless the claim is for revenue association",
            Self::FieldMalformed => "has an invalid value",
            Self::ActivityNotInSolutionArea => "must be an activity of the solution area",
            Self::ActivitiesExcludeEachOther => "must not combine revenue association with usage or pre-sales",
            Self::UseCoopClaims => "is not handled here; use the co-op claims process",
            Self::ProgramDoesNotMatch => "must be the program of the solution area and activities",
            Self::DuplicateLine => "must not repeat another line of the claim",
            Self::AlreadyClaimed => {
                "is already in another open or approved claim of your company for the same activity"
            }
            Self::EvidenceRequired => "must contain at least one document",
            Self::ContactAtPartnerDomain => {
                "must not be at the domain of the partner contact's address, unless that is one of the customer's domains"
            }
            Self::TermsNotAcknowledged => "must be true: the terms must be acknowledged",
        }
    }
}
