//! What is wrong with a claim, field by field (R11).
use super::string_enum;
use serde::{Deserialize, Serialize};

/// Something that a submission refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Path of the claim's field, for example `customer_contact.email` or `lines[1]`.
    pub field: String,
    /// A stable reason: a [`Fault`], or one of the directory's.
    pub reason: String,
    /// The same in words.
    pub description: String,
}

string_enum! {
    /// What the claim itself tells to be wrong; the directory has reasons of its own.
    Fault {
        /// The field is needed (R10).
        FieldRequired = "FIELD_REQUIRED",
        /// The field must be empty here (R10 k).
        FieldNotAllowed = "FIELD_NOT_ALLOWED",
        /// The value has not the shape that is needed.
        FieldMalformed = "FIELD_MALFORMED",
        /// The activity is not claimed in the solution area (R7).
        ActivityNotInSolutionArea = "ACTIVITY_NOT_IN_SOLUTION_AREA",
        /// Usage and pre-sales exclude revenue association (R8).
        ActivitiesExcludeEachOther = "ACTIVITIES_EXCLUDE_EACH_OTHER",
        /// The program is not claimed here (R6).
        UseCoopClaims = "USE_COOP_CLAIMS",
        /// The program is not that of solution area and activities (R7).
        ProgramDoesNotMatch = "PROGRAM_DOES_NOT_MATCH",
        /// The product is claimed twice for one subscription (R10 f).
        DuplicateLine = "DUPLICATE_LINE",
        /// The company has the line in another open or approved claim (R38).
        AlreadyClaimed = "ALREADY_CLAIMED",
        /// At least one document is needed (R10 l).
        EvidenceRequired = "EVIDENCE_REQUIRED",
        /// The terms must be acknowledged (R10 m).
        TermsNotAcknowledged = "TERMS_NOT_ACKNOWLEDGED",
    }
}

impl Fault {
    /// A violation of this kind at `field`.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Violation {
        Violation { field: field.into(), reason: self.as_str().to_owned(), description: self.description().to_owned() }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::FieldRequired => "is needed",
            Self::FieldNotAllowed => "is for revenue association only",
            Self::FieldMalformed => "cannot be told from what is given",
            Self::ActivityNotInSolutionArea => "is not claimed in this solution area",
            Self::ActivitiesExcludeEachOther => {
                "usage and pre-sales cannot be claimed together with revenue association"
            }
            Self::UseCoopClaims => "is not claimed here: use the co-op claims process",
            Self::ProgramDoesNotMatch => "is not the program of this solution area and these activities",
            Self::DuplicateLine => "is claimed twice",
            Self::AlreadyClaimed => "is in another open or approved claim of your company for the same activity",
            Self::EvidenceRequired => "at least one document is needed",
            Self::TermsNotAcknowledged => "the terms must be acknowledged",
        }
    }
}
