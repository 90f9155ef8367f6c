//! The families and kinds of the products in the catalog, the list of products and workloads that
//! can be claimed.

use crate::string_enum;

string_enum! {
    /// The family of a catalog product (R9).
    pub enum ProductFamily, "a product family" {
        /// Microsoft 365 workloads.
        Microsoft365 = "microsoft_365",
        /// Dynamics 365. A claim of such a product needs a technical contact (R10 i).
        Dynamics365 = "dynamics_365",
        /// Power BI.
        PowerBi = "power_bi",
        /// Power Apps and Power Automate.
        PowerPlatform = "power_platform",
    }
}

string_enum! {
    /// The way in which a catalog product is claimed (R9).
    pub enum ProductKind, "a product kind" {
        /// The product is claimed as a workload of the tenant.
        Workload = "workload",
        /// The product is claimed by subscription.
        Subscription = "subscription",
    }
}
