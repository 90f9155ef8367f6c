//! The names of the services.

use crate::string_enum;

string_enum! {
    /// One of the five services of the system.
    pub enum Service, "a service" {
        /// Stores claims with their lines, evidence, comments and history.
        ClaimIntake = "claim-intake",
        /// Stores review cases, their assignment and their decisions.
        PoeReview = "poe-review",
        /// Asks customers for their consent and serves the customer's page.
        CustomerConsent = "customer-consent",
        /// Stores program guides, usage, assessments and earnings.
        Eligibility = "eligibility",
        /// Stores the directory (partners, tenants and subscriptions), the catalog and the
        /// associations.
        Registry = "registry",
    }
}
