//! Why associations end.

use crate::string_enum;

string_enum! {
    /// Why an association ended (R35).
    pub enum AssociationEndReason, "a reason for the end of an association" {
        /// The customer declined.
        Declined = "declined",
        /// The partner withdrew the claim.
        Withdrawn = "withdrawn",
        /// The subscription ended (R39, R58).
        Expired = "expired",
        /// Another company was awarded the key (R37).
        Superseded = "superseded",
        /// The claim was rejected for any other reason.
        Rejected = "rejected",
    }
}
