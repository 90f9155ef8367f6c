//! The directory (the registry's data about partners and tenants) that every test starts with, and
//! rows to extend it.

use cpor_proto::registry::v1::{DirectoryRow, ImportDirectoryRequest, directory_row::Row};
use prost_reflect::DynamicMessage;

/// The partner Contoso, with the locations 1001 (emea, calendar `de`) and 1002 (americas,
/// `us-east`). It is enrolled in OSA Sell and OSU Business Applications.
pub const CONTOSO: &str = "partners/contoso";
/// The partner Northwind, with the locations 2001 (americas, calendar `us-east`) and 2002 (emea,
/// `cz`). It is enrolled in OSU Microsoft 365 and OSA Sell.
pub const NORTHWIND: &str = "partners/northwind";

/// The tenant Fabrikam: emea, calendar `cz`, domains fabrikam.example and fabrikam-mail.example.
pub const FABRIKAM: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
/// Fabrikam's subscription of Dynamics 365 Sales, bought by Web Direct on 20 February 2026.
pub const FABRIKAM_SALES: &str = "2b7e4a90-93f1-4f5e-8d57-0a1c6e9d4f21";
/// Fabrikam's subscription of Power BI, bought through CSP.
pub const FABRIKAM_CSP: &str = "58f0c6d3-1f7a-4b0e-a7c9-3d5e2b8f6a44";
/// The tenant Litware: americas, calendar `us-east`, domain litware.example. It uses Exchange
/// Online, Teams, SharePoint Online and, as a recognition-only workload, Yammer.
pub const LITWARE: &str = "1c9f0e7b-2d64-4b1f-8a35-77d0b2c4e911";
/// The tenant Tailspin: emea, calendar `de`, domain tailspin.example.
pub const TAILSPIN: &str = "b3a7c5d1-6e8f-4a2b-9c0d-1e2f3a4b5c6d";
/// Tailspin's subscription of Power BI, bought by Volume Licensing on 3 November 2025.
pub const TAILSPIN_POWER_BI: &str = "9d4c2e11-7a6b-4f38-b5d0-6c1a8e3f2b77";

/// Returns the rows of `examples/directory.json`.
pub(crate) fn example_rows() -> Vec<DirectoryRow> {
    let message = cpor_proto::descriptors::pool()
        .get_message_by_name("cpor.registry.v1.ImportDirectoryRequest")
        .expect("the import");
    let mut json = serde_json::Deserializer::from_str(include_str!("../../../examples/directory.json"));
    let request = DynamicMessage::deserialize(message, &mut json).expect("the example directory");
    request.transcode_to::<ImportDirectoryRequest>().expect("the import").rows
}

/// Further rows that the tests need.
pub(crate) fn additional_rows() -> Vec<DirectoryRow> {
    vec![DirectoryRow { row: Some(Row::Workload(rows::workload(LITWARE, "yammer"))) }]
}

/// Builds rows for an import of the directory.
pub mod rows {
    use cpor_proto::{
        registry::v1::{Location, Partner, Subscription, Tenant, Workload},
        r#type::v1::{PurchaseChannel, SubscriptionStatus},
    };

    use crate::timestamp;

    /// Returns a claimable subscription: active, bought by Web Direct on 20 February 2026, for one
    /// year.
    #[must_use]
    pub fn subscription(tenant: &str, id: &str, product: &str) -> Subscription {
        Subscription {
            name: format!("tenants/{tenant}/subscriptions/{id}"),
            product: format!("products/{product}"),
            status: SubscriptionStatus::Active.into(),
            channel: PurchaseChannel::WebDirect.into(),
            purchase_time: Some(timestamp("2026-02-20T10:00:00Z")),
            end_time: Some(timestamp("2027-02-20T00:00:00Z")),
        }
    }

    /// Returns a workload that the tenant uses.
    #[must_use]
    pub fn workload(tenant: &str, product: &str) -> Workload {
        Workload { name: format!("tenants/{tenant}/workloads/{product}"), end_time: None }
    }

    /// Returns a tenant in emea with the calendar `cz` and one domain.
    #[must_use]
    pub fn tenant(id: &str, display_name: &str, domain: &str) -> Tenant {
        Tenant {
            name: format!("tenants/{id}"),
            display_name: display_name.into(),
            region: "emea".into(),
            domains: vec![domain.into()],
            calendar: "cz".into(),
            domain_ends: vec![],
        }
    }

    /// Returns a partner with one location in emea with the calendar `de`, and without enrollments.
    #[must_use]
    pub fn partner(id: &str, mpn_id: &str) -> Partner {
        let location =
            Location { mpn_id: mpn_id.into(), region: "emea".into(), calendar: "de".into(), ..Location::default() };
        Partner {
            name: format!("partners/{id}"),
            display_name: format!("Partner {id}"),
            locations: vec![location],
            enrollments: vec![],
        }
    }
}
