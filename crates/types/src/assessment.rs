//! The results of eligibility assessments. An assessment applies a program guide (a versioned set
//! of conditions) to one line of a claim (a claimed workload or subscription), one activity and one
//! month.

use crate::string_enum;

string_enum! {
    /// Whether a line is eligible for incentives for an activity (R52).
    pub enum Verdict, "a verdict" {
        /// All conditions of the program guide hold.
        Eligible = "eligible",
        /// At least one condition of the program guide does not hold.
        NotEligible = "not_eligible",
        /// The partner is recognized for the line. The program never pays for this product or
        /// activity (R53).
        RecognitionOnly = "recognition_only",
    }
}
