//! A claim's hold on a tenant's keys: placed whole or not at all, granted, and let go (R34 to R36).
use cpor_types::{
    Activity, AssociationId, AssociationKey, ClaimName, DecisionId, LineId, MpnId, ProductId, SolutionArea, Timestamp,
};
use uuid::Uuid;

use super::association::{Association, AssociationState, EndReason};
use super::catalog::Catalog;
use super::check::{self, ClaimToCheck, Directory, Field, LineToCheck, TenantSaid};
use super::directory::PartnerProfile;
use super::reason::Reason;
use super::tenant::{Changed, Decision, Granted, GrantedLine, LineRefusal, Tenant, TenantEvent};

/// A review's decision to hold every line of a claim.
#[derive(Clone, Debug)]
pub(crate) struct PlaceHold {
    pub(crate) decision_id: DecisionId,
    pub(crate) claim: ClaimName,
    pub(crate) mpn_id: MpnId,
    pub(crate) customer_domain: String,
    pub(crate) solution_area: SolutionArea,
    /// Each line is held for each of them.
    pub(crate) activities: Vec<Activity>,
    pub(crate) lines: Vec<LineToHold>,
    pub(crate) submit_time: Timestamp,
}

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct LineToHold {
    pub(crate) line_id: LineId,
    pub(crate) product: ProductId,
    pub(crate) key: AssociationKey,
}

impl Tenant {
    /// Decides a hold, once: `None` when this decision was answered since the tenant was loaded; one that was answered
    /// before that is [`Precluded`](super::tenant::Precluded). Directory and catalog are judged again (R12), and a refusal
    /// names everything that stands in the way.
    pub(crate) fn place(
        &self,
        hold: &PlaceHold,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Option<Changed> {
        if self.decision(&hold.claim, hold.decision_id).is_some() {
            return None;
        }
        let refusals = self.refusals(hold, partner, catalog, now);
        let mut next = self.clone();
        let decision = if refusals.is_empty() {
            next.hold(hold, now);
            Decision::Held
        } else {
            Decision::Refused(refusals)
        };
        next.claims.entry(hold.claim.clone()).or_default().decisions.insert(hold.decision_id, decision);
        Some((next, Vec::new()))
    }

    /// The claim's pending holds become official at `at` (R27); `None` when there is none.
    pub(crate) fn grant(
        &self,
        claim: &ClaimName,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        at: Timestamp,
    ) -> Option<Changed> {
        let mut next = self.clone();
        let mut granted = Vec::new();
        for association in next.associations.values_mut().filter(|association| association.claim == *claim) {
            if association.state == AssociationState::Pending {
                association.grant(at);
                granted.push(self.granted(association, catalog));
            }
        }
        if granted.is_empty() {
            return None;
        }
        let event = Granted {
            claim: claim.clone(),
            associations: granted,
            tenant_region: self.directory.profile.region.clone(),
            partner: partner.cloned(),
        };
        Some((next, vec![TenantEvent::Granted(Box::new(event))]))
    }

    /// The claim is over: its holds and associations end at `at`, and nothing is held for it any more. `None` when
    /// that was said since the tenant was loaded.
    pub(crate) fn close(&self, claim: &ClaimName, reason: EndReason, at: Timestamp) -> Option<Changed> {
        if self.claims.get(claim).is_some_and(|record| record.close_time.is_some()) {
            return None;
        }
        let was_official = self.live_of(claim).any(|(_, association)| association.official_time().is_some());
        let mut next = self.clone();
        for association in next.associations.values_mut().filter(|association| association.claim == *claim) {
            association.end(at, reason);
        }
        next.claims.entry(claim.clone()).or_default().close_time = Some(at);
        let events = was_official.then(|| TenantEvent::Ended { claim: claim.clone(), reason });
        Some((next, events.into_iter().collect()))
    }

    fn refusals(
        &self,
        hold: &PlaceHold,
        partner: Option<&PartnerProfile>,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Vec<LineRefusal> {
        if self.claims.get(&hold.claim).is_some_and(|record| record.close_time.is_some()) {
            return vec![LineRefusal::whole(Reason::ClaimClosed)];
        }
        let directory = Directory { catalog, partner, tenant: TenantSaid::Known(&self.directory) };
        let findings = check::check(&hold.as_claim(), directory, now);
        let mut refusals: Vec<_> =
            findings.violations.iter().map(|found| hold.refusal(found.field, found.reason)).collect();
        let held = hold.lines.iter().filter(|line| self.held_by_other(hold, &line.key));
        refusals.extend(held.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }));
        refusals
    }

    fn held_by_other(&self, hold: &PlaceHold, key: &AssociationKey) -> bool {
        hold.activities.iter().any(|activity| activity.is_exclusive())
            && self.live(key).any(|other| other.holds_key() && other.claim.partner != hold.claim.partner)
    }

    /// A line that this claim holds already, under an earlier decision, stays as it is.
    fn hold(&mut self, hold: &PlaceHold, now: Timestamp) {
        for (line, activity) in
            hold.lines.iter().flat_map(|line| hold.activities.iter().map(move |activity| (line, *activity)))
        {
            let same = |(_, found): &(AssociationId, &Association)| {
                found.line_id == line.line_id && found.activity == activity
            };
            if !self.live_of(&hold.claim).any(|found| same(&found)) {
                self.associations.insert(hold.association_id(line, activity), hold.association(line, activity, now));
            }
        }
    }

    fn granted(&self, association: &Association, catalog: &Catalog) -> GrantedLine {
        let subscription = match &association.key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => self.directory.subscriptions.get(id).cloned(),
        };
        let incentivised = catalog.get(&association.product).is_some_and(|product| product.incentivised);
        GrantedLine { association: association.clone(), incentivised, subscription }
    }
}

impl PlaceHold {
    fn as_claim(&self) -> ClaimToCheck {
        let subscription_id = |key: &AssociationKey| match key {
            AssociationKey::Workload(_) => None,
            AssociationKey::Subscription(id) => Some(id.to_string()),
        };
        let line = |line: &LineToHold| LineToCheck {
            product: Some(line.product.clone()),
            subscription_id: subscription_id(&line.key),
        };
        ClaimToCheck {
            mpn_id: Some(self.mpn_id.clone()),
            customer_domain: Some(self.customer_domain.clone()),
            solution_area: Some(self.solution_area),
            lines: self.lines.iter().map(line).collect(),
        }
    }

    fn refusal(&self, field: Field, reason: Reason) -> LineRefusal {
        let line_id = match field {
            Field::MpnId | Field::CustomerDomain | Field::TenantId => None,
            Field::Product(at) | Field::Subscription(at) => self.lines.get(at).map(|line| line.line_id),
        };
        LineRefusal { line_id, reason }
    }

    /// The refusal of every line on a key that another company holds.
    pub(crate) fn refused_on(&self, key: &AssociationKey) -> Vec<LineRefusal> {
        let lines = self.lines.iter().filter(|line| line.key == *key);
        lines.map(|line| LineRefusal { line_id: Some(line.line_id), reason: Reason::KeyHeld }).collect()
    }

    fn association(&self, line: &LineToHold, activity: Activity, now: Timestamp) -> Association {
        Association {
            claim: self.claim.clone(),
            line_id: line.line_id,
            mpn_id: self.mpn_id.clone(),
            product: line.product.clone(),
            key: line.key.clone(),
            activity,
            submit_time: self.submit_time,
            hold_time: now,
            state: AssociationState::Pending,
        }
    }

    /// Derived, so that deciding stays free of chance: a decision that runs twice names the same associations.
    fn association_id(&self, line: &LineToHold, activity: Activity) -> AssociationId {
        Uuid::new_v5(&self.decision_id.0, format!("{}/{activity}", line.line_id).as_bytes()).into()
    }
}

#[cfg(test)]
mod tests;
