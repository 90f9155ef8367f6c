//! The clocks of a review. A review clock is a deadline that can stop and later continue with the
//! time that was left.

use crate::string_enum;

string_enum! {
    /// A clock of a review case (R45).
    pub enum ReviewClock, "a review clock" {
        /// Runs from the submission to the start of the review.
        Start = "review_start",
        /// Runs from the start of the review to the decision.
        Decision = "review_decision",
        /// Runs from the submission to the decision, except while the claim is with the partner.
        Overall = "overall",
        /// Runs from the dispute to its decision, except while the claim is with the partner.
        DisputeDecision = "dispute_decision",
    }
}
