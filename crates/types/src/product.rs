use crate::words::words;

words! {
    /// The family of a catalog product (R9).
    pub enum ProductFamily, "a product family" {
        /// Microsoft 365 workloads.
        Microsoft365 = "microsoft_365",
        /// Dynamics 365, whose claims need a technical contact (R10 i).
        Dynamics365 = "dynamics_365",
        /// Power BI.
        PowerBi = "power_bi",
        /// Power Apps, Power Automate.
        PowerPlatform = "power_platform",
    }
}

words! {
    /// How a catalog product is claimed (R9).
    pub enum ProductKind, "a product kind" {
        /// As a workload of the tenant.
        Workload = "workload",
        /// By a subscription to it.
        Subscription = "subscription",
    }
}
