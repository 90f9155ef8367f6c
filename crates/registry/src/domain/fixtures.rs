//! Partners, tenants and claims for the tests of the domain.
use std::str::FromStr;

use cpor_types::{
    Activity, AssociationKey, ClaimId, ClaimName, DecisionId, LineId, SolutionArea, SubscriptionId, Timestamp,
};
use uuid::Uuid;

use super::catalog::Catalog;
use super::directory::{
    Location, PartnerProfile, PurchaseChannel, Subscription, SubscriptionStatus, TenantDirectory, TenantProfile,
};
use super::hold::{HoldRequest, LineToHold};
use super::partner::Partner;
use super::snapshot::TenantRow;
use super::tenant::{Tenant, TenantChange};

pub(crate) const MPN_ID: &str = "100";
pub(crate) const DOMAIN: &str = "fabrikam.example";

/// Parses an id or any other value that has a text form.
pub(crate) fn id<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub(crate) fn subscription_id(n: u128) -> SubscriptionId {
    SubscriptionId(Uuid::from_u128(n))
}

pub(crate) fn at(text: &str) -> Timestamp {
    id(text)
}

pub(crate) fn now() -> Timestamp {
    at("2026-03-02T09:00:00Z")
}

pub(crate) fn catalog() -> Catalog {
    Catalog::shipped().unwrap()
}

pub(crate) fn partner() -> PartnerProfile {
    let location = Location { region: "emea".to_owned(), calendar: "de".to_owned(), end_time: None, language: None };
    PartnerProfile {
        display_name: "Contoso".to_owned(),
        locations: [(id(MPN_ID), location)].into(),
        enrollments: Vec::new(),
    }
}

/// The company with the profile of [`partner`].
pub(crate) fn company() -> Partner {
    Partner::import(None, &id("contoso"), partner()).unwrap().0
}

/// An active subscription of a product, bought directly and open-ended.
pub(crate) fn active(product: &str) -> Subscription {
    Subscription {
        product: id(product),
        status: SubscriptionStatus::Active,
        channel: PurchaseChannel::WebDirect,
        purchase_time: at("2026-01-10T00:00:00Z"),
        end_time: None,
        expire_time: None,
    }
}

/// The directory data of a tenant that uses Teams and has one subscription, number 1, of Power BI.
pub(crate) fn directory() -> TenantDirectory {
    TenantDirectory {
        profile: TenantProfile {
            display_name: "Fabrikam".to_owned(),
            region: "emea".to_owned(),
            calendar: "cz".to_owned(),
            domains: [id(DOMAIN)].into(),
            domain_ends: [].into(),
        },
        subscriptions: [(subscription_id(1), active("power-bi"))].into(),
        workloads: [(id("teams"), None)].into(),
    }
}

/// A tenant with the data of [`directory`] and no associations.
pub(crate) fn tenant() -> Tenant {
    let TenantDirectory { profile, subscriptions, workloads } = directory();
    let mut tenant = Tenant::new(Uuid::from_u128(7).into(), profile);
    tenant.directory.subscriptions = subscriptions;
    tenant.directory.workloads = workloads;
    tenant
}

impl Tenant {
    /// Imports one subscription.
    pub(crate) fn import_subscription(
        &self,
        id: SubscriptionId,
        subscription: Subscription,
        now: Timestamp,
    ) -> Option<TenantChange> {
        Self::import(Some(self), self.id, &[TenantRow::Subscription(id, subscription)], now).unwrap().1
    }
}

pub(crate) fn claim(partner: &str, n: u128) -> ClaimName {
    ClaimName { partner: id(partner), claim: ClaimId(Uuid::from_u128(n)) }
}

/// A request with the decision id `n` to hold subscription 1, of Power BI, for a claim with these
/// activities.
pub(crate) fn hold(claim: &ClaimName, n: u128, activities: &[Activity]) -> HoldRequest {
    HoldRequest {
        decision_id: DecisionId(Uuid::from_u128(n)),
        claim: claim.clone(),
        review_case: None,
        mpn_id: id(MPN_ID),
        customer_domain: DOMAIN.to_owned(),
        solution_area: SolutionArea::BusinessApplications,
        activities: activities.to_vec(),
        lines: vec![line(claim, 1)],
        submit_time: at("2026-02-20T09:00:00Z"),
        revenue_association_exclusive: false,
    }
}

/// The claim's line about subscription `n`.
pub(crate) fn line(claim: &ClaimName, n: u128) -> LineToHold {
    let line_id = LineId(Uuid::from_u128(claim.claim.0.as_u128() * 1000 + n));
    LineToHold { line_id, product: id("power-bi"), key: AssociationKey::Subscription(subscription_id(n)) }
}
