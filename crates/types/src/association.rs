//! The reasons why associations end. An association puts a partner on record for one workload or
//! subscription of a tenant (the key).

use crate::string_enum;

string_enum! {
    /// The reason why an association ended (R35).
    pub enum AssociationEndReason, "a reason for the end of an association" {
        /// The customer declined.
        Declined = "declined",
        /// The partner withdrew the claim.
        Withdrawn = "withdrawn",
        /// The subscription or the use of the workload ended (R2a, R39, R58).
        Expired = "expired",
        /// A review lead gave the key to another company (R37).
        Superseded = "superseded",
        /// The claim was rejected for a reason other than a decline or a withdrawal.
        Rejected = "rejected",
    }
}
