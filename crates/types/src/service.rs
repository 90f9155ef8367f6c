use crate::words::words;

words! {
    /// One of the five services.
    pub enum Service, "a service" {
        /// Claims with their lines, evidence, comments and history.
        ClaimIntake = "claim-intake",
        /// Review cases, assignment, decisions.
        PoeReview = "poe-review",
        /// Consent requests, and the customer's page.
        CustomerConsent = "customer-consent",
        /// Program guides, usage, assessments.
        Eligibility = "eligibility",
        /// Directory, catalog, associations.
        Registry = "registry",
    }
}
