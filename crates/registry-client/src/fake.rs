//! An in-memory registry for tests of other services.
//!
//! It contains the data that a test adds. At most one company holds a key (a workload or
//! subscription of a tenant), and a request that repeats a decision id gets the first outcome.
//! Checks cover only whether partners, tenants, products and keys exist. The full rules (R12) are
//! tested in the registry service.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cpor_types::{
    Actor, AssociationKey, ClaimName, DecisionId, MpnId, PartnerId, ProductId, ProductKind, SubscriptionId, TenantId,
    TenantKey, Timestamp,
};

use crate::{
    Arbitration, ArbitrationOutcome, AwardOutcome, AwardRefusal, AwardRefusalReason, CheckedClaim, CheckedLine,
    ClaimToCheck, HoldOutcome, HoldRequest, LineRefusal, LineToCheck, Location, Product, Registry, RegistryError,
    RegistryReason, Tenant, Violation,
};

/// An in-memory registry. Clones share the same data.
#[derive(Clone, Debug, Default)]
pub struct FakeRegistry(Arc<Mutex<State>>);

/// The data of a fake registry.
#[derive(Debug, Default)]
struct State {
    /// Whether calls fail because the registry is unavailable.
    is_down: bool,
    /// The display name and the locations of each partner.
    partners: BTreeMap<PartnerId, (String, Vec<Location>)>,
    tenants: BTreeMap<TenantId, Tenant>,
    products: BTreeMap<ProductId, Product>,
    /// The workloads and subscriptions of each tenant, with their products.
    keys: BTreeMap<(TenantId, AssociationKey), ProductId>,
    /// The outcomes of the decisions to hold, by decision id.
    decisions: BTreeMap<DecisionId, HoldOutcome>,
    /// The outcomes of the arbitrations, by decision id.
    arbitrations: BTreeMap<DecisionId, ArbitrationOutcome>,
    /// The claim to which each key was awarded last, unless that claim was closed since.
    successors: BTreeMap<(TenantId, AssociationKey), ClaimName>,
    holds: Vec<Hold>,
    /// The claims whose holds were ended. Later holds for them are refused.
    closed_claims: Vec<ClaimName>,
}

/// A key that a claim holds: it is reserved for the claim's partner.
#[derive(Debug)]
struct Hold {
    claim: ClaimName,
    tenant: TenantId,
    key: AssociationKey,
    /// Whether an activity of the claim excludes other companies from the key.
    is_exclusive: bool,
    /// The time at which the association became official, or `None` while the hold is pending.
    official_time: Option<Timestamp>,
}

impl FakeRegistry {
    /// Adds a partner with its locations.
    #[must_use]
    pub fn partner(self, id: PartnerId, display_name: &str, locations: impl IntoIterator<Item = Location>) -> Self {
        self.state().partners.insert(id, (display_name.to_owned(), locations.into_iter().collect()));
        self
    }

    /// Adds a tenant.
    #[must_use]
    pub fn tenant(self, tenant: Tenant) -> Self {
        self.state().tenants.insert(tenant.id, tenant);
        self
    }

    /// Adds a product to the catalog.
    #[must_use]
    pub fn product(self, product: Product) -> Self {
        self.state().products.insert(product.id.clone(), product);
        self
    }

    /// Adds a workload that the tenant uses.
    #[must_use]
    pub fn workload(self, tenant: TenantId, product: ProductId) -> Self {
        self.state().keys.insert((tenant, AssociationKey::Workload(product.clone())), product);
        self
    }

    /// Adds an active subscription of the tenant for a product.
    #[must_use]
    pub fn subscription(self, tenant: TenantId, id: SubscriptionId, product: ProductId) -> Self {
        self.state().keys.insert((tenant, AssociationKey::Subscription(id)), product);
        self
    }

    /// Makes all calls fail with [`RegistryError::Unavailable`].
    pub fn simulate_outage(&self) {
        self.state().is_down = true;
    }

    /// Makes calls succeed again after [`Self::simulate_outage`].
    pub fn end_outage(&self) {
        self.state().is_down = false;
    }

    /// Makes the holds of a claim official at the time `at`: the partner is on record from then on.
    pub fn make_official(&self, claim: &ClaimName, at: Timestamp) {
        self.state()
            .holds
            .iter_mut()
            .filter(|hold| hold.claim == *claim)
            .for_each(|hold| hold.official_time = Some(at));
    }

    /// Closes a claim: its holds end, and later holds for it are refused.
    pub fn close(&self, claim: &ClaimName) {
        let mut state = self.state();
        state.holds.retain(|hold| hold.claim != *claim);
        state.successors.retain(|_, successor| successor != claim);
        state.closed_claims.push(claim.clone());
    }

    /// Returns the keys that a claim holds.
    #[must_use]
    pub fn held_by(&self, claim: &ClaimName) -> Vec<AssociationKey> {
        self.state().holds.iter().filter(|hold| hold.claim == *claim).map(|hold| hold.key.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the state, or an error when an outage is simulated.
    fn available_state(&self) -> Result<MutexGuard<'_, State>, RegistryError> {
        let state = self.state();
        if state.is_down { Err(RegistryError::Unavailable("the fake registry is down".to_owned())) } else { Ok(state) }
    }
}

#[async_trait]
impl Registry for FakeRegistry {
    async fn check_claim(&self, _actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        Ok(self.available_state()?.check_claim(&claim))
    }

    async fn place_hold(&self, _actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError> {
        let mut state = self.available_state()?;
        if let Some(first) = state.decisions.get(&hold.decision_id) {
            return Ok(first.clone());
        }
        let outcome = state.place_hold(&hold);
        state.decisions.insert(hold.decision_id, outcome.clone());
        Ok(outcome)
    }

    async fn arbitrate(&self, _actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError> {
        let mut state = self.available_state()?;
        if let Some(first) = state.arbitrations.get(&arbitration.decision_id) {
            return Ok(first.clone());
        }
        let outcome = state.arbitrate(&arbitration);
        state.arbitrations.insert(arbitration.decision_id, outcome.clone());
        Ok(outcome)
    }

    async fn check_usage_access(
        &self,
        _actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        let state = self.available_state()?;
        let is_held = |hold: &&Hold| hold.claim.partner == *partner && hold.tenant == key.tenant && hold.key == key.key;
        Ok(state.holds.iter().filter(is_held).filter_map(|hold| hold.official_time).min())
    }

    async fn unknown_keys(
        &self,
        _actor: &Actor,
        keys: &BTreeSet<TenantKey>,
    ) -> Result<BTreeSet<TenantKey>, RegistryError> {
        let state = self.available_state()?;
        let is_known = |key: &&TenantKey| state.keys.contains_key(&(key.tenant, key.key.clone()));
        Ok(keys.iter().filter(|key| !is_known(key)).cloned().collect())
    }
}

impl State {
    fn check_claim(&self, claim: &ClaimToCheck) -> CheckedClaim {
        let mut result = CheckedClaim::default();
        let mut add_violation = |field: &str, reason: RegistryReason| {
            result.violations.push(Violation {
                field: field.to_owned(),
                reason,
                description: reason.as_str().to_owned(),
            });
        };
        let partner = self.partners.get(&claim.partner);
        let find_location = |mpn_id: &MpnId| {
            partner.and_then(|(_, all)| all.iter().find(|location| location.mpn_id == *mpn_id)).cloned()
        };
        let location = claim.mpn_id.as_ref().map(find_location);
        let keeps_location =
            claim.submitted.as_ref().is_some_and(|submitted| claim.mpn_id.as_ref() == Some(&submitted.mpn_id));
        let keeps_domain = claim
            .submitted
            .as_ref()
            .is_some_and(|submitted| claim.customer_domain.as_ref() == Some(&submitted.customer_domain));
        if location == Some(None) && !keeps_location {
            add_violation("mpn_id", RegistryReason::LocationNotOfPartner);
        }
        let tenant =
            claim.tenant_id.as_deref().map(|id| id.parse().ok().and_then(|id: TenantId| self.tenants.get(&id)));
        let names_own_domain = match (tenant, &claim.customer_domain) {
            (Some(None), _) => {
                add_violation("tenant_id", RegistryReason::TenantUnknown);
                false
            }
            (Some(Some(tenant)), Some(domain)) => {
                let is_own = keeps_domain || tenant.domains.iter().any(|own| own.as_str() == domain);
                if !is_own {
                    add_violation("customer_domain", RegistryReason::DomainNotOfTenant);
                }
                is_own
            }
            (Some(Some(_)), None) | (None, _) => false,
        };
        // R12a: if the claim does not name a domain of the tenant, nothing about the tenant is
        // checked or revealed.
        let tenant = tenant.flatten().filter(|_| names_own_domain);
        for (index, line) in claim.lines.iter().enumerate() {
            let line = self
                .check_line(line, tenant, |field, reason| add_violation(&format!("lines[{index}].{field}"), reason));
            result.lines.push(line);
        }
        result.partner_display_name = partner.map(|(name, _)| name.clone());
        result.location = location.flatten();
        result.tenant = tenant.cloned();
        result
    }

    fn check_line(
        &self,
        line: &LineToCheck,
        tenant: Option<&Tenant>,
        mut add_violation: impl FnMut(&str, RegistryReason),
    ) -> CheckedLine {
        let product = self.products.get(&line.product).cloned();
        let entered_id = line.subscription_id.as_deref().and_then(|id| id.parse().ok());
        let key = match product.as_ref().map(|product| product.kind) {
            Some(ProductKind::Workload) => Some(AssociationKey::Workload(line.product.clone())),
            Some(ProductKind::Subscription) => entered_id
                .map(AssociationKey::Subscription)
                .or_else(|| self.only_subscription(tenant?.id, &line.product)),
            None => None,
        };
        match (&product, tenant) {
            (None, _) => add_violation("product", RegistryReason::ProductUnknown),
            (Some(_), Some(tenant))
                if !key.as_ref().is_some_and(|key| self.keys.contains_key(&(tenant.id, key.clone()))) =>
            {
                add_violation("product", RegistryReason::ProductNotOnTenant);
            }
            (Some(_), _) => {}
        }
        let subscription_id = match key {
            Some(AssociationKey::Subscription(id)) => Some(id),
            Some(AssociationKey::Workload(_)) | None => None,
        };
        CheckedLine { line_id: line.line_id, product, subscription_id, key, legacy_holder: None }
    }

    /// Returns the subscription of the product, if the tenant has exactly one (R10 g).
    fn only_subscription(&self, tenant: TenantId, product: &ProductId) -> Option<AssociationKey> {
        let mut subscriptions = self
            .keys
            .iter()
            .filter(|((owner, _), key_product)| *owner == tenant && *key_product == product)
            .map(|((_, key), _)| key);
        subscriptions.next().filter(|_| subscriptions.next().is_none()).cloned()
    }

    fn arbitrate(&mut self, Arbitration { tenant, awards, .. }: &Arbitration) -> ArbitrationOutcome {
        let has_other_successor = |key: &AssociationKey, winner: &ClaimName| {
            let is_succeeded = |successor: &ClaimName| {
                let holders = self.holds.iter().filter(|hold| hold.tenant == *tenant && hold.key == *key);
                holders.into_iter().any(|hold| hold.claim.partner != successor.partner)
            };
            let successor = self.successors.get(&(*tenant, key.clone()));
            successor.is_some_and(|successor| successor != winner && is_succeeded(successor))
        };
        let refused: Vec<_> = awards.iter().filter(|award| has_other_successor(&award.key, &award.winner)).collect();
        if !refused.is_empty() {
            let reason = AwardRefusalReason::SuccessorExists;
            let refusal = |award: &&crate::Award| AwardRefusal { key: award.key.clone(), reason };
            return ArbitrationOutcome::Refused(refused.iter().map(refusal).collect());
        }
        ArbitrationOutcome::Awarded(awards.iter().map(|award| self.award(*tenant, award)).collect())
    }

    /// Awards one key, which is then reserved for the winner. A pending hold of another company
    /// ends; an official holder stays, and the winner becomes its successor.
    fn award(&mut self, tenant: TenantId, award: &crate::Award) -> AwardOutcome {
        self.successors.insert((tenant, award.key.clone()), award.winner.clone());
        let is_rival =
            |hold: &Hold| hold.tenant == tenant && hold.key == award.key && hold.claim.partner != award.winner.partner;
        if self.holds.iter().any(|hold| is_rival(hold) && hold.official_time.is_some()) {
            return AwardOutcome::SucceedsHolder;
        }
        let count_before = self.holds.len();
        self.holds.retain(|hold| !is_rival(hold));
        if self.holds.len() < count_before { AwardOutcome::PendingHoldEnded } else { AwardOutcome::Unopposed }
    }

    fn place_hold(&mut self, hold: &HoldRequest) -> HoldOutcome {
        let refusal =
            |line_id, reason: RegistryReason| LineRefusal { line_id, reason, description: reason.as_str().to_owned() };
        if self.closed_claims.contains(&hold.claim) {
            return HoldOutcome::Refused(vec![refusal(None, RegistryReason::ClaimClosed)]);
        }
        let is_exclusive =
            hold.activities.iter().any(|activity| activity.is_exclusive_under(hold.revenue_association_exclusive));
        let is_held_by_rival = |key: &AssociationKey| {
            let holds_on_key = self.holds.iter().filter(|other| other.tenant == hold.tenant && other.key == *key);
            let successor = self.successors.get(&(hold.tenant, key.clone()));
            let is_reserved = successor.is_some_and(|claim| claim.partner != hold.claim.partner);
            is_exclusive
                && successor != Some(&hold.claim)
                && (is_reserved
                    || holds_on_key
                        .into_iter()
                        .any(|other| other.is_exclusive && other.claim.partner != hold.claim.partner))
        };
        let held_lines: Vec<_> = hold.lines.iter().filter(|line| is_held_by_rival(&line.key)).collect();
        if !held_lines.is_empty() {
            return HoldOutcome::Refused(
                held_lines.iter().map(|line| refusal(Some(line.line_id), RegistryReason::KeyHeld)).collect(),
            );
        }
        let new_hold = |key: &AssociationKey| Hold {
            claim: hold.claim.clone(),
            tenant: hold.tenant,
            key: key.clone(),
            is_exclusive,
            official_time: None,
        };
        self.holds.extend(hold.lines.iter().map(|line| new_hold(&line.key)));
        HoldOutcome::Held
    }
}

#[cfg(test)]
mod tests;
