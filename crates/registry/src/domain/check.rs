//! The directory checks of a claim (R12). The directory is the registry's data about partners and
//! customers. The checks also fill in the subscription of a line, if the tenant has only one that
//! fits (R10 g). Before the claim names one of the tenant's own domains, nothing about the tenant
//! is judged or filled in (R12a). A *line* is the part of a claim that is about one workload or
//! subscription (its *key*).
//!
//! The RPC `CheckClaim` (at entry and submission) and the RPC `PlaceHold` (at approval) use the
//! same function, so that they always agree.
use cpor_types::{AssociationKey, MpnId, ProductId, ProductKind, SolutionArea, SubscriptionId, Timestamp};
use uuid::Uuid;

use super::catalog::{Catalog, Product};
use super::directory::{PartnerProfile, PurchaseChannel, Subscription, SubscriptionStatus, TenantDirectory};
use super::reason::Reason;

/// The fields of a claim that are checked against the directory. A field that is `None` is not
/// checked.
#[derive(Clone, Debug)]
pub(crate) struct ClaimToCheck {
    pub(crate) mpn_id: Option<MpnId>,
    pub(crate) customer_domain: Option<String>,
    pub(crate) solution_area: Option<SolutionArea>,
    pub(crate) lines: Vec<LineToCheck>,
    /// Whether the location is the one that the claim was submitted with. The claim keeps it, even
    /// if it is no longer a location of the partner (R2a).
    pub(crate) keeps_location: bool,
    /// Whether the domain and the tenant are those that the claim was submitted with. The claim
    /// keeps them, even if the domain no longer belongs to the tenant (R2a).
    pub(crate) keeps_domain: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct LineToCheck {
    /// The product, or `None` when the entered text is not a product name.
    pub(crate) product: Option<ProductId>,
    /// The subscription id as the user entered it.
    pub(crate) subscription_id: Option<String>,
}

/// The data that a claim is checked against: the catalog, the claim's partner and its tenant.
#[derive(Clone, Copy)]
pub(crate) struct Directory<'a> {
    pub(crate) catalog: &'a Catalog,
    /// The partner of the claim, or `None` when it is not in the directory.
    pub(crate) partner: Option<&'a PartnerProfile>,
    pub(crate) tenant: TenantLookup<'a>,
}

/// The result of looking up the tenant of the claim.
#[derive(Clone, Copy)]
pub(crate) enum TenantLookup<'a> {
    /// The claim has no tenant id yet.
    NotNamed,
    /// The tenant id on the claim is not a UUID.
    Malformed,
    /// The tenant is not in the directory.
    Unknown,
    /// The directory data of the tenant.
    Found(&'a TenantDirectory),
}

impl<'a> TenantLookup<'a> {
    /// Returns the directory data, or `None` when there is none.
    fn found(self) -> Option<&'a TenantDirectory> {
        match self {
            Self::NotNamed | Self::Malformed | Self::Unknown => None,
            Self::Found(tenant) => Some(tenant),
        }
    }
}

/// The result of checking a claim.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings<'a> {
    /// Every violation, in the order of the claim's fields.
    pub(crate) violations: Vec<Violation>,
    /// What would be a violation, but concerns a location or domain that the claim keeps (R2a).
    pub(crate) changes: Vec<Violation>,
    /// Whether the claim names one of the tenant's own domains, or keeps its domain. Otherwise the
    /// caller must learn nothing about the tenant (R12a).
    pub(crate) names_own_domain: bool,
    /// One finding for each line, in the order of the lines.
    pub(crate) lines: Vec<LineFinding<'a>>,
}

/// One error in one field of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: ClaimField,
    pub(crate) reason: Reason,
}

/// A field of a claim, or of one of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClaimField {
    MpnId,
    CustomerDomain,
    TenantId,
    /// The product of the line with this index.
    Product(usize),
    /// The subscription id of the line with this index.
    Subscription(usize),
}

/// The product, subscription and key of a line, as far as they could be determined.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LineFinding<'a> {
    pub(crate) product: Option<&'a Product>,
    /// The subscription that was entered, or the tenant's only claimable subscription of the
    /// product when none was entered.
    pub(crate) subscription_id: Option<SubscriptionId>,
    /// The workload or subscription that the line claims.
    pub(crate) key: Option<AssociationKey>,
}

/// Checks a claim against the directory and returns every violation at once.
pub(crate) fn check<'a>(claim: &ClaimToCheck, mut directory: Directory<'a>, now: Timestamp) -> Findings<'a> {
    let mut findings = Findings::default();
    if let Some(mpn_id) = &claim.mpn_id
        && directory.partner.is_none_or(|partner| partner.open_location(mpn_id, now).is_none())
    {
        findings.add_violation_or_change(claim.keeps_location, ClaimField::MpnId, Reason::LocationNotOfPartner);
    }
    findings.check_tenant(claim, directory.tenant, now);
    if !findings.names_own_domain {
        // The lines are checked without the tenant's data, so that they reveal none of it (R12a).
        directory.tenant = TenantLookup::NotNamed;
    }
    for (index, line) in claim.lines.iter().enumerate() {
        let finding = findings.check_line(index, line, claim.solution_area, directory, now);
        findings.lines.push(finding);
    }
    findings
}

impl<'a> Findings<'a> {
    /// Adds a violation unless the same violation was already added.
    fn add(&mut self, field: ClaimField, reason: Reason) {
        let violation = Violation { field, reason };
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    /// Adds a violation, or a change if the claim keeps what it was submitted with.
    fn add_violation_or_change(&mut self, is_kept: bool, field: ClaimField, reason: Reason) {
        match is_kept {
            true => self.changes.push(Violation { field, reason }),
            false => self.add(field, reason),
        }
    }

    fn check_tenant(&mut self, claim: &ClaimToCheck, tenant: TenantLookup<'_>, now: Timestamp) {
        match tenant {
            TenantLookup::NotNamed => {}
            TenantLookup::Malformed => self.add(ClaimField::TenantId, Reason::TenantIdMalformed),
            TenantLookup::Unknown => self.add(ClaimField::TenantId, Reason::TenantUnknown),
            TenantLookup::Found(tenant) => {
                let Some(domain) = &claim.customer_domain else { return };
                let is_own = tenant.profile.owns_domain(domain, now);
                if !is_own {
                    self.add_violation_or_change(
                        claim.keeps_domain,
                        ClaimField::CustomerDomain,
                        Reason::DomainNotOfTenant,
                    );
                }
                self.names_own_domain = is_own || claim.keeps_domain;
            }
        }
    }

    /// Checks the line with this index and determines its product, subscription and key.
    fn check_line(
        &mut self,
        index: usize,
        line: &LineToCheck,
        area: Option<SolutionArea>,
        directory: Directory<'a>,
        now: Timestamp,
    ) -> LineFinding<'a> {
        let Some(product) = line.product.as_ref().and_then(|id| directory.catalog.get(id)) else {
            self.add(ClaimField::Product(index), Reason::ProductUnknown);
            return LineFinding::default();
        };
        if !product.is_claimable_at(now) {
            self.add(ClaimField::Product(index), Reason::ProductNotClaimable);
        }
        if area.is_some_and(|area| area != product.solution_area) {
            self.add(ClaimField::Product(index), Reason::ProductOfOtherSolutionArea);
        }
        let tenant = directory.tenant.found();
        match product.kind {
            ProductKind::Workload => self.check_workload(index, line, product, tenant, now),
            ProductKind::Subscription => self.check_subscription(index, line, product, directory, now),
        }
    }

    fn check_workload(
        &mut self,
        index: usize,
        line: &LineToCheck,
        product: &'a Product,
        tenant: Option<&TenantDirectory>,
        now: Timestamp,
    ) -> LineFinding<'a> {
        if line.subscription_id.is_some() {
            self.add(ClaimField::Subscription(index), Reason::SubscriptionIdNotAllowed);
        }
        if tenant.is_some_and(|tenant| !tenant.uses_workload(&product.id, now)) {
            self.add(ClaimField::Product(index), Reason::ProductNotOnTenant);
        }
        LineFinding {
            product: Some(product),
            subscription_id: None,
            key: Some(AssociationKey::Workload(product.id.clone())),
        }
    }

    fn check_subscription(
        &mut self,
        index: usize,
        line: &LineToCheck,
        product: &'a Product,
        directory: Directory<'a>,
        now: Timestamp,
    ) -> LineFinding<'a> {
        let subscription_id = match &line.subscription_id {
            Some(entered) => self.check_entered_subscription(index, entered, product, directory, now),
            None => directory
                .tenant
                .found()
                .and_then(|tenant| self.only_claimable_subscription(index, product, tenant, now)),
        };
        LineFinding { product: Some(product), subscription_id, key: subscription_id.map(AssociationKey::Subscription) }
    }

    /// Checks a subscription id that the user entered. Returns the id if it is a UUID.
    fn check_entered_subscription(
        &mut self,
        index: usize,
        entered: &str,
        product: &Product,
        directory: Directory<'_>,
        now: Timestamp,
    ) -> Option<SubscriptionId> {
        let Ok(id) = Uuid::parse_str(entered.trim()).map(SubscriptionId) else {
            self.add(ClaimField::Subscription(index), Reason::SubscriptionIdMalformed);
            return None;
        };
        let Some(tenant) = directory.tenant.found() else { return Some(id) };
        if !tenant.subscriptions.values().any(|subscription| subscription.product == product.id) {
            self.add(ClaimField::Product(index), Reason::ProductNotOnTenant);
        }
        let Some(subscription) = tenant.subscriptions.get(&id) else {
            self.add(ClaimField::Subscription(index), Reason::SubscriptionNotOnTenant);
            return Some(id);
        };
        if subscription.product != product.id {
            self.add(ClaimField::Subscription(index), other_product_reason(subscription, directory.catalog));
        }
        for reason in claim_obstacles(subscription, now) {
            self.add(ClaimField::Subscription(index), reason);
        }
        Some(id)
    }

    /// Returns the tenant's only claimable subscription of the product (R10 g). When there is none
    /// or more than one, adds a violation and returns `None`.
    fn only_claimable_subscription(
        &mut self,
        index: usize,
        product: &Product,
        tenant: &TenantDirectory,
        now: Timestamp,
    ) -> Option<SubscriptionId> {
        let subscriptions_of_product =
            || tenant.subscriptions.iter().filter(|(_, subscription)| subscription.product == product.id);
        let mut claimable =
            subscriptions_of_product().filter(|(_, subscription)| claim_obstacles(subscription, now).next().is_none());
        match (claimable.next(), claimable.next()) {
            (Some((id, _)), None) => return Some(*id),
            (Some(_), Some(_)) => self.add(ClaimField::Subscription(index), Reason::SubscriptionIdRequired),
            (None, _) if subscriptions_of_product().next().is_none() => {
                self.add(ClaimField::Product(index), Reason::ProductNotOnTenant)
            }
            (None, _) => {
                for reason in
                    subscriptions_of_product().flat_map(|(_, subscription)| claim_obstacles(subscription, now))
                {
                    self.add(ClaimField::Subscription(index), reason);
                }
            }
        }
        None
    }
}

/// Returns the reason to report for a subscription of another product than the product of the line.
fn other_product_reason(subscription: &Subscription, catalog: &Catalog) -> Reason {
    match catalog.get(&subscription.product).map(|product| product.solution_area) {
        Some(SolutionArea::BusinessApplications) => Reason::SubscriptionOfOtherProduct,
        Some(SolutionArea::Microsoft365) | None => Reason::SubscriptionNotBusinessApplications,
    }
}

/// Returns the reasons for which a subscription cannot be claimed (R6, R12). A subscription whose
/// grace period has ended counts as expired, even when the last import reported it as active.
fn claim_obstacles(subscription: &Subscription, now: Timestamp) -> impl Iterator<Item = Reason> + use<> {
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

/// A workload or subscription of a tenant that can be claimed.
#[derive(Debug, PartialEq)]
pub(crate) struct Suggestion<'a> {
    pub(crate) product: &'a Product,
    /// The subscription, or `None` for a workload.
    pub(crate) subscription: Option<SubscriptionId>,
    /// The end of the subscription or of the use of the workload, if it is known.
    pub(crate) end_time: Option<Timestamp>,
}

/// Returns the tenant's workloads and subscriptions that can be claimed in the solution area (in
/// any, if `area` is `None`), in the order of product and subscription.
pub(crate) fn suggestions<'a>(
    tenant: &TenantDirectory,
    area: Option<SolutionArea>,
    catalog: &'a Catalog,
    now: Timestamp,
) -> Vec<Suggestion<'a>> {
    let claimable = |product: &ProductId| {
        let product = catalog.get(product).filter(|product| product.is_claimable_at(now))?;
        area.is_none_or(|area| area == product.solution_area).then_some(product)
    };
    let workloads = tenant.workloads.iter().filter(|(product, _)| tenant.uses_workload(product, now));
    let workloads = workloads.filter_map(|(product, end)| {
        Some(Suggestion { product: claimable(product)?, subscription: None, end_time: *end })
    });
    let subscriptions =
        tenant.subscriptions.iter().filter(|(_, subscription)| claim_obstacles(subscription, now).next().is_none());
    let subscriptions = subscriptions.filter_map(|(id, subscription)| {
        let product = claimable(&subscription.product).filter(|product| product.kind == ProductKind::Subscription)?;
        Some(Suggestion { product, subscription: Some(*id), end_time: subscription.end_time })
    });
    let mut suggestions: Vec<_> = workloads.chain(subscriptions).collect();
    suggestions.sort_by(|one, other| (&one.product.id, one.subscription).cmp(&(&other.product.id, other.subscription)));
    suggestions
}

#[cfg(test)]
mod tests;
