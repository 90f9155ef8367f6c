//! The clocks of a review. A review clock is a deadline that can stop and later continue with the
//! time that was left.

use crate::string_enum;

string_enum! {
    /// A clock of a review case, the reviewers' record of one claim (R45). A clock stops while the
    /// partner has to act. Under some policy profiles (sets of values that the rules leave to
    /// policy) it also stops while a claim of another company competes with the claim.
    pub enum ReviewClock, "a review clock" {
        /// Runs from the submission to the start of the review.
        Start = "review_start",
        /// Runs from the start of the review to the decision.
        Decision = "review_decision",
        /// Runs from the submission to the decision.
        Overall = "overall",
        /// Runs from the dispute to its decision.
        DisputeDecision = "dispute_decision",
    }
}
