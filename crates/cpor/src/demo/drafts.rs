//! The drafts of the demo's claims. The customers are the example tenants of
//! `examples/directory.json`.

use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::{Activity, Contact, SolutionArea},
};

/// The tenant id of Fabrikam.
pub(super) const FABRIKAM: &str = "6f1d8a52-0c1e-4c55-9a7e-5d1f3c8b2a10";
/// The Dynamics 365 Sales subscription of Fabrikam.
const FABRIKAM_SALES: &str = "2b7e4a90-93f1-4f5e-8d57-0a1c6e9d4f21";
/// The tenant id of Litware.
pub(super) const LITWARE: &str = "1c9f0e7b-2d64-4b1f-8a35-77d0b2c4e911";
/// The tenant id of Tailspin.
const TAILSPIN: &str = "b3a7c5d1-6e8f-4a2b-9c0d-1e2f3a4b5c6d";

/// Returns a claim for pre-sales of Dynamics 365 Sales to Fabrikam, by the partner location with
/// this MPN (Microsoft Partner Network) id.
pub(super) fn fabrikam_presales(mpn_id: &str, partner_contact_name: &str) -> Claim {
    Claim {
        display_name: "Fabrikam sales rollout".into(),
        mpn_id: mpn_id.into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: FABRIKAM.into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::PreSales.into()],
        lines: vec![ClaimLine {
            product: "products/dynamics-365-sales".into(),
            subscription_id: FABRIKAM_SALES.into(),
            ..ClaimLine::default()
        }],
        customer_contact: contact("Jana Dvořáková", "Head of Sales Operations", "jana.dvorakova@fabrikam.example"),
        customer_technical_contact: contact("Petr Malý", "IT Manager", "petr.maly@fabrikam.example"),
        partner_contact: contact(partner_contact_name, "", "claims@partner.example"),
        ..Claim::default()
    }
}

/// Returns a claim for usage of these workloads at Litware, by Northwind.
pub(super) fn litware_usage(products: &[&str]) -> Claim {
    let line = |product: &&str| ClaimLine { product: format!("products/{product}"), ..ClaimLine::default() };
    Claim {
        display_name: "Litware migration".into(),
        mpn_id: "2001".into(),
        customer_domain: "litware.example".into(),
        tenant_id: LITWARE.into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        lines: products.iter().map(line).collect(),
        customer_contact: contact("Maria Rossi", "CIO", "maria.rossi@litware.example"),
        partner_contact: contact("Nora Novak", "", "nora@northwind.example"),
        ..Claim::default()
    }
}

/// Returns a claim for usage of Power BI at Tailspin, by Contoso.
pub(super) fn tailspin_usage() -> Claim {
    Claim {
        display_name: "Tailspin reporting".into(),
        mpn_id: "1001".into(),
        customer_domain: "tailspin.example".into(),
        tenant_id: TAILSPIN.into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::Usage.into()],
        // The system fills in the subscription id, because the tenant has only one Power BI
        // subscription.
        lines: vec![ClaimLine { product: "products/power-bi".into(), ..ClaimLine::default() }],
        customer_contact: contact("Karl Lang", "Head of Finance", "karl.lang@tailspin.example"),
        partner_contact: contact("Erik Weber", "", "erik@contoso.example"),
        ..Claim::default()
    }
}

/// Returns a claim for usage of one of Fabrikam's subscriptions, by the partner location with this
/// MPN id.
pub(super) fn fabrikam_usage(mpn_id: &str, partner_contact_name: &str, product: &str, subscription: &str) -> Claim {
    Claim {
        display_name: format!("Fabrikam {product}"),
        activities: vec![Activity::Usage.into()],
        lines: vec![ClaimLine {
            product: format!("products/{product}"),
            subscription_id: subscription.into(),
            ..ClaimLine::default()
        }],
        terms_acknowledged: true,
        ..fabrikam_presales(mpn_id, partner_contact_name)
    }
}

fn contact(name: &str, title: &str, email: &str) -> Option<Contact> {
    Some(Contact { name: name.into(), title: title.into(), email: email.into() })
}
