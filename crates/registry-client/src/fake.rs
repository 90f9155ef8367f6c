//! A registry in memory, for tests of services that need its answers and not its rules: it knows what it is told,
//! keeps keys exclusive between companies and decisions idempotent, and judges existence only. The rules of R12 are
//! tested where they are, in the registry.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cpor_types::{
    Actor, AssociationKey, ClaimName, DecisionId, MpnId, PartnerId, ProductId, ProductKind, SubscriptionId, TenantId,
    TenantKey, Timestamp,
};

use crate::{
    Arbitration, ArbitrationAnswer, AwardOutcome, AwardRefusal, AwardRefusalReason, CheckedClaim, CheckedLine,
    ClaimToCheck, HoldAnswer, HoldRequest, LineRefusal, LineToCheck, Location, Product, Reason, Registry,
    RegistryError, Tenant, Violation,
};

/// A registry in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct FakeRegistry(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    down: bool,
    partners: BTreeMap<PartnerId, (String, Vec<Location>)>,
    tenants: BTreeMap<TenantId, Tenant>,
    products: BTreeMap<ProductId, Product>,
    /// What each tenant has; a workload is of its own product.
    keys: BTreeMap<(TenantId, AssociationKey), ProductId>,
    decisions: BTreeMap<DecisionId, HoldAnswer>,
    arbitrations: BTreeMap<DecisionId, ArbitrationAnswer>,
    /// Who follows the official holder of a key.
    successors: BTreeMap<(TenantId, AssociationKey), ClaimName>,
    holds: Vec<Hold>,
    closed: Vec<ClaimName>,
}

#[derive(Debug)]
struct Hold {
    claim: ClaimName,
    tenant: TenantId,
    key: AssociationKey,
    exclusive: bool,
    official_time: Option<Timestamp>,
}

impl FakeRegistry {
    /// Knows a partner with its locations.
    #[must_use]
    pub fn partner(self, id: PartnerId, display_name: &str, locations: impl IntoIterator<Item = Location>) -> Self {
        self.state().partners.insert(id, (display_name.to_owned(), locations.into_iter().collect()));
        self
    }

    /// Knows a customer.
    #[must_use]
    pub fn tenant(self, tenant: Tenant) -> Self {
        self.state().tenants.insert(tenant.id, tenant);
        self
    }

    /// Lists a product in the catalog.
    #[must_use]
    pub fn product(self, product: Product) -> Self {
        self.state().products.insert(product.id.clone(), product);
        self
    }

    /// The tenant uses a workload.
    #[must_use]
    pub fn workload(self, tenant: TenantId, product: ProductId) -> Self {
        self.state().keys.insert((tenant, AssociationKey::Workload(product.clone())), product);
        self
    }

    /// The tenant has an active subscription of a product.
    #[must_use]
    pub fn subscription(self, tenant: TenantId, id: SubscriptionId, product: ProductId) -> Self {
        self.state().keys.insert((tenant, AssociationKey::Subscription(id)), product);
        self
    }

    /// From now on it cannot be asked.
    pub fn go_down(&self) {
        self.state().down = true;
    }

    /// It can be asked again.
    pub fn come_back(&self) {
        self.state().down = false;
    }

    /// The claim's holds are official since `at`.
    pub fn make_official(&self, claim: &ClaimName, at: Timestamp) {
        self.state()
            .holds
            .iter_mut()
            .filter(|hold| hold.claim == *claim)
            .for_each(|hold| hold.official_time = Some(at));
    }

    /// The claim is over: its holds go, and no other is given.
    pub fn close(&self, claim: &ClaimName) {
        let mut state = self.state();
        state.holds.retain(|hold| hold.claim != *claim);
        state.closed.push(claim.clone());
    }

    /// The keys that a claim holds.
    #[must_use]
    pub fn held_by(&self, claim: &ClaimName) -> Vec<AssociationKey> {
        self.state().holds.iter().filter(|hold| hold.claim == *claim).map(|hold| hold.key.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> Result<MutexGuard<'_, State>, RegistryError> {
        let state = self.state();
        if state.down { Err(RegistryError::Unavailable("down".to_owned())) } else { Ok(state) }
    }
}

#[async_trait]
impl Registry for FakeRegistry {
    async fn check_claim(&self, _actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        Ok(self.asked()?.check(&claim))
    }

    async fn place_hold(&self, _actor: &Actor, hold: HoldRequest) -> Result<HoldAnswer, RegistryError> {
        let mut state = self.asked()?;
        if let Some(first) = state.decisions.get(&hold.decision_id) {
            return Ok(first.clone());
        }
        let answer = state.place(&hold);
        state.decisions.insert(hold.decision_id, answer.clone());
        Ok(answer)
    }

    async fn arbitrate(&self, _actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationAnswer, RegistryError> {
        let mut state = self.asked()?;
        if let Some(first) = state.arbitrations.get(&arbitration.decision_id) {
            return Ok(first.clone());
        }
        let answer = state.arbitrate(&arbitration);
        state.arbitrations.insert(arbitration.decision_id, answer.clone());
        Ok(answer)
    }

    async fn check_usage_access(
        &self,
        _actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        let state = self.asked()?;
        let theirs = |hold: &&Hold| hold.claim.partner == *partner && hold.tenant == key.tenant && hold.key == key.key;
        Ok(state.holds.iter().filter(theirs).filter_map(|hold| hold.official_time).min())
    }
}

impl State {
    fn check(&self, claim: &ClaimToCheck) -> CheckedClaim {
        let mut answer = CheckedClaim::default();
        let mut wrong = |field: &str, reason: Reason| {
            answer.violations.push(Violation {
                field: field.to_owned(),
                reason,
                description: reason.as_str().to_owned(),
            });
        };
        let partner = self.partners.get(&claim.partner);
        let location = |mpn_id: &MpnId| {
            partner.and_then(|(_, all)| all.iter().find(|location| location.mpn_id == *mpn_id)).cloned()
        };
        let found = claim.mpn_id.as_ref().map(location);
        if found == Some(None) {
            wrong("mpn_id", Reason::LocationNotOfPartner);
        }
        let tenant =
            claim.tenant_id.as_deref().map(|id| id.parse().ok().and_then(|id: TenantId| self.tenants.get(&id)));
        match (tenant, &claim.customer_domain) {
            (Some(None), _) => wrong("tenant_id", Reason::TenantUnknown),
            (Some(Some(tenant)), Some(domain)) if !tenant.domains.iter().any(|own| own.as_str() == domain) => {
                wrong("customer_domain", Reason::DomainNotOfTenant);
            }
            (Some(Some(_)) | None, _) => {}
        }
        let tenant = tenant.flatten();
        for (at, line) in claim.lines.iter().enumerate() {
            let line = self.line(line, tenant, |field, reason| wrong(&format!("lines[{at}].{field}"), reason));
            answer.lines.push(line);
        }
        answer.partner_display_name = partner.map(|(name, _)| name.clone());
        answer.location = found.flatten();
        answer.tenant = tenant.cloned();
        answer
    }

    fn line(&self, line: &LineToCheck, tenant: Option<&Tenant>, mut wrong: impl FnMut(&str, Reason)) -> CheckedLine {
        let product = self.products.get(&line.product).cloned();
        let entered = line.subscription_id.as_deref().and_then(|id| id.parse().ok());
        let key = match product.as_ref().map(|product| product.kind) {
            Some(ProductKind::Workload) => Some(AssociationKey::Workload(line.product.clone())),
            Some(ProductKind::Subscription) => {
                entered.map(AssociationKey::Subscription).or_else(|| self.only(tenant?.id, &line.product))
            }
            None => None,
        };
        match (&product, tenant) {
            (None, _) => wrong("product", Reason::ProductUnknown),
            (Some(_), Some(tenant))
                if !key.as_ref().is_some_and(|key| self.keys.contains_key(&(tenant.id, key.clone()))) =>
            {
                wrong("product", Reason::ProductNotOnTenant);
            }
            (Some(_), _) => {}
        }
        let subscription_id = match key {
            Some(AssociationKey::Subscription(id)) => Some(id),
            Some(AssociationKey::Workload(_)) | None => None,
        };
        CheckedLine { line_id: line.line_id, product, subscription_id, key, held_by_legacy: false }
    }

    /// The one subscription of the product, where there is exactly one (R10 g).
    fn only(&self, tenant: TenantId, product: &ProductId) -> Option<AssociationKey> {
        let mut found =
            self.keys.iter().filter(|((of, _), is)| *of == tenant && *is == product).map(|((_, key), _)| key);
        found.next().filter(|_| found.next().is_none()).cloned()
    }

    fn arbitrate(&mut self, Arbitration { tenant, awards, .. }: &Arbitration) -> ArbitrationAnswer {
        let taken = |key: &AssociationKey, winner: &ClaimName| {
            self.successors.get(&(*tenant, key.clone())).is_some_and(|successor| successor != winner)
        };
        let refused: Vec<_> = awards.iter().filter(|award| taken(&award.key, &award.winner)).collect();
        if !refused.is_empty() {
            let reason = AwardRefusalReason::SuccessorExists;
            let refusal = |award: &&crate::Award| AwardRefusal { key: award.key.clone(), reason };
            return ArbitrationAnswer::Refused(refused.iter().map(refusal).collect());
        }
        ArbitrationAnswer::Awarded(awards.iter().map(|award| self.award(*tenant, award)).collect())
    }

    /// A pending hold of another company yields; an official one stays until its successor is official.
    fn award(&mut self, tenant: TenantId, award: &crate::Award) -> AwardOutcome {
        let others =
            |hold: &Hold| hold.tenant == tenant && hold.key == award.key && hold.claim.partner != award.winner.partner;
        if self.holds.iter().any(|hold| others(hold) && hold.official_time.is_some()) {
            self.successors.insert((tenant, award.key.clone()), award.winner.clone());
            return AwardOutcome::Successor;
        }
        let before = self.holds.len();
        self.holds.retain(|hold| !others(hold));
        if self.holds.len() < before { AwardOutcome::Yielded } else { AwardOutcome::Cleared }
    }

    fn place(&mut self, hold: &HoldRequest) -> HoldAnswer {
        let refusal =
            |line_id, reason: Reason| LineRefusal { line_id, reason, description: reason.as_str().to_owned() };
        if self.closed.contains(&hold.claim) {
            return HoldAnswer::Refused(vec![refusal(None, Reason::ClaimClosed)]);
        }
        let exclusive = hold.activities.iter().any(|activity| activity.is_exclusive());
        let rival = |key: &AssociationKey| {
            let on_key = self.holds.iter().filter(|other| other.tenant == hold.tenant && other.key == *key);
            let succeeds = self.successors.get(&(hold.tenant, key.clone())) == Some(&hold.claim);
            exclusive
                && !succeeds
                && on_key.into_iter().any(|other| other.exclusive && other.claim.partner != hold.claim.partner)
        };
        let held: Vec<_> = hold.lines.iter().filter(|line| rival(&line.key)).collect();
        if !held.is_empty() {
            return HoldAnswer::Refused(held.iter().map(|line| refusal(Some(line.line_id), Reason::KeyHeld)).collect());
        }
        let held = |key: &AssociationKey| Hold {
            claim: hold.claim.clone(),
            tenant: hold.tenant,
            key: key.clone(),
            exclusive,
            official_time: None,
        };
        self.holds.extend(hold.lines.iter().map(|line| held(&line.key)));
        HoldAnswer::Held
    }
}

#[cfg(test)]
mod tests;
