//! Contents of draft claims that are complete except for evidence.

use cpor_proto::{
    claims::v1::{Claim, ClaimLine},
    r#type::v1::{Activity, Contact, SolutionArea},
};

use crate::{FABRIKAM, LITWARE};

/// Returns a contact with name, title and e-mail address.
#[must_use]
pub fn contact(name: &str, title: &str, email: &str) -> Option<Contact> {
    Some(Contact { name: name.into(), title: title.into(), email: email.into() })
}

/// Returns a pre-sales claim of Contoso for Fabrikam, with a subscription of Dynamics 365 Sales.
pub(crate) fn presales(subscription: &str) -> Claim {
    Claim {
        display_name: "Fabrikam sales rollout".into(),
        mpn_id: "1001".into(),
        customer_domain: "fabrikam.example".into(),
        tenant_id: FABRIKAM.into(),
        solution_area: SolutionArea::BusinessApplications.into(),
        activities: vec![Activity::PreSales.into()],
        lines: vec![line("dynamics-365-sales", subscription)],
        customer_contact: contact("Jana Dvořáková", "Head of Sales Operations", "jana.dvorakova@fabrikam.example"),
        customer_technical_contact: contact("Petr Malý", "IT Manager", "petr.maly@fabrikam.example"),
        partner_contact: contact("Erik Weber", "", "erik.weber@contoso.example"),
        ..Claim::default()
    }
}

/// Returns a usage claim of Contoso for Fabrikam, with a subscription of Power Apps.
pub(crate) fn usage(subscription: &str) -> Claim {
    Claim {
        display_name: "Fabrikam field app".into(),
        activities: vec![Activity::Usage.into()],
        lines: vec![line("power-apps", subscription)],
        customer_technical_contact: None,
        ..presales(subscription)
    }
}

/// Returns a revenue association claim of Contoso for Fabrikam, with a subscription of Power Apps.
pub(crate) fn revenue_association(subscription: &str) -> Claim {
    Claim {
        display_name: "Fabrikam add-on".into(),
        activities: vec![Activity::RevenueAssociation.into()],
        solution_seller_name: "Sandra Novotná".into(),
        customer_name: "Fabrikam a.s.".into(),
        isv_solution_name: "Route Planner".into(),
        ..usage(subscription)
    }
}

/// Returns a usage claim of Northwind for Litware, with these workloads.
pub(crate) fn workloads(products: &[&str]) -> Claim {
    Claim {
        display_name: "Litware migration".into(),
        mpn_id: "2001".into(),
        customer_domain: "litware.example".into(),
        tenant_id: LITWARE.into(),
        solution_area: SolutionArea::Microsoft365.into(),
        activities: vec![Activity::Usage.into()],
        lines: products.iter().map(|product| line(product, "")).collect(),
        customer_contact: contact("Maria Rossi", "CIO", "maria.rossi@litware.example"),
        partner_contact: contact("Nora Novak", "", "nora.novak@northwind.example"),
        ..Claim::default()
    }
}

/// Returns a line of a claim; `subscription` is empty for a workload.
#[must_use]
pub fn line(product: &str, subscription: &str) -> ClaimLine {
    ClaimLine { product: format!("products/{product}"), subscription_id: subscription.into(), ..ClaimLine::default() }
}
