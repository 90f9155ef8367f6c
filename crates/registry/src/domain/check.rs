//! The directory checks of a claim (R12) and the subscription that can be filled in (R10 g). One function serves
//! `CheckClaim`, at entry and submission, and `PlaceHold`, at approval: they cannot come to disagree.
use cpor_types::{AssociationKey, MpnId, ProductId, ProductKind, SolutionArea, SubscriptionId, Timestamp};
use uuid::Uuid;

use super::catalog::{Catalog, Product};
use super::directory::{PartnerProfile, PurchaseChannel, Subscription, SubscriptionStatus, TenantDirectory};
use super::reason::Reason;

/// What a claim says that the directory can judge; what it does not say yet is not judged.
#[derive(Clone, Debug)]
pub(crate) struct ClaimToCheck {
    pub(crate) mpn_id: Option<MpnId>,
    pub(crate) customer_domain: Option<String>,
    pub(crate) solution_area: Option<SolutionArea>,
    pub(crate) lines: Vec<LineToCheck>,
}

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct LineToCheck {
    /// `None` when what was entered names no product.
    pub(crate) product: Option<ProductId>,
    /// As entered.
    pub(crate) subscription_id: Option<String>,
}

/// What there is to judge by.
#[derive(Clone, Copy)]
pub(crate) struct Directory<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) partner: Option<&'a PartnerProfile>,
    pub(crate) tenant: TenantSaid<'a>,
}

/// What became of the tenant id on the claim.
#[derive(Clone, Copy)]
pub(crate) enum TenantSaid<'a> {
    /// The claim does not name one yet.
    Nothing,
    /// What it names is no UUID.
    Malformed,
    /// The directory has no such tenant.
    Unknown,
    Known(&'a TenantDirectory),
}

impl<'a> TenantSaid<'a> {
    fn known(self) -> Option<&'a TenantDirectory> {
        match self {
            Self::Nothing | Self::Malformed | Self::Unknown => None,
            Self::Known(tenant) => Some(tenant),
        }
    }
}

/// What the directory says to a claim.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings<'a> {
    /// Everything that is wrong, in the order of the claim's fields.
    pub(crate) violations: Vec<Violation>,
    /// One for each line, in their order.
    pub(crate) lines: Vec<Line<'a>>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: Field,
    pub(crate) reason: Reason,
}

/// The field of the claim that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    MpnId,
    CustomerDomain,
    TenantId,
    /// `lines[n].product`.
    Product(usize),
    /// `lines[n].subscription_id`.
    Subscription(usize),
}

/// What the directory knows of a line.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Line<'a> {
    pub(crate) product: Option<&'a Product>,
    /// As entered or, where exactly one can be meant, that one.
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) key: Option<AssociationKey>,
}

/// Judges a claim by the directory, naming every violation at once.
pub(crate) fn check<'a>(claim: &ClaimToCheck, directory: Directory<'a>, now: Timestamp) -> Findings<'a> {
    let mut findings = Findings::default();
    if let Some(mpn_id) = &claim.mpn_id
        && !directory.partner.is_some_and(|partner| partner.locations.contains_key(mpn_id))
    {
        findings.add(Field::MpnId, Reason::LocationNotOfPartner);
    }
    findings.tenant(claim, directory.tenant);
    for (at, line) in claim.lines.iter().enumerate() {
        let found = findings.line(at, line, claim.solution_area, directory, now);
        findings.lines.push(found);
    }
    findings
}

impl<'a> Findings<'a> {
    fn add(&mut self, field: Field, reason: Reason) {
        let violation = Violation { field, reason };
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    fn tenant(&mut self, claim: &ClaimToCheck, tenant: TenantSaid<'_>) {
        match tenant {
            TenantSaid::Nothing => {}
            TenantSaid::Malformed => self.add(Field::TenantId, Reason::TenantIdMalformed),
            TenantSaid::Unknown => self.add(Field::TenantId, Reason::TenantUnknown),
            TenantSaid::Known(tenant) => {
                if claim.customer_domain.as_deref().is_some_and(|domain| !tenant.profile.owns(domain)) {
                    self.add(Field::CustomerDomain, Reason::DomainNotOfTenant);
                }
            }
        }
    }

    fn line(
        &mut self,
        at: usize,
        line: &LineToCheck,
        area: Option<SolutionArea>,
        directory: Directory<'a>,
        now: Timestamp,
    ) -> Line<'a> {
        let Some(product) = line.product.as_ref().and_then(|id| directory.catalog.get(id)) else {
            self.add(Field::Product(at), Reason::ProductUnknown);
            return Line::default();
        };
        if !product.claimable_at(now) {
            self.add(Field::Product(at), Reason::ProductNotClaimable);
        }
        if area.is_some_and(|area| area != product.solution_area) {
            self.add(Field::Product(at), Reason::ProductOfOtherSolutionArea);
        }
        let tenant = directory.tenant.known();
        match product.kind {
            ProductKind::Workload => self.workload(at, line, product, tenant),
            ProductKind::Subscription => self.subscription(at, line, product, directory, now),
        }
    }

    fn workload(
        &mut self,
        at: usize,
        line: &LineToCheck,
        product: &'a Product,
        tenant: Option<&TenantDirectory>,
    ) -> Line<'a> {
        if line.subscription_id.is_some() {
            self.add(Field::Subscription(at), Reason::SubscriptionIdNotAllowed);
        }
        if tenant.is_some_and(|tenant| !tenant.workloads.contains(&product.id)) {
            self.add(Field::Product(at), Reason::ProductNotOnTenant);
        }
        Line { product: Some(product), subscription_id: None, key: Some(AssociationKey::Workload(product.id.clone())) }
    }

    fn subscription(
        &mut self,
        at: usize,
        line: &LineToCheck,
        product: &'a Product,
        directory: Directory<'a>,
        now: Timestamp,
    ) -> Line<'a> {
        let subscription_id = match &line.subscription_id {
            Some(entered) => self.entered(at, entered, product, directory, now),
            None => directory.tenant.known().and_then(|tenant| self.filled_in(at, product, tenant, now)),
        };
        Line { product: Some(product), subscription_id, key: subscription_id.map(AssociationKey::Subscription) }
    }

    /// A subscription that the claim names.
    fn entered(
        &mut self,
        at: usize,
        entered: &str,
        product: &Product,
        directory: Directory<'_>,
        now: Timestamp,
    ) -> Option<SubscriptionId> {
        let Ok(id) = Uuid::parse_str(entered.trim()).map(SubscriptionId) else {
            self.add(Field::Subscription(at), Reason::SubscriptionIdMalformed);
            return None;
        };
        let Some(tenant) = directory.tenant.known() else { return Some(id) };
        if !tenant.subscriptions.values().any(|subscription| subscription.product == product.id) {
            self.add(Field::Product(at), Reason::ProductNotOnTenant);
        }
        let Some(subscription) = tenant.subscriptions.get(&id) else {
            self.add(Field::Subscription(at), Reason::SubscriptionNotOnTenant);
            return Some(id);
        };
        if subscription.product != product.id {
            self.add(Field::Subscription(at), other_product(subscription, directory.catalog));
        }
        for reason in obstacles(subscription, now) {
            self.add(Field::Subscription(at), reason);
        }
        Some(id)
    }

    /// The one claimable subscription of the product, where there is exactly one (R10 g).
    fn filled_in(
        &mut self,
        at: usize,
        product: &Product,
        tenant: &TenantDirectory,
        now: Timestamp,
    ) -> Option<SubscriptionId> {
        let of_product = || tenant.subscriptions.iter().filter(|(_, subscription)| subscription.product == product.id);
        let mut claimable = of_product().filter(|(_, subscription)| obstacles(subscription, now).next().is_none());
        match (claimable.next(), claimable.next()) {
            (Some((id, _)), None) => return Some(*id),
            (Some(_), Some(_)) => self.add(Field::Subscription(at), Reason::SubscriptionIdRequired),
            (None, _) if of_product().next().is_none() => self.add(Field::Product(at), Reason::ProductNotOnTenant),
            (None, _) => {
                for reason in of_product().flat_map(|(_, subscription)| obstacles(subscription, now)) {
                    self.add(Field::Subscription(at), reason);
                }
            }
        }
        None
    }
}

fn other_product(subscription: &Subscription, catalog: &Catalog) -> Reason {
    match catalog.get(&subscription.product).map(|product| product.solution_area) {
        Some(SolutionArea::BusinessApplications) => Reason::SubscriptionOfOtherProduct,
        Some(SolutionArea::Microsoft365) | None => Reason::SubscriptionNotBusinessApplications,
    }
}

/// What makes a subscription unfit to be claimed (R6, R12). One whose grace has passed has expired, whatever the directory
/// was last told.
fn obstacles(subscription: &Subscription, now: Timestamp) -> impl Iterator<Item = Reason> + use<> {
    let channel = match subscription.channel {
        PurchaseChannel::VolumeLicensing | PurchaseChannel::WebDirect => None,
        PurchaseChannel::Csp => Some(Reason::SubscriptionBoughtThroughCsp),
    };
    let status = match subscription.status {
        SubscriptionStatus::Active | SubscriptionStatus::InGrace => {
            subscription.expire_time.filter(|expire| *expire <= now).map(|_| Reason::SubscriptionExpired)
        }
        SubscriptionStatus::Expired => Some(Reason::SubscriptionExpired),
        SubscriptionStatus::NotProvisioned => Some(Reason::SubscriptionNotProvisioned),
        SubscriptionStatus::Suspended => Some(Reason::SubscriptionSuspended),
    };
    channel.into_iter().chain(status)
}

#[cfg(test)]
mod tests;
